//! Error budgets: what counts as an error again, and when there were too many.

use convoke_events::{ErrorBudget, Event, LifecycleEvent, Phase, RevocationReason};

use super::desk::*;
use crate::command::Packet;
use crate::testkit::Scene;

fn at_work(budget: ErrorBudget) -> Scene {
    let mut scene = told_with(Packet { budget: Some(budget), ..packet("alfa") });
    up_to(&mut scene, "alfa", Phase::Execute);
    scene
}

#[test]
fn a_second_repeat_of_an_error_revokes_whatever_its_numbers_are() {
    let mut scene = at_work(ErrorBudget::default());
    done(&mut scene, "alfa", vec![error("connection 17 refused"), error("connection 18 refused")]);
    let then = work(&mut scene, "alfa", error("Connection 19 refused"));
    assert_eq!(then.answer, Ok(()), "the report itself is taken");
    let [RevocationReason::SameError { class, count: 2, limit: 2 }] = &revoked(&then)[..] else {
        panic!("{:?}", then.types());
    };
    assert_eq!(class.as_str(), "connection-refused");
}

#[test]
fn the_eighth_error_revokes_though_all_are_different() {
    let mut scene = at_work(ErrorBudget::default());
    for word in ["one", "two", "three", "four", "five", "six", "seven"] {
        done(&mut scene, "alfa", vec![error(&format!("{word} is broken"))]);
    }
    let then = work(&mut scene, "alfa", error("eight is broken"));
    assert_eq!(revoked(&then), [RevocationReason::Errors { count: 8, limit: 8 }]);
}

#[test]
fn a_packet_may_have_a_budget_of_its_own() {
    let mut scene = at_work(ErrorBudget { errors: 2, repeats: 9, violations: 2 });
    done(&mut scene, "alfa", vec![error("a")]);
    let mut violating = scene.clone();
    let then = work(&mut scene, "alfa", error("b"));
    assert_eq!(revoked(&then), [RevocationReason::Errors { count: 2, limit: 2 }]);
    let skip = |scene: &mut Scene| work(scene, "alfa", enter(Phase::Report));
    assert!(revoked(&skip(&mut violating)).is_empty(), "the first violation is allowed");
    let because = RevocationReason::Violations { count: 2, limit: 2 };
    assert_eq!(revoked(&skip(&mut violating)), [because]);
}

#[test]
fn a_new_lease_counts_anew() {
    let mut scene = at_work(ErrorBudget { errors: 2, repeats: 9, violations: 1 });
    done(&mut scene, "alfa", vec![error("a")]);
    scene.wait(std::time::Duration::from_hours(1));
    done(&mut scene, "alfa", vec![enter(Phase::Bootstrap), error("b")]);
    let then = work(&mut scene, "alfa", error("c"));
    assert_eq!(revoked(&then), [RevocationReason::Errors { count: 2, limit: 2 }]);
}

#[test]
fn an_error_without_words_is_refused() {
    let mut scene = at_work(ErrorBudget::default());
    let then = work(&mut scene, "alfa", error("  ")).leaves(&["ActionRefused"]);
    let met = found!(then, Event::Lifecycle(LifecycleEvent::ErrorReported(one)) => one);
    assert!(met.is_empty());
}
