//! Concluding: contributions are counted, the verdict is reached, and what follows from it.

use convoke_events::{
    CollectiveId, Conclusion, Confidence, ConsensusStatus, ContributionRecorded, InvocationStarted,
    ModelFamily, ProposalBasis, Purpose, StreamId, TaskOutcome, TextName, Texts, Timestamp, Verb,
    VerdictReached,
};

use super::verdict::{self, Verdict, classic};
use super::{Collective, id_of};
use crate::answer::Answer;
use crate::budget::{Settling, on_accounts};
use crate::decision::{Draft, Story, rule_name};
use crate::governance::{Attempt, enforce};
use crate::invocation::{self, Errand, dispatch, withhold};
use crate::proposal;
use crate::provider::ProviderFailure;
use crate::state::State;
use crate::task::{concluded, failed};

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

/// Reaches the verdict on a collective whose calls have all ended, and what follows from it.
pub(crate) fn conclude(state: &State, id: CollectiveId, now: Timestamp) -> Vec<Draft> {
    let Some(collective) = state.collectives.open.get(&id) else {
        return Vec::new();
    };
    let story = Story { task: collective.task, cause: Some(collective.cause) };
    let verdict = verdict_on(collective);
    let mut drafts = vec![verdict_draft(story, id, &verdict)];
    match (verdict.status, &verdict.key) {
        (ConsensusStatus::Consensus, Some(_)) => {
            drafts.extend(synthesise(state, id, collective, story, now));
        }
        (ConsensusStatus::Divergent, _) => {
            drafts.extend(release(state, story, collective));
            let reason = format!("{}: people see the contributions", verdict.in_words());
            drafts.extend(divergence(state, id, collective, story, &reason));
        }
        _ => {
            drafts.extend(release(state, story, collective));
            let (outcome, because) = (TaskOutcome::Failed, Conclusion::Insufficient);
            drafts.push(concluded(story, outcome, because, &verdict.in_words()));
        }
    }
    drafts
}

/// Contributions in the order of the participants' priority, whoever answered first.
pub(super) fn in_order(collective: &Collective) -> Vec<(&ContributionRecorded, &ModelFamily)> {
    let participants = collective.participants.iter();
    let contributions = participants.filter_map(|participant| {
        let contribution = collective.contributions.get(&participant.invocation)?;
        Some((contribution, &participant.family))
    });
    contributions.collect()
}

fn verdict_on(collective: &Collective) -> Verdict {
    let contributions = in_order(collective);
    let named: Vec<_> = contributions.iter().map(|(one, family)| (&one.key, *family)).collect();
    classic(&named, collective.participants.len(), &collective.rules)
}

pub(super) fn verdict_draft(story: Story, id: CollectiveId, verdict: &Verdict) -> Draft {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let facts = VerdictReached {
        collective: id,
        rule: rule_name(verdict::CLASSIC),
        rule_version: verdict::CLASSIC_VERSION,
        status: verdict.status,
        key: verdict.key.clone(),
        leading: count(verdict.leading),
        contributions: count(verdict.contributions),
        keys: count(verdict.keys),
        families: count(verdict.families),
        missing: count(verdict.missing),
    };
    let texts = Texts::none().with(TextName::REASON, verdict.in_words());
    story.draft(StreamId::collective(id), facts, texts)
}

fn synthesise(
    state: &State,
    id: CollectiveId,
    collective: &Collective,
    story: Story,
    now: Timestamp,
) -> Vec<Draft> {
    let ready = collective.synthesiser.as_ref().and_then(|synthesiser| {
        let decided = state.routing.recorded(collective.task, synthesiser.decision)?;
        let authorised = decided.authorises(synthesiser.agent)?;
        let held = state.ledger.held(synthesiser.reservation)?;
        let chosen = collective.participants.iter().find(|one| one.agent == synthesiser.agent)?;
        // What was set aside was reckoned for the version that was chosen.
        let agent = state
            .registry
            .get(synthesiser.agent)
            .filter(|agent| agent.works() && agent.version == chosen.agent_version)?;
        Some((authorised, held, agent))
    });
    let Some((authorised, held, agent)) = ready else {
        let reason = "the agent that would have put the contributions together is not active, or was revised meanwhile";
        let (outcome, because) = (TaskOutcome::Failed, Conclusion::CallFailed);
        let mut drafts = release(state, story, collective);
        drafts.push(concluded(story, outcome, because, reason));
        return drafts;
    };
    let (purpose, verb, artifact) = (Purpose::Synthesis, Verb::Propose, &collective.artifact);
    let attempt = Attempt { story, purpose, verb, artifact };
    match enforce(state, attempt, authorised.agent()) {
        Ok(grant) => {
            let rules = &collective.rules;
            let (collective, delegation) = (Some(id), None);
            let invocation = invocation::id_of(story.task, purpose, authorised.agent());
            let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
            let admits = state.resilience.breakers.admits(agent.profile.endpoint, now);
            let sent = if admits { dispatch } else { withhold };
            sent(state, errand, agent, authorised, &grant, held)
        }
        Err(denial) => {
            let mut drafts = vec![*denial.record];
            drafts.extend(release(state, story, collective));
            let reason = "the agent that would have put the contributions together was denied";
            let (outcome, because) = (TaskOutcome::Blocked, Conclusion::Governance);
            drafts.push(concluded(story, outcome, because, reason));
            drafts
        }
    }
}

/// Gives back what a collective holds whose verdict cannot be recorded.
pub(crate) fn abandon(state: &State, id: CollectiveId) -> Vec<Draft> {
    let Some(collective) = state.collectives.open.get(&id) else {
        return Vec::new();
    };
    release(state, Story { task: collective.task, cause: Some(collective.cause) }, collective)
}

/// Gives back what was set aside for a synthesis that is not to be.
fn release(state: &State, story: Story, collective: &Collective) -> Vec<Draft> {
    let held = collective.synthesiser.as_ref().and_then(|one| state.ledger.held(one.reservation));
    let agent = collective.synthesiser.as_ref().and_then(|one| state.registry.get(one.agent));
    match (held, agent) {
        (Some(held), Some(agent)) => {
            let model = (&agent.profile.provider, &agent.profile.model);
            on_accounts(story, state.ledger.settle(held, model, Settling::NothingSent))
        }
        _ => Vec::new(),
    }
}

/// The contributions side by side, for people to decide on.
fn divergence(
    state: &State,
    id: CollectiveId,
    collective: &Collective,
    story: Story,
    reason: &str,
) -> Vec<Draft> {
    let positions: Vec<_> = in_order(collective)
        .into_iter()
        .map(|(one, _)| {
            serde_json::json!({
                "agent": state.registry.slug(one.agent),
                "recommendation": one.key.as_str(),
                "confidence": one.confidence.map(Confidence::share),
            })
        })
        .collect();
    let content = serde_json::json!({ "status": "divergent", "positions": positions }).to_string();
    let made = proposal::Made {
        collective: Some(id),
        task_type: &collective.task_type,
        artifact: &collective.artifact,
        basis: ProposalBasis::Divergence,
        key: None,
        confidence: None,
    };
    proposal::propose(state, story, made, content, (Conclusion::Divergence, reason))
}

/// What follows from a synthesis' outcome: a proposal that waits for people, or the end.
pub(crate) fn synthesised(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    answer: Result<&Answer, &ProviderFailure>,
    content: String,
) -> Vec<Draft> {
    let collective = started.collective.unwrap_or_else(|| id_of(story.task));
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => return vec![failed(story, "the synthesis", failure)],
    };
    let basis = ProposalBasis::Synthesis {
        agent: started.agent,
        agent_version: started.agent_version,
        invocation: started.invocation,
    };
    let Some(open) = state.collectives.open.get(&collective) else {
        return Vec::new();
    };
    let reason = format!("the collective agrees on `{}`; its synthesis", answer.key);
    let made = proposal::Made {
        collective: Some(collective),
        task_type: &open.task_type,
        artifact: &started.artifact,
        basis,
        key: state.collectives.verdict(collective).cloned(),
        confidence: answer.confidence,
    };
    proposal::propose(state, story, made, content, (Conclusion::Consensus, &reason))
}
