//! Given, when, then: a hub with a history, what reaches it and what follows, by the pure core alone.

use std::collections::BTreeSet;
use std::time::Duration;

use convoke_events::testkit::NOON;
use convoke_events::{Event, EventId, FinishReason, HubId, Principal, Role, Timestamp, Usage};

use crate::command::Command;
use crate::decision::{Decision, Draft};
use crate::hub::{Input, State, decide};
use crate::invocation::{Call, Outcome};
use crate::provider::{ModelResponse, Part};
use crate::refusal::Refusal;

/// A hub with a history. Whatever follows from an input becomes part of it at once.
#[derive(Clone, Debug)]
pub struct Scene {
    hub: HubId,
    state: State,
    now: Timestamp,
    recorded: u128,
}

impl Scene {
    /// A hub of which nothing is recorded yet, at noon.
    pub fn empty(hub: HubId) -> Self {
        Self { state: State::empty(hub.clone()), hub, now: NOON, recorded: 0 }
    }

    /// A hub to which its owner gave these commands.
    ///
    /// # Panics
    /// If it refused one.
    pub fn given(hub: HubId, commands: impl IntoIterator<Item = Command>) -> Self {
        let mut scene = Self::empty(hub);
        for command in commands {
            let answer = scene.command(command).answer;
            assert_eq!(answer, Ok(()), "what is given is done");
        }
        scene
    }

    /// All that the hub knows.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The moment at which the next input comes.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }

    /// Takes an event into the history that nothing here decided.
    pub fn happened(&mut self, event: &Event) {
        self.recorded = self.recorded.saturating_add(1);
        self.state.evolve(EventId::mint(self.now, self.recorded), self.now, event);
    }

    /// What follows from an input.
    pub fn when(&mut self, input: &Input) -> Then {
        let Decision { events, answer } = decide(&self.state, input, self.now, 0);
        for draft in &events {
            self.happened(&draft.event);
        }
        Then { events, answer }
    }

    /// What follows from a command of the hub's owner.
    pub fn command(&mut self, command: Command) -> Then {
        self.command_by("ada", BTreeSet::from([Role::Owner]), command)
    }

    /// What follows from a command of this person in these roles.
    pub fn command_by(&mut self, name: &str, roles: BTreeSet<Role>, command: Command) -> Then {
        let principal = Principal::person(&self.hub, name);
        let (roles, command) = (Some(roles), Box::new(command));
        self.when(&Input::Command { principal, roles, command })
    }

    /// What follows from every step that is owed, one after the other.
    ///
    /// # Panics
    /// If a step leaves nothing, and so is owed for ever.
    pub fn follow(&mut self) -> Then {
        let mut events = Vec::new();
        while let Some(step) = self.state.owed().step {
            let then = self.when(&Input::Step(step));
            assert!(!then.events.is_empty(), "{step:?} is owed for ever");
            events.extend(then.events);
        }
        Then { events, answer: Ok(()) }
    }

    /// What follows when a call is answered with this recommendation, and all steps after it.
    pub fn answered(&mut self, call: &Call, recommendation: &str, usage: Usage) -> Then {
        let mut then = self.when(&Input::Outcome(answer(call, recommendation, usage)));
        then.events.extend(self.follow().events);
        then
    }
}

/// The outcome of a call that is answered with this recommendation, in the shape asked for.
pub fn answer(call: &Call, recommendation: &str, usage: Usage) -> Outcome {
    let content = serde_json::json!({
        "recommendation": recommendation,
        "body": "because",
        "confidence": 0.8,
        "assumptions": [],
        "dissent": [],
    });
    let response = ModelResponse {
        provider: call.provider.clone(),
        model: call.model.clone(),
        upstream: None,
        parts: vec![Part::Text(content.to_string())],
        finish: FinishReason::Stop,
        usage,
    };
    let (invocation, attempt) = (call.invocation, call.attempt);
    Outcome { invocation, attempt, result: Ok(response), latency: Duration::ZERO }
}

/// What followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Then {
    /// The events it left, in order.
    pub events: Vec<Draft>,
    /// What was answered.
    pub answer: Result<(), Refusal>,
}

impl Then {
    /// The events' types, in order.
    pub fn types(&self) -> Vec<&'static str> {
        self.events.iter().map(|draft| draft.event.event_type()).collect()
    }

    /// What `choose` finds among the events.
    pub fn all<'a, T>(&'a self, choose: impl Fn(&'a Event) -> Option<T>) -> Vec<T> {
        self.events.iter().filter_map(|draft| choose(&draft.event)).collect()
    }

    /// Holds it to events of exactly these types, in this order.
    ///
    /// # Panics
    /// If it left others.
    #[track_caller]
    pub fn leaves(self, types: &[&str]) -> Self {
        assert_eq!(self.types(), types, "{:?}", self.answer);
        self
    }

    /// Holds it to a refusal in these words, and to no event.
    ///
    /// # Panics
    /// If it was not refused, in other words, or left events.
    #[track_caller]
    pub fn is_refused(self, words: &str) -> Self {
        let refusal = self.answer.as_ref().err().map(ToString::to_string);
        assert_eq!(refusal.as_deref(), Some(words), "{:?}", self.types());
        self.leaves(&[])
    }
}
