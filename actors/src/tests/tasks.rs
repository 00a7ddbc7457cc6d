//! A request is taken in once, as it was handed in first, or refused with what is wrong.

use convoke_events::{
    AccountId, BudgetEvent, Escalation, Event, FailureClass, TaskEvent, TaskPlan, Tokens,
};

use super::cast::{
    found, hand_in, limits, only_call, question, task, triage, usage, word, workshop,
};
use super::failures::fails;
use crate::MAX_TASK_BYTES;
use crate::command::{Command, TaskSubmission};
use crate::provider::ProviderFailure;
use crate::testkit::{Scene, Then, hub, submission, task_rules};

fn submit(scene: &mut Scene, submission: TaskSubmission) -> Then {
    scene.command(Command::SubmitTask(submission))
}

fn refused(submission: TaskSubmission, words: &str) {
    submit(&mut workshop(), submission).is_refused(words);
}

#[test]
fn a_task_is_handed_in_with_an_account_below_its_hub_s() {
    let submission = TaskSubmission { limits: limits(7, 9), ..triage("a") };
    let then = submit(&mut workshop(), submission).leaves(&["TaskSubmitted", "AccountOpened"]);
    let opened = found!(then, Event::Budget(BudgetEvent::AccountOpened(opened)) => opened)[0];
    assert_eq!(opened.parent, Some(AccountId::derive(&[hub().as_str()])));
    assert_eq!(opened.limits, limits(7, 9));
}

#[test]
fn the_same_request_again_leaves_nothing_also_once_it_has_ended() {
    let mut scene = workshop();
    hand_in(&mut scene, triage("a"));
    submit(&mut scene, triage("a")).leaves(&[]);
    let call = only_call(&scene);
    scene.answered(&call, "ignore", usage(1, 1));
    assert!(scene.state().conclusion(task("a")).is_some());
    assert_eq!(submit(&mut scene, triage("a")).leaves(&[]).answer, Ok(()));
}

#[test]
fn the_same_request_with_other_content_is_refused_also_once_it_has_ended() {
    let mut scene = workshop();
    hand_in(&mut scene, triage("a"));
    let words =
        format!("request `a` was handed in before with another content (task {})", task("a"));
    let others = [
        TaskSubmission { title: "Another".to_owned(), ..triage("a") },
        TaskSubmission { body: "Another".to_owned(), ..triage("a") },
        TaskSubmission { source: Some("mail".to_owned()), ..triage("a") },
    ];
    for other in others.clone() {
        submit(&mut scene, other).is_refused(&words);
    }
    let call = only_call(&scene);
    scene.answered(&call, "ignore", usage(1, 1));
    for other in others {
        submit(&mut scene, other).is_refused(&words);
    }
}

fn lets_nobody_in() -> ProviderFailure {
    ProviderFailure::new(FailureClass::Auth, "it lets nobody in")
}

fn again(attempt: u32) -> TaskSubmission {
    TaskSubmission { attempt, ..triage("a") }
}

#[test]
fn a_request_that_failed_is_handed_in_again_as_a_task_of_its_own() {
    let mut scene = workshop();
    hand_in(&mut scene, triage("a"));
    let call = only_call(&scene);
    fails(&mut scene, &call, lets_nobody_in());
    let then = submit(&mut scene, again(1)).leaves(&["TaskSubmitted", "AccountOpened"]);
    let submitted = found!(then, Event::Task(TaskEvent::TaskSubmitted(task)) => task)[0];
    assert_eq!(submitted.task, again(1).task(&hub()));
    assert_ne!(submitted.task, task("a"));
    submit(&mut scene, again(1)).leaves(&[]);
    submit(&mut scene, triage("a")).leaves(&[]);
}

#[test]
fn a_request_that_did_not_fail_is_not_handed_in_again() {
    let mut scene = workshop();
    let words = |attempt: u32| {
        format!(
            "attempt {attempt} at request `a`, counted from 0, would follow one that did not fail: \
             only what failed is handed in again"
        )
    };
    submit(&mut scene, again(1)).is_refused(&words(1));
    hand_in(&mut scene, triage("a"));
    submit(&mut scene, again(1)).is_refused(&words(1));
    let call = only_call(&scene);
    scene.answered(&call, "ignore", usage(1, 1));
    submit(&mut scene, again(1)).is_refused(&words(1));
    submit(&mut scene, again(2)).is_refused(&words(2));
}

#[test]
fn a_later_attempt_asks_what_the_first_one_asked() {
    let mut scene = workshop();
    hand_in(&mut scene, triage("a"));
    let call = only_call(&scene);
    fails(&mut scene, &call, lets_nobody_in());
    let other = TaskSubmission { body: "Another".to_owned(), ..again(1) };
    let words =
        format!("request `a` was handed in before with another content (task {})", task("a"));
    submit(&mut scene, other).is_refused(&words);
}

#[test]
fn title_and_body_that_only_together_are_the_same_are_other_content() {
    let mut scene = workshop();
    let split = |title: &str, body: &str| TaskSubmission {
        title: title.to_owned(),
        body: body.to_owned(),
        ..triage("a")
    };
    submit(&mut scene, split("ab", "c"));
    assert!(submit(&mut scene, split("a", "bc")).answer.is_err());
}

#[test]
fn a_request_too_long_is_refused_with_both_numbers_and_one_that_just_fits_is_not() {
    let sized = |bytes: usize| TaskSubmission {
        title: "t".repeat(10),
        body: "b".repeat(bytes - 10),
        ..triage("a")
    };
    submit(&mut workshop(), sized(MAX_TASK_BYTES)).leaves(&["TaskSubmitted", "AccountOpened"]);
    let then = submit(&mut workshop(), sized(MAX_TASK_BYTES + 1));
    let words = then.answer.clone().unwrap_err().to_string();
    let both = [MAX_TASK_BYTES, MAX_TASK_BYTES + 1].map(|number| number.to_string());
    assert!(both.iter().all(|number| words.contains(number)), "{words}");
    then.leaves(&[]);
}

#[test]
fn an_empty_id_or_title_is_refused() {
    refused(triage(""), "a request's id must be one character long");
    let blank = TaskSubmission { title: " \n".to_owned(), ..triage("a") };
    refused(blank, "a request's title must be one word long");
}

#[test]
fn rules_under_which_nothing_can_come_of_it_are_refused() {
    let mut rules = task_rules();
    rules.deadline_ms = 0;
    refused(question("a", rules), "a deadline must be 1 millisecond");
    let mut rules = task_rules();
    rules.max_output = Tokens::ZERO;
    refused(question("a", rules), "the bound on output must be 1 token");
    let mut rules = task_rules();
    rules.min_contributions = 0;
    refused(question("a", rules), "the least number of contributions must be 1");
}

#[test]
fn an_unknown_task_type_is_refused_wherever_the_plan_names_it() {
    let words = "task type `cooking` is unknown; known are implementation, policy_check, \
                 requirement_draft, synthesis, triage";
    let (cooking, rules) = (word("cooking"), task_rules());
    let plans = [
        TaskPlan::Triage { task_type: word("cooking"), escalate: Vec::new(), rules: rules.clone() },
        TaskPlan::Triage {
            task_type: word("triage"),
            escalate: vec![Escalation { on: word("bug"), to: word("cooking") }],
            rules: rules.clone(),
        },
        TaskPlan::Collective { task_type: cooking, participants: Vec::new(), rules },
    ];
    for plan in plans {
        refused(TaskSubmission { plan, ..submission("a", "A crash") }, words);
    }
}

#[test]
fn a_task_s_id_follows_from_its_hub_and_request() {
    let there = TaskSubmission::id(&word("elsewhere"), "a");
    assert_eq!(task("a"), TaskSubmission::id(&hub(), "a"));
    assert_ne!(task("a"), there);
    assert_ne!(task("a"), task("b"));
}
