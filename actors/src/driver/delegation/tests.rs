//! A delegation's actor: what it panics over, it goes on from.

use std::sync::Arc;
use std::time::Duration;

use actix::{Message, System};
use convoke_events::FailureClass;
use tokio::runtime::Runtime;

use super::*;
use crate::driver::agent::Agent;
use crate::driver::rehearsal::{all, asked, at_noon, collector, setup};
use crate::provider::ProviderFailure;
use crate::testkit::{Gate, hub};

/// Panics over what it holds; where an outcome comes with it, when that has just come.
struct Upset(Option<Outcome>);

impl Message for Upset {
    type Result = ();
}

impl Handler<Upset> for Delegation {
    type Result = ();

    fn handle(&mut self, Upset(came): Upset, _: &mut Self::Context) {
        if let Some(outcome) = came {
            self.progress = Progress::Came(Box::new(outcome));
        }
        panic!("it is upset");
    }
}

/// What a hub is told of a delegation whose actor panics, and how often its receiver was called.
fn told(progress: Progress, upset: impl FnOnce(&Call) -> Upset) -> (Vec<Outcome>, usize) {
    let (log, calls) = asked(2);
    let call = calls[0].clone();
    let upset = upset(&call);
    let models = Runtime::new().unwrap();
    let gate = Gate::new(1, "done");
    let arrived = gate.arrived();
    let setup = setup(at_noon(), Arc::new(gate));
    let outcomes = System::new().block_on(async {
        let (hub_told, outcomes) = collector();
        let (reader, models) = (log.reader().clone(), models.handle().clone());
        let receiver = Agent::start(hub(), reader, setup, models);
        let provider = Lane::new();
        let (hub, myself) = (hub_told, None);
        let delegation = Delegation { call, receiver, provider, hub, progress, myself };
        start_anew(delegation).try_send(upset).unwrap();
        all(outcomes).await
    });
    (outcomes, *arrived.borrow())
}

#[test]
fn a_delegation_whose_actor_panics_is_carried_out_once_and_its_hub_is_told() {
    let (outcomes, called) = told(Progress::Begun, |_| Upset(None));
    let [outcome] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!((outcome.result.as_ref().unwrap().text().as_str(), called), ("done", 1));
}

#[test]
fn what_came_of_a_delegation_is_told_although_its_actor_panicked_over_it() {
    let (outcomes, called) = told(Progress::HandedOver, |call| {
        let (invocation, attempt) = (call.invocation, call.attempt);
        let result = Err(ProviderFailure::new(FailureClass::Refused, "it came"));
        Upset(Some(Outcome { invocation, attempt, result, latency: Duration::ZERO }))
    });
    let [outcome] = &outcomes[..] else { panic!("{outcomes:?}") };
    assert_eq!(outcome.result.clone().unwrap_err().message, "it came");
    assert_eq!(called, 0);
}
