//! Credit: whose record a review changes, and how.

use convoke_events::{
    AgentId, Confidence, Credit, Key, ProposalBasis, ProposalMade, ReviewDecision, TaskType,
};

use super::Pending;
use crate::decision::task_type_named;

/// Writing a synthesis is work of its own: it is judged by whether the proposal holds, not by what
/// its author had contributed.
const SYNTHESIS: &str = "synthesis";

/// Whose record this review changes.
///
/// - Accepted: the author was right; of the contributors those who named its recommendation, or the
///   one that the reviewer names where it has none, were right, the others wrong.
/// - Rejected: the author was wrong, and so was who had named its recommendation; the others get
///   nothing.
/// - Revised: nobody, unless the reviewer names a recommendation: then everybody by whether it was
///   theirs.
pub(super) fn credits(
    pending: &Pending,
    decision: ReviewDecision,
    named: Option<&Key>,
) -> Vec<Credit> {
    let made = &pending.made;
    let holds = match decision {
        ReviewDecision::Accepted => made.key.as_ref().or(named),
        ReviewDecision::Rejected => None,
        ReviewDecision::Revised => named,
    };
    let author_right = match decision {
        ReviewDecision::Accepted => Some(true),
        ReviewDecision::Rejected => Some(false),
        ReviewDecision::Revised => holds.map(|holds| made.key.as_ref() == Some(holds)),
    };
    let contributor_right = |key: &Key| match (decision, &made.key) {
        (ReviewDecision::Rejected, Some(rejected)) => (key == rejected).then_some(false),
        (ReviewDecision::Rejected, None) => None,
        (ReviewDecision::Accepted | ReviewDecision::Revised, _) => holds.map(|holds| key == holds),
    };
    let author = author(made).zip(author_right).map(|(author, right)| Credit { right, ..author });
    let contributors = pending.contributions.iter().filter_map(|one| {
        let (agent, agent_version, confidence) = (one.agent, one.agent_version, one.confidence);
        let (task_type, right) = (made.task_type.clone(), contributor_right(&one.key)?);
        Some(Credit { agent, agent_version, task_type, right, confidence })
    });
    author.into_iter().chain(contributors).collect()
}

/// Who wrote the proposal, not judged yet; nobody where contributions stand side by side.
fn author(made: &ProposalMade) -> Option<Credit> {
    let (agent, agent_version, task_type): (AgentId, u32, TaskType) = match made.basis {
        ProposalBasis::Answer { agent, agent_version, .. }
        | ProposalBasis::Report { agent, agent_version, .. } => {
            (agent, agent_version, made.task_type.clone())
        }
        ProposalBasis::Synthesis { agent, agent_version, .. }
        | ProposalBasis::Arbitration { agent, agent_version, .. } => {
            (agent, agent_version, task_type_named(SYNTHESIS))
        }
        ProposalBasis::Divergence => return None,
    };
    let confidence: Option<Confidence> = made.confidence;
    Some(Credit { agent, agent_version, task_type, right: false, confidence })
}
