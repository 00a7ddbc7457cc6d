//! Arbitration: where the hub says so, one stronger agent looks at what diverges, not people alone.

use convoke_events::{
    CollectiveId, HeldFor, InvocationStarted, Purpose, TaskType, Timestamp, Verb,
};

use super::concluding::{divergence, documents};
use super::{Collective, id_of};
use crate::budget;
use crate::decision::{Draft, Story};
use crate::governance::{Attempt, enforce};
use crate::invocation::{self, Errand, dispatch};
use crate::provider::ProviderFailure;
use crate::routing::{self, Choice, Question};
use crate::state::State;
use crate::task::request_bytes;

/// The task type by whose routing the stronger agent is chosen.
const ROUTED_BY: &str = "synthesis";

/// Asks the stronger agent, by a routing decision of its own; where it cannot be asked, the
/// contributions go to people as they are.
pub(super) fn arbitrate(
    state: &State,
    id: CollectiveId,
    collective: &Collective,
    story: Story,
    drawn: (Timestamp, u64),
) -> Vec<Draft> {
    let mut drafts = Vec::new();
    match ask(state, id, collective, story, drawn, &mut drafts) {
        Ok(sent) => drafts.extend(sent),
        Err(why) => drafts.extend(to_people(state, id, collective, story, &why)),
    }
    drafts
}

/// The contributions go to people side by side, and the task ends.
fn to_people(
    state: &State,
    id: CollectiveId,
    collective: &Collective,
    story: Story,
    why: &str,
) -> Vec<Draft> {
    let reason = format!("{why}: what each contributed");
    divergence(state, id, collective, story, &reason)
}

fn ask(
    state: &State,
    id: CollectiveId,
    collective: &Collective,
    story: Story,
    (now, seed): (Timestamp, u64),
    drafts: &mut Vec<Draft>,
) -> Result<Vec<Draft>, String> {
    let purpose = Purpose::Arbitration;
    let unrouted = || format!("no agent is routed to `{ROUTED_BY}` that could choose");
    let task_type = TaskType::new(ROUTED_BY).map_err(|error| error.to_string())?;
    let question = Question { story, purpose, task_type: &task_type };
    let (decided, decision) = routing::decide(state, question, Choice::First, now, seed);
    drafts.extend(decision);
    let first = decided.selected().first().copied();
    let authorised = first.and_then(|agent| decided.authorises(agent)).ok_or_else(unrouted)?;
    let agent = state.registry.get(authorised.agent()).ok_or_else(unrouted)?;
    let (artifact, verb) = (&collective.convened.artifact, Verb::Propose);
    let attempt = Attempt { story, purpose, verb, artifact };
    let grant = match enforce(state, attempt, authorised.agent()) {
        Ok(grant) => grant,
        Err(denial) => {
            drafts.push(*denial.record);
            return Err("the agent that would have chosen was denied".to_owned());
        }
    };
    let task = state.tasks.get(story.task).ok_or_else(unrouted)?;
    let profile = &agent.profile;
    let authors = collective.in_order().map(|(participant, _)| participant.agent);
    let more = documents(state, authors, &profile.provider, collective.convened.rules.max_output);
    let bytes = request_bytes(task, profile.prompt_bytes).saturating_add(more);
    let input = budget::input_bound(&profile.provider, bytes);
    let rules = &collective.convened.rules;
    let invocation = invocation::id_of(story.task, purpose, authorised.agent());
    let held = state.ledger.plan(task.account, now).reserve(
        HeldFor::Call(invocation),
        (&profile.provider, &profile.model),
        (input, rules.max_output),
    );
    let held =
        held.map_err(|short| format!("the agent that would choose cannot be paid ({short})"))?;
    let (collective, delegation) = (Some(id), None);
    let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
    let mut sent = vec![budget::set_aside(story, held)];
    sent.extend(dispatch(state, errand, agent, authorised, &grant, held));
    Ok(sent)
}

/// What follows where the stronger agent has no usable answer: people see the contributions.
/// Nothing where the call was for something else.
pub(super) fn undecided(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    failure: &ProviderFailure,
) -> Option<Vec<Draft>> {
    if started.purpose != Purpose::Arbitration {
        return None;
    }
    let id = started.collective.unwrap_or_else(|| id_of(story.task));
    let collective = state.collectives.open.get(&id)?;
    let why = format!("the agent that was to choose did not ({})", failure.class);
    Some(to_people(state, id, collective, story, &why))
}
