//! Concluding: contributions are counted, the verdict is reached, and what follows from it.

use convoke_events::{
    AgentId, Appointed, CollectiveId, Conclusion, Confidence, ContributionRecorded,
    InvocationStarted, OnDivergence, ProposalBasis, ProviderName, Purpose, StreamId, TaskOutcome,
    TextName, Texts, Timestamp, Tokens, Verb, Verdict, VerdictBasis, VerdictReached,
};

use super::verdict::{Reached, in_words, reach};
use super::{Collective, arbitration, basis, document_overhead, judgement, wishes};
use crate::answer::Answer;
use crate::budget::{self, Settling, on_accounts};
use crate::decision::{Draft, Story};
use crate::governance::{Attempt, enforce};
use crate::invocation::{self, Errand, dispatch, withhold};
use crate::proposal;
use crate::provider::ProviderFailure;
use crate::state::State;
use crate::task::concluded;

/// What follows from a participant's outcome: its contribution counts, or it is missing.
pub(crate) fn contributed(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    answer: Result<&Answer, &ProviderFailure>,
) -> Vec<Draft> {
    let (Ok(answer), Some(collective)) = (answer, started.collective) else {
        return Vec::new();
    };
    if !state.collectives.open.contains_key(&collective) {
        return Vec::new();
    }
    let facts = ContributionRecorded {
        collective,
        agent: started.agent,
        agent_version: started.agent_version,
        invocation: started.invocation,
        key: answer.key.clone(),
        confidence: answer.confidence,
    };
    vec![story.draft(StreamId::collective(collective), facts, Texts::none())]
}

/// Takes the next step of a collective's protocol: who is not waited for is called off, what
/// contributions ask to hand over is decided, the judge is asked, the verdict is reached with what
/// follows from it, the stronger agent is asked.
pub(crate) fn conclude(
    state: &State,
    id: CollectiveId,
    (now, seed): (Timestamp, u64),
) -> Vec<Draft> {
    let Some(collective) = state.collectives.open.get(&id) else {
        return Vec::new();
    };
    let story = Story { task: collective.convened.task, cause: Some(collective.cause) };
    if collective.verdict.is_some() {
        return arbitration::arbitrate(state, id, collective, story, (now, seed));
    }
    if !collective.open.is_empty() {
        return call_off(state, collective, (now, seed));
    }
    if let Some(decided) = wishes::decide(state, collective, story, now) {
        return decided;
    }
    if let Some(asked) = judgement::ask(state, collective, story, now) {
        return asked;
    }
    let basis = basis::of(state, collective);
    let reached = reach(collective.convened.settings.verdict, &basis);
    let words = in_words(&reached, &basis);
    let verdict = reached.verdict.clone();
    let mut drafts = vec![verdict_draft(story, id, reached, basis)];
    drafts.extend(release(state, story, collective.convened.judge.as_ref()));
    match verdict {
        Verdict::Consensus { .. } => drafts.extend(synthesise(state, collective, story, now)),
        Verdict::Divergent { .. } => {
            drafts.extend(release(state, story, collective.convened.synthesiser.as_ref()));
            if collective.convened.settings.on_divergence == OnDivergence::People {
                let reason = format!("{words}: what each contributed");
                drafts.extend(divergence(state, id, collective, story, &reason));
            }
        }
        Verdict::Insufficient { .. } => {
            drafts.extend(release(state, story, collective.convened.synthesiser.as_ref()));
            let (outcome, because) = (TaskOutcome::Failed, Conclusion::Insufficient);
            drafts.push(concluded(story, outcome, because, &words));
        }
    }
    drafts
}

/// Calls off the participants that are not waited for: enough have answered.
fn call_off(state: &State, collective: &Collective, (now, seed): (Timestamp, u64)) -> Vec<Draft> {
    let participants = collective.convened.participants.iter();
    let late = participants.filter(|one| collective.open.contains(&one.invocation));
    let message = "enough others have answered: it is not waited for";
    late.flat_map(|one| invocation::call_off(state, one.invocation, message, now, seed)).collect()
}

pub(super) fn verdict_draft(
    story: Story,
    collective: CollectiveId,
    reached: Reached,
    basis: VerdictBasis,
) -> Draft {
    let texts = Texts::none().with(TextName::REASON, in_words(&reached, &basis));
    let Reached { rule, version, verdict, figures } = reached;
    let facts = VerdictReached { collective, rule, rule_version: version, verdict, figures, basis };
    story.draft(StreamId::collective(collective), facts, texts)
}

/// Why an agent that was appointed cannot be asked after all.
pub(super) enum Unavailable {
    /// It is not active, was revised, or nothing is set aside for it any more.
    Gone,
    /// Governance denies it, which this records.
    Denied(Box<Draft>),
}

/// The call of an agent that was appointed and paid for when the collective was convened.
pub(super) fn send(
    state: &State,
    collective: &Collective,
    appointed: &Appointed,
    purpose: Purpose,
    story: Story,
    now: Timestamp,
) -> Result<Vec<Draft>, Unavailable> {
    let ready = || {
        let decided = state.routing.recorded(story.task, appointed.decision)?;
        let authorised = decided.authorises(appointed.agent)?;
        let held = state.ledger.held(appointed.reservation)?;
        // What was set aside was reckoned for the version that was chosen.
        let agent = state
            .registry
            .get(appointed.agent)
            .filter(|agent| agent.works() && agent.version == appointed.agent_version)?;
        Some((authorised, held, agent))
    };
    let (authorised, held, agent) = ready().ok_or(Unavailable::Gone)?;
    let (verb, artifact) = (verb_of(purpose), &collective.convened.artifact);
    let attempt = Attempt { story, purpose, verb, artifact };
    let grant = enforce(state, attempt, appointed.agent)
        .map_err(|denial| Unavailable::Denied(denial.record))?;
    let (rules, delegation) = (&collective.convened.rules, None);
    let (invocation, collective) = (appointed.invocation, Some(collective.convened.collective));
    let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
    let admits = state.resilience.breakers.admits(agent.profile.endpoint, now);
    let sent = if admits { dispatch } else { withhold };
    Ok(sent(state, errand, agent, authorised, &grant, held))
}

/// What governance is asked to allow: a judge only reads, whoever puts words to a verdict proposes.
pub(super) const fn verb_of(purpose: Purpose) -> Verb {
    if matches!(purpose, Purpose::Judgement) { Verb::Read } else { Verb::Propose }
}

fn synthesise(state: &State, collective: &Collective, story: Story, now: Timestamp) -> Vec<Draft> {
    let synthesiser = collective.convened.synthesiser.as_ref();
    let purpose = Purpose::Synthesis;
    let sent = synthesiser
        .ok_or(Unavailable::Gone)
        .and_then(|appointed| send(state, collective, appointed, purpose, story, now));
    let gone = match sent {
        Ok(sent) => return sent,
        Err(gone) => gone,
    };
    let mut drafts = Vec::new();
    let (outcome, because, reason) = match gone {
        Unavailable::Gone => (
            TaskOutcome::Failed,
            Conclusion::CallFailed,
            "the agent that would have put the contributions together is not active, or was revised meanwhile",
        ),
        Unavailable::Denied(record) => {
            drafts.push(*record);
            let reason = "the agent that would have put the contributions together was denied";
            (TaskOutcome::Blocked, Conclusion::Governance, reason)
        }
    };
    drafts.extend(release(state, story, synthesiser));
    drafts.push(concluded(story, outcome, because, reason));
    drafts
}

/// Gives back what a collective holds whose verdict cannot be recorded.
pub(crate) fn abandon(state: &State, id: CollectiveId) -> Vec<Draft> {
    let Some(collective) = state.collectives.open.get(&id) else {
        return Vec::new();
    };
    let story = Story { task: collective.convened.task, cause: Some(collective.cause) };
    let appointed = [collective.convened.judge.as_ref(), collective.convened.synthesiser.as_ref()];
    appointed.into_iter().flat_map(|appointed| release(state, story, appointed)).collect()
}

/// Gives back what was set aside for a call that is not to be.
fn release(state: &State, story: Story, appointed: Option<&Appointed>) -> Vec<Draft> {
    let held = appointed.and_then(|one| state.ledger.held(one.reservation));
    let agent = appointed.and_then(|one| state.registry.get(one.agent));
    match (held, agent) {
        (Some(held), Some(agent)) => {
            let model = (&agent.profile.provider, &agent.profile.model);
            on_accounts(story, state.ledger.settle(held, model, Settling::NothingSent))
        }
        _ => Vec::new(),
    }
}

/// Bytes that the contributions of these agents take in a request at most.
pub(super) fn documents(
    state: &State,
    authors: impl Iterator<Item = AgentId>,
    provider: &ProviderName,
    max_output: Tokens,
) -> u64 {
    let frame = budget::brief_bound(provider);
    let of = |author: AgentId| {
        let overhead =
            state.registry.get(author).map_or(0, |agent| document_overhead(&agent.profile.slug));
        let schema = budget::choice_bound(provider);
        budget::document_bound(max_output).saturating_add(overhead).saturating_add(schema)
    };
    authors.fold(frame, |sum, author| sum.saturating_add(of(author)))
}

/// The contributions side by side, for people to decide on.
pub(super) fn divergence(
    state: &State,
    id: CollectiveId,
    collective: &Collective,
    story: Story,
    reason: &str,
) -> Vec<Draft> {
    let positions: Vec<_> = collective
        .in_order()
        .map(|(_, one)| {
            serde_json::json!({
                "agent": state.registry.slug(one.agent),
                "recommendation": collective.meaning(&one.key).as_str(),
                "confidence": one.confidence.map(Confidence::share),
            })
        })
        .collect();
    let content = serde_json::json!({ "status": "divergent", "positions": positions }).to_string();
    let made = proposal::Made {
        collective: Some(id),
        task_type: &collective.convened.task_type,
        artifact: &collective.convened.artifact,
        basis: ProposalBasis::Divergence,
        key: None,
        confidence: None,
    };
    proposal::propose(state, story, made, content, (Conclusion::Divergence, reason))
}
