//! Convening: who takes part, whether the whole can be paid, and the calls sent at once.

use convoke_events::{
    AgentId, CollectiveConvened, Conclusion, ConsensusStatus, HeldFor, InvocationId, Participant,
    ParticipantStanding, Purpose, StreamId, Synthesiser, TaskOutcome, TaskType, TextName, Texts,
    Timestamp, Tokens, Verb,
};

use super::concluding::verdict_draft;
use super::verdict::classic;
use super::{id_of, is_invited};
use crate::budget::{self, DOCUMENT_OVERHEAD, Held, Short};
use crate::decision::{Draft, Story};
use crate::governance::{Attempt, Denial, Grant, enforce};
use crate::invocation::{self, Errand, dispatch};
use crate::refusal::Refusal;
use crate::registry::Agent;
use crate::routing::{self, Authorised, Choice, Question};
use crate::state::State;
use crate::task::{Task, concluded, request_bytes};

/// An agent that was chosen, and what governance says of it.
struct Chosen<'a> {
    authorised: Authorised,
    agent: &'a Agent,
    invocation: InvocationId,
    grant: Result<Grant, Denial>,
}

/// Convenes a collective: the recorded decisions, the whole reserved, and all calls in one append.
pub(crate) fn convene(
    state: &State,
    task: &Task,
    story: Story,
    task_type: &TaskType,
    (now, seed): (Timestamp, u64),
) -> Result<Vec<Draft>, Refusal> {
    let artifact = state.registry.artifact_of(task_type)?;
    let question = Question { story, purpose: Purpose::Contribution, task_type };
    let (decided, mut drafts) = routing::decide(state, question, Choice::All, now, seed);
    let chosen: Vec<Chosen<'_>> = decided
        .selected()
        .iter()
        .filter_map(|id| {
            let (authorised, agent) = (decided.authorises(*id)?, state.registry.get(*id)?);
            let (purpose, verb) = (Purpose::Contribution, Verb::Propose);
            let attempt = Attempt { story, purpose, verb, artifact: &artifact };
            let grant = enforce(state, attempt, *id);
            let invocation = invocation::id_of(story.task, Purpose::Contribution, *id);
            Some(Chosen { authorised, agent, invocation, grant })
        })
        .collect();
    if chosen.is_empty() {
        let reason =
            format!("no agent of hub `{}` is routed to task type `{task_type}`", state.hub);
        drafts.push(concluded(story, TaskOutcome::Refused, Conclusion::NoRoute, &reason));
        return Ok(drafts);
    }
    drafts.extend(
        chosen.iter().filter_map(|one| Some(Draft::clone(&one.grant.as_ref().err()?.record))),
    );
    if !chosen.iter().any(|one| one.grant.is_ok()) {
        let reason = format!("nobody routed to `{task_type}` may propose `{artifact}`");
        drafts.push(concluded(story, TaskOutcome::Blocked, Conclusion::Governance, &reason));
        return Ok(drafts);
    }
    let question = Question { purpose: Purpose::Synthesis, ..question };
    let (synthesis, choice) = routing::synthesiser(state, question, &decided, now);
    drafts.extend(choice);
    let paid = pay(state, task, story, &chosen, synthesis.selected().first().copied(), now);
    let collective = id_of(story.task);
    let synthesiser = paid.synthesis.as_ref().ok().map(|(agent, held)| Synthesiser {
        agent: *agent,
        decision: synthesis.id(),
        invocation: invocation::id_of(story.task, Purpose::Synthesis, *agent),
        reservation: held.reservation,
    });
    let convened = CollectiveConvened {
        collective,
        task: story.task,
        task_type: task_type.clone(),
        artifact: artifact.clone(),
        decision: decided.id(),
        participants: paid.participants,
        synthesiser,
        rules: task.plan.rules().clone(),
    };
    let invited = convened.participants.iter().filter(|one| is_invited(one)).count();
    let needed = usize::try_from(convened.rules.min_contributions).unwrap_or(usize::MAX);
    let stream = StreamId::collective(collective);
    if invited < needed {
        let nobody = CollectiveConvened { synthesiser: None, ..convened };
        drafts.extend(insufficient(story, stream, nobody, paid.synthesis.err()));
        return Ok(drafts);
    }
    let rules = task.plan.rules();
    drafts.extend(paid.synthesis.ok().map(|(_, held)| budget::set_aside(story, held)));
    drafts.push(story.draft(stream, convened, Texts::none()));
    let purpose = Purpose::Contribution;
    let (collective, delegation) = (Some(collective), None);
    for (one, held) in chosen.iter().zip(paid.held) {
        if let (Ok(grant), Some(held)) = (&one.grant, held) {
            let invocation = one.invocation;
            let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
            drafts.push(budget::set_aside(story, held));
            drafts.extend(dispatch(state, errand, one.agent, one.authorised, grant, held));
        }
    }
    Ok(drafts)
}

/// What could be paid of a collective.
struct Paid {
    synthesis: Result<(AgentId, Held), Short>,
    participants: Vec<Participant>,
    /// As many as were chosen, in their order.
    held: Vec<Option<Held>>,
}

/// Sets the synthesis aside first, then the participants in order of priority, as far as it goes:
/// contributions that nobody can put together are not worth their price.
fn pay(
    state: &State,
    task: &Task,
    story: Story,
    chosen: &[Chosen<'_>],
    synthesiser: Option<AgentId>,
    now: Timestamp,
) -> Paid {
    let max_output = task.plan.rules().max_output;
    let mut plan = state.ledger.plan(task.account, now);
    let permitted = chosen.iter().filter(|one| one.grant.is_ok()).count();
    let documents = u64::try_from(permitted)
        .unwrap_or(u64::MAX)
        .saturating_mul(budget::document_bound(max_output).saturating_add(DOCUMENT_OVERHEAD));
    let mut reserve = |agent: &Agent, invocation: InvocationId, more: u64, output: Tokens| {
        let profile = &agent.profile;
        let bytes = request_bytes(task, profile.prompt_bytes).saturating_add(more);
        let input = budget::input_bound(&profile.provider, bytes);
        plan.reserve(
            HeldFor::Call(invocation),
            (&profile.provider, &profile.model),
            (input, output),
        )
    };
    let account = task.account;
    let first = chosen.iter().find(|one| Some(one.authorised.agent()) == synthesiser);
    let synthesis = first.ok_or(Short::Closed { account }).and_then(|one| {
        let agent = one.authorised.agent();
        let invocation = invocation::id_of(story.task, Purpose::Synthesis, agent);
        reserve(one.agent, invocation, documents, max_output).map(|held| (agent, held))
    });
    let mut held = Vec::with_capacity(chosen.len());
    let mut participants = Vec::with_capacity(chosen.len());
    for one in chosen {
        let reserved = match (&one.grant, &synthesis) {
            (Err(denial), _) => Err(ParticipantStanding::Blocked(denial.because.clone())),
            (Ok(_), Err(short)) => Err(ParticipantStanding::OverBudget { needed: short.needed() }),
            (Ok(_), Ok(_)) => reserve(one.agent, one.invocation, 0, max_output)
                .map_err(|short| ParticipantStanding::OverBudget { needed: short.needed() }),
        };
        participants.push(Participant {
            agent: one.authorised.agent(),
            agent_version: one.agent.version,
            family: one.agent.profile.family.clone(),
            invocation: one.invocation,
            standing: reserved.as_ref().err().cloned().unwrap_or(ParticipantStanding::Invited),
        });
        held.push(reserved.ok());
    }
    Paid { synthesis, participants, held }
}

/// A collective of which too few can be asked: its verdict is known before anything is spent.
fn insufficient(
    story: Story,
    stream: StreamId,
    mut convened: CollectiveConvened,
    short: Option<Short>,
) -> Vec<Draft> {
    for one in &mut convened.participants {
        if is_invited(one) {
            // It could have been paid, but is not asked for nothing.
            one.standing = ParticipantStanding::OverBudget { needed: convoke_events::Amount::ZERO };
        }
    }
    let verdict = classic(&[], convened.participants.len(), &convened.rules);
    debug_assert_eq!(verdict.status, ConsensusStatus::Insufficient, "nobody was asked");
    let reason = match short {
        Some(short) => format!("the synthesis cannot be paid: {short}"),
        None => format!("too few can be paid to be asked: {}", verdict.in_words()),
    };
    let id = convened.collective;
    vec![
        story.draft(stream, convened, Texts::none().with(TextName::REASON, reason.clone())),
        verdict_draft(story, id, &verdict),
        concluded(story, TaskOutcome::Failed, Conclusion::Insufficient, &reason),
    ]
}
