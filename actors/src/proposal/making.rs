//! Making: an agent's result becomes a proposal, as far as governance lets it, and its task ends.

use convoke_events::{
    AgentId, ArtifactType, CollectiveId, Conclusion, Confidence, Digest, Key, MediaType,
    ProposalApplied, ProposalBasis, ProposalId, ProposalMade, Purpose, ReviewTerms, StreamId,
    TaskOutcome, TaskType, TextName, Texts, Verb,
};

use crate::decision::{Draft, Story};
use crate::governance::{Attempt, enforce};
use crate::state::State;
use crate::task::concluded;

/// A proposal in the making.
#[derive(Debug)]
pub(crate) struct Made<'a> {
    pub(crate) collective: Option<CollectiveId>,
    pub(crate) task_type: &'a TaskType,
    pub(crate) artifact: &'a ArtifactType,
    pub(crate) basis: ProposalBasis,
    pub(crate) key: Option<Key>,
    pub(crate) confidence: Option<Confidence>,
}

/// What a proposal in the making came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Waits,
    Applied,
    Blocked,
}

/// Makes a task's proposal of this content, and ends the task. `reason` says what it came to, in
/// words that go on with "waits for review".
pub(crate) fn propose(
    state: &State,
    story: Story,
    made: Made<'_>,
    content: String,
    (because, reason): (Conclusion, &str),
) -> Vec<Draft> {
    let (mut drafts, standing) = drafted(state, story, made, content);
    drafts.push(match standing {
        Standing::Waits => {
            let reason = format!("{reason} waits for review");
            concluded(story, TaskOutcome::Proposed, because, &reason)
        }
        Standing::Applied => {
            let reason = format!("{reason} was applied without waiting, and can still be reviewed");
            concluded(story, TaskOutcome::Proposed, because, &reason)
        }
        Standing::Blocked => {
            let reason =
                "its author may no longer propose: the result is kept, and nobody can review it";
            concluded(story, TaskOutcome::Blocked, Conclusion::Governance, reason)
        }
    });
    drafts
}

/// Makes a proposal of this content on a task that goes on.
pub(crate) fn make(state: &State, story: Story, made: Made<'_>, content: String) -> Vec<Draft> {
    drafted(state, story, made, content).0
}

/// Whether its author may propose is asked anew: an answer that comes after the policy went is kept,
/// but nobody can review it. Where a policy lets its author, it is applied at once.
fn drafted(state: &State, story: Story, made: Made<'_>, content: String) -> (Vec<Draft>, Standing) {
    let Made { collective, task_type, artifact, basis, key, confidence } = made;
    let author = author(&basis);
    let denial = author.and_then(|(author, _, purpose)| {
        enforce(state, Attempt { story, purpose, verb: Verb::Propose, artifact }, author).err()
    });
    let proposal = ProposalId::derive(&[&story.task.to_string()]);
    let digest = Digest::of(content.as_bytes());
    let facts = ProposalMade {
        proposal,
        task: story.task,
        collective,
        task_type: task_type.clone(),
        artifact: artifact.clone(),
        basis,
        key,
        confidence,
        digest,
        terms: terms(state, author.map(|(author, ..)| author), collective, artifact),
        blocked: denial.as_ref().map(|denial| denial.because.clone()),
    };
    let stream = StreamId::proposal(proposal);
    let texts = Texts::none().with_media(TextName::CONTENT, MediaType::Json, content);
    let mut drafts = vec![story.draft(stream.clone(), facts, texts)];
    if let Some(denial) = denial {
        drafts.push(*denial.record);
        return (drafts, Standing::Blocked);
    }
    let mut standing = Standing::Waits;
    if let Some((agent, agent_version, purpose)) = author
        && state.governance.means_to_apply(agent, artifact)
    {
        let attempt = Attempt { story, purpose, verb: Verb::AutoApply, artifact };
        match enforce(state, attempt, agent).map(|grant| grant.by()) {
            Ok(Some(granted_by)) => {
                let artifact = artifact.clone();
                let applied = ProposalApplied {
                    proposal,
                    agent,
                    agent_version,
                    artifact,
                    digest,
                    granted_by,
                };
                standing = Standing::Applied;
                let because = format!("policy {} v{} lets it", granted_by.id, granted_by.version);
                let texts = Texts::none().with(TextName::REASON, because);
                drafts.push(story.draft(stream, applied, texts));
            }
            Ok(None) => {}
            Err(denial) => drafts.push(*denial.record),
        }
    }
    (drafts, standing)
}

/// Who wrote it, in which version and for what; nobody where contributions stand side by side.
const fn author(basis: &ProposalBasis) -> Option<(AgentId, u32, Purpose)> {
    match basis {
        ProposalBasis::Synthesis { agent, agent_version, .. } => {
            Some((*agent, *agent_version, Purpose::Synthesis))
        }
        ProposalBasis::Arbitration { agent, agent_version, .. } => {
            Some((*agent, *agent_version, Purpose::Arbitration))
        }
        ProposalBasis::Answer { agent, agent_version, .. } => {
            Some((*agent, *agent_version, Purpose::Answer))
        }
        // Nobody is called for a report: to hand it in is an action.
        ProposalBasis::Report { agent, agent_version, .. } => {
            Some((*agent, *agent_version, Purpose::Action))
        }
        ProposalBasis::Divergence => None,
    }
}

/// What the review takes: as many people as the policies of those behind it ask for, and the time
/// that the hub gives.
fn terms(
    state: &State,
    author: Option<AgentId>,
    collective: Option<CollectiveId>,
    artifact: &ArtifactType,
) -> ReviewTerms {
    let contributors = collective.map(|collective| state.collectives.contributions(collective));
    let contributors = contributors.unwrap_or_default().into_iter().map(|one| one.agent);
    let asked = author.into_iter().chain(contributors);
    let asked = asked.map(|agent| state.governance.reviewers(agent, artifact));
    ReviewTerms {
        reviewers: asked.max().unwrap_or(1),
        expires_ms: state.proposals.rules.expires_ms,
    }
}
