//! Samples of proposals and of what people decide on them.

use super::collectives::collective;
use super::federation::{agent, invocation, policy, reason, task};
use super::work::{answer, confidence};
use crate::testkit::word;
use crate::{
    BlockReason, Credit, Digest, Event, Principal, ProposalApplied, ProposalBasis, ProposalId,
    ProposalMade, ProposalReviewed, ReviewDecision, ReviewGiven, ReviewRefusal, ReviewRefused,
    ReviewRules, ReviewRulesSet, ReviewTerms, TextName, Texts,
};

fn proposal() -> ProposalId {
    ProposalId::derive(&["sample"])
}

fn by_grace() -> Texts {
    Texts::none().with(TextName::PRINCIPAL, "Grace Hopper")
}

fn made() -> ProposalMade {
    ProposalMade {
        proposal: proposal(),
        task: task(),
        collective: Some(collective()),
        task_type: word("implementation"),
        artifact: word("implementation"),
        basis: ProposalBasis::Synthesis {
            agent: agent(),
            agent_version: 2,
            invocation: invocation(),
        },
        key: Some(word("fix-it")),
        confidence: confidence(),
        digest: Digest::of(b"content"),
        terms: ReviewTerms { reviewers: 2, expires_ms: Some(86_400_000) },
        blocked: Some(BlockReason::VerbNotAllowed(policy())),
    }
}

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let rules = ReviewRulesSet { rules: ReviewRules { expires_ms: Some(86_400_000) } };
    let applied = ProposalApplied {
        proposal: proposal(),
        agent: agent(),
        agent_version: 2,
        artifact: word("implementation"),
        digest: Digest::of(b"content"),
        granted_by: policy(),
    };
    let given = ReviewGiven {
        proposal: proposal(),
        by: Principal::person(&word("samples"), "Grace"),
        decision: ReviewDecision::Revised,
        reviewed: Digest::of(b"content"),
        revised: Some(Digest::of(b"revised")),
        key: Some(word("wait")),
    };
    let (reviewed, actual) = (Digest::of(b"content"), Digest::of(b"revised"));
    let refused = ReviewRefused {
        proposal: proposal(),
        decision: ReviewDecision::Accepted,
        because: ReviewRefusal::Changed { reviewed, actual },
    };
    let reviewed = ProposalReviewed {
        proposal: proposal(),
        decision: ReviewDecision::Revised,
        reviewed: Digest::of(b"content"),
        revised: Some(Digest::of(b"revised")),
        key: Some(word("wait")),
        credits: vec![Credit {
            agent: agent(),
            agent_version: 2,
            task_type: word("implementation"),
            right: true,
            confidence: confidence(),
        }],
    };
    let own = || by_grace().with(TextName::CONTENT, "# Fix it\n\nBut carefully.\n");
    vec![
        (rules.into(), by_grace()),
        (made().into(), answer()),
        (applied.into(), reason()),
        (given.into(), own()),
        (refused.into(), reason()),
        (reviewed.into(), own()),
    ]
}
