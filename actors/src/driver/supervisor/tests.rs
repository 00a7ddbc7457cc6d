//! A supervisor among a hundred agents: one of them panics, and nobody else notices.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix::{Message, System};
use tokio::runtime::Runtime;

use super::*;
use crate::driver::rehearsal::{Upset, asked, at_noon, collector, setup, some};
use crate::driver::restart::start_anew;
use crate::invocation::Call;
use crate::provider::rules::Rules;
use crate::testkit::hub;

/// After this long a promise counts as broken.
const PATIENCE: Duration = Duration::from_mins(1);

/// Has an agent's actor panic.
struct Upsets(AgentId);

impl Message for Upsets {
    type Result = ();
}

impl Handler<Upsets> for Supervisor {
    type Result = ();

    fn handle(&mut self, Upsets(agent): Upsets, _: &mut Self::Context) {
        self.agents[&agent].upset();
    }
}

/// The supervisor itself panics.
impl Handler<Upset> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: Upset, _: &mut Self::Context) {
        panic!("it is upset");
    }
}

#[test]
fn a_panicking_agent_among_a_hundred_is_back_its_intake_is_served_and_the_others_miss_nothing() {
    let (log, first) = asked(100);
    let second: Vec<Call> = first.iter().map(|call| Call { attempt: 2, ..call.clone() }).collect();
    let models = Runtime::new().unwrap();
    let outcomes = System::new().block_on(async {
        let (returns, outcomes) = collector();
        let (reader, models) = (log.reader().clone(), models.handle().clone());
        let setup = setup(at_noon(), Arc::new(Rules));
        let supervisor = start_anew(Supervisor::new(hub(), reader, setup, models, returns));
        supervisor.try_send(FanOut(first.clone())).unwrap();
        supervisor.try_send(Upsets(first[42].agent)).unwrap();
        supervisor.try_send(Upset).unwrap();
        supervisor.try_send(FanOut(second.clone())).unwrap();
        // It is held meanwhile: an actor that nobody holds is not begun anew.
        let come = some(outcomes, 2 * first.len());
        let come = tokio::time::timeout(PATIENCE, come).await.expect("one of them is lost");
        drop(supervisor);
        come
    });
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()), "some call failed");
    let of = |calls: &[Call]| -> BTreeSet<_> {
        calls.iter().map(|call| (call.invocation, call.attempt)).collect()
    };
    let answered: BTreeSet<_> =
        outcomes.iter().map(|outcome| (outcome.invocation, outcome.attempt)).collect();
    assert!(answered == &of(&first) | &of(&second), "some answer is missing");
}
