//! Again: a call is looked at when its time has come: the next try is sent, or it is given up.

use std::time::Duration;

use convoke_events::{FailureClass, InvocationId, InvocationStarted, Timestamp};

use super::flight::{Open, Phase};
use super::outcome::{Outcome, closed};
use super::send;
use crate::budget::Held;
use crate::decision::{Decision, Draft, Story};
use crate::governance::{Attempt, Grant, enforce, in_words};
use crate::provider::{ProviderFailure, Retry};
use crate::routing::Authorised;
use crate::state::State;

/// Looks at a call: sends its next try if that is due, gives it up if its deadline has passed.
pub(crate) fn due(state: &State, invocation: InvocationId, now: Timestamp, seed: u64) -> Decision {
    let Some(open) = state.invocations.open.get(&invocation) else {
        return Decision::nothing();
    };
    match open.phase {
        Phase::Waiting { at, .. } if at <= now => again(state, open, now, seed),
        Phase::InFlight if open.started.deadline <= now => {
            let message = format!("no outcome by the deadline {}", open.started.deadline);
            let failure = ProviderFailure::new(FailureClass::Timeout, message);
            Decision::of(ended(state, open, failure, now, seed))
        }
        Phase::Waiting { .. } | Phase::InFlight | Phase::InDoubt => Decision::nothing(),
    }
}

/// Calls a call off, wherever it is; what was not sent is not charged.
pub(crate) fn call_off(
    state: &State,
    invocation: InvocationId,
    why: &str,
    now: Timestamp,
    seed: u64,
) -> Vec<Draft> {
    let Some(open) = state.invocations.open.get(&invocation) else {
        return Vec::new();
    };
    let failure = ProviderFailure::new(FailureClass::Cancelled, why);
    let unsent = matches!(open.phase, Phase::Waiting { .. });
    let failure = if unsent { failure.unbilled() } else { failure };
    ended(state, open, failure, now, seed)
}

/// Ends the try that is under way, or that waits.
pub(super) fn ended(
    state: &State,
    open: &Open,
    failure: ProviderFailure,
    now: Timestamp,
    seed: u64,
) -> Vec<Draft> {
    let story = Story { task: open.started.task, cause: Some(open.intent) };
    let current = open.current();
    let (invocation, attempt) = (current.invocation, current.attempt);
    let outcome = Outcome { invocation, attempt, result: Err(failure), latency: Duration::ZERO };
    closed(state, story, &current, &outcome, now, seed)
}

fn again(state: &State, open: &Open, now: Timestamp, seed: u64) -> Decision {
    let open = &open.as_of(now);
    let story = Story { task: open.started.task, cause: Some(open.intent) };
    let next = open.current();
    if next.deadline <= now {
        let message = format!("its deadline {} passed before it was sent", next.deadline);
        let failure = ProviderFailure::new(FailureClass::Timeout, message).unbilled();
        return Decision::of(ended(state, open, failure, now, seed));
    }
    match leave(state, story, &next, now) {
        Ok(leave) => Decision::of(leave.send(state, story, next)),
        Err(withheld) => {
            let Withheld { mut drafts, failure } = *withheld;
            drafts.extend(ended(state, open, failure, now, seed));
            Decision::of(drafts)
        }
    }
}

/// Why a try is not sent, and what is recorded of that beside the failure.
struct Withheld {
    drafts: Vec<Draft>,
    failure: ProviderFailure,
}

/// Everything that one more try may not be sent without.
struct Leave {
    authorised: Authorised,
    grant: Grant,
    held: Held,
}

impl Leave {
    fn send(self, state: &State, story: Story, next: InvocationStarted) -> Vec<Draft> {
        let Self { authorised, grant, held } = self;
        let started = InvocationStarted {
            decision: authorised.decision(),
            granted_by: grant.by(),
            reservation: held.reservation,
            ..next
        };
        send(state, story, started)
    }
}

/// Whether what let a call be sent still holds: if not, why it is withheld, and what is recorded
/// of that.
fn leave(
    state: &State,
    story: Story,
    next: &InvocationStarted,
    now: Timestamp,
) -> Result<Leave, Box<Withheld>> {
    let withheld = |drafts, failure| Box::new(Withheld { drafts, failure });
    let plainly =
        |why: &str| withheld(Vec::new(), ProviderFailure::new(FailureClass::Withheld, why));
    let agent = state.registry.get(next.agent).filter(|agent| agent.works());
    let agent = agent.ok_or_else(|| plainly("its agent is not active any more"))?;
    if agent.version != next.agent_version {
        return Err(plainly("its agent was revised since its price was set aside"));
    }
    let decided = state.routing.recorded(story.task, next.decision);
    let authorised = decided.and_then(|decided| decided.candidate(next.agent));
    let authorised = authorised.ok_or_else(|| plainly("its decision no longer lets it be sent"))?;
    let held = state.ledger.held(next.reservation);
    let held = held.ok_or_else(|| plainly("nothing is set aside for it any more"))?;
    if !state.resilience.breakers.admits(next.endpoint, now) {
        let until = state.resilience.breakers.until(next.endpoint);
        let floor = until.map_or(Duration::ZERO, |until| until.since(now));
        let message = "its endpoint failed too often of late";
        let failure = ProviderFailure::new(FailureClass::BreakerOpen, message);
        return Err(withheld(Vec::new(), failure.with_retry(Retry::After(floor))));
    }
    let (verb, artifact, purpose) = (next.verb, &next.artifact, next.purpose);
    match enforce(state, Attempt { story, purpose, verb, artifact }, next.agent) {
        Ok(grant) => Ok(Leave { authorised, grant, held }),
        Err(denial) => {
            let why = format!("governance denies it now: {}", in_words(&denial.because));
            let failure = ProviderFailure::new(FailureClass::Withheld, why);
            Err(withheld(vec![*denial.record], failure))
        }
    }
}
