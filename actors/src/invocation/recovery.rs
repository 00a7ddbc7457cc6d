//! Recovery: what became of calls that were in flight when the process ended.

use convoke_events::{
    FailureClass, InvocationId, InvocationRecovered, InvocationStarted, Recourse, Recovery,
    TextName, Texts, Timestamp,
};

use super::again::ended;
use super::flight::Phase;
use crate::decision::{Decision, Draft, Story};
use crate::governance::{Attempt, enforce, in_words};
use crate::provider::ProviderFailure;
use crate::refusal::Refusal;
use crate::registry::Agent;
use crate::resilience::{Health, judged};
use crate::state::State;

/// Records what became of a call that was in flight when the process ended, and what is done about
/// it: what did not happen is made again, what is in doubt goes as the hub's rules say.
pub(crate) fn recover(
    state: &State,
    invocation: InvocationId,
    found: Recovery,
    now: Timestamp,
    seed: u64,
) -> Decision {
    let open = state.invocations.open.get(&invocation);
    let Some(open) = open.filter(|open| open.phase == Phase::InFlight) else {
        return Decision::nothing();
    };
    let story = Story { task: open.started.task, cause: Some(open.intent) };
    let overdue = open.started.deadline <= now;
    let stopped = !state.registry.get(open.started.agent).is_some_and(Agent::works);
    let then = match found {
        Recovery::DidNotHappen => Recourse::Repeat,
        Recovery::InDoubt => state.resilience.rules().in_doubt,
        Recovery::Landed => Recourse::Fail,
    };
    // Nobody is asked about the call of an agent that takes no work any more, and it not again.
    let then = if (then == Recourse::Repeat && overdue) || stopped { Recourse::Fail } else { then };
    let InvocationStarted { purpose, verb, ref artifact, .. } = open.started;
    // A policy may have gone while the call was in flight.
    if then == Recourse::Repeat
        && let Err(denial) =
            enforce(state, Attempt { story, purpose, verb, artifact }, open.started.agent)
    {
        let why = format!("governance denies it now: {}", in_words(&denial.because));
        // What may have happened is charged all the same.
        let gone = found == Recovery::DidNotHappen;
        let class = if gone { FailureClass::Withheld } else { FailureClass::InDoubt };
        let failure = ProviderFailure::new(class, &*why);
        let mut drafts = vec![*denial.record];
        let attempt = open.started.attempt;
        drafts.push(recovered(story, invocation, attempt, found, Recourse::Fail, &why));
        drafts.extend(ended(state, open, failure, now, seed));
        return Decision::of(drafts);
    }
    let reason = match found {
        Recovery::DidNotHappen => "the process ended during the call, which can be made again",
        Recovery::InDoubt | Recovery::Landed => {
            "the process ended during the call, which cannot be made twice"
        }
    };
    let mut drafts = vec![recovered(story, invocation, open.started.attempt, found, then, reason)];
    match then {
        Recourse::Fail => {
            let class = match found {
                _ if stopped => FailureClass::Cancelled,
                Recovery::DidNotHappen => FailureClass::Timeout,
                Recovery::InDoubt | Recovery::Landed => FailureClass::InDoubt,
            };
            let failure = ProviderFailure::new(class, reason);
            drafts.extend(ended(state, open, failure, now, seed));
        }
        // It may take days: its endpoint does not wait for it.
        Recourse::Person => {
            let (breaker, _) = judged(&state.resilience, story, &open.started, Health::Unsaid, now);
            drafts.extend(breaker);
        }
        Recourse::Repeat => {}
    }
    Decision::of(drafts)
}

/// Takes a person's word on a call that is in doubt: it is made again under its reservation, as a
/// try that asks governance and the rest anew, or has failed and its charge is kept.
pub(crate) fn resolve(
    state: &State,
    invocation: InvocationId,
    found: Recovery,
    reason: &str,
    now: Timestamp,
    seed: u64,
) -> Result<Vec<Draft>, Refusal> {
    let open = state.invocations.open.get(&invocation);
    let open = open.filter(|open| open.phase == Phase::InDoubt);
    let open = open.ok_or(Refusal::NotInDoubt { invocation })?;
    let story = Story { task: open.started.task, cause: Some(open.intent) };
    let attempt = open.started.attempt;
    let draft = |then| recovered(story, invocation, attempt, found, then, reason);
    Ok(match found {
        Recovery::InDoubt => Vec::new(),
        Recovery::DidNotHappen => vec![draft(Recourse::Repeat)],
        Recovery::Landed => {
            let failure = ProviderFailure::new(FailureClass::InDoubt, reason);
            let mut drafts = vec![draft(Recourse::Fail)];
            drafts.extend(ended(state, open, failure, now, seed));
            drafts
        }
    })
}

fn recovered(
    story: Story,
    invocation: InvocationId,
    attempt: u32,
    found: Recovery,
    then: Recourse,
    reason: &str,
) -> Draft {
    let facts = InvocationRecovered { invocation, attempt, found, then };
    story.on_task(facts, Texts::none().with(TextName::REASON, reason))
}
