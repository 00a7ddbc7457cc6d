//! Proposals and what people decided on them, in words.

use convoke_events::{
    Credit, ProposalBasis, ProposalEvent, ProposalMade, ProposalReviewed, Recorded, ReviewDecision,
    TextName,
};

use super::because;
use super::told::Told;
use crate::wording::first_lines;

pub(super) fn tell(recorded: &Recorded, event: &ProposalEvent, told: &Told) -> String {
    match event {
        ProposalEvent::ProposalMade(facts) => made(recorded, facts, told),
        ProposalEvent::ProposalReviewed(facts) => reviewed(recorded, facts, told),
    }
}

fn made(recorded: &Recorded, facts: &ProposalMade, told: &Told) -> String {
    let key = facts.key.as_ref().map(|key| format!(", recommending `{key}`")).unwrap_or_default();
    let sure = facts.confidence.map(|sure| format!(" with confidence {sure}")).unwrap_or_default();
    let basis = match &facts.basis {
        ProposalBasis::Synthesis { agent, agent_version, .. } => {
            format!("written by {} from the contributions", told.agent(*agent, *agent_version))
        }
        ProposalBasis::Answer { agent, agent_version, .. } => {
            format!("the answer of {}", told.agent(*agent, *agent_version))
        }
        ProposalBasis::Report { agent, agent_version, .. } => {
            format!("the report of {}", told.agent(*agent, *agent_version))
        }
        ProposalBasis::Divergence => {
            "without a synthesis, the contributions side by side".to_owned()
        }
    };
    let said = recorded.texts.get(&TextName::CONTENT).map(first_lines);
    let said = said.map(|said| format!(": \"{said}\"")).unwrap_or_default();
    let (proposal, artifact) = (facts.proposal, &facts.artifact);
    format!("proposal {proposal} (`{artifact}`) waits for review, {basis}{key}{sure}{said}")
}

fn reviewed(recorded: &Recorded, facts: &ProposalReviewed, told: &Told) -> String {
    let reviewer = told.principal(&recorded.envelope.principal);
    let note = because(recorded.texts.get(&TextName::NOTE));
    let (proposal, digest) = (facts.proposal, facts.reviewed);
    let key = facts.key.as_ref().map(|key| format!(", naming `{key}`")).unwrap_or_default();
    let decided = match facts.decision {
        ReviewDecision::Accepted => {
            format!(
                "{reviewer} accepted proposal {proposal} as it stands (digest {digest}){key}{note}"
            )
        }
        ReviewDecision::Rejected => {
            format!("{reviewer} rejected proposal {proposal} (digest {digest}){note}")
        }
        ReviewDecision::Revised => {
            let own = recorded.texts.get(&TextName::CONTENT).map(first_lines);
            let own = own.map(|own| format!(", whose version says \"{own}\"")).unwrap_or_default();
            format!("{reviewer} revised proposal {proposal} (digest {digest}){key}{note}{own}")
        }
    };
    format!("{decided}{}", credited(&facts.credits, told))
}

/// Whose record changes, in words.
fn credited(credits: &[Credit], told: &Told) -> String {
    if credits.is_empty() {
        return "; nobody's record changes".to_owned();
    }
    let credited = credits.iter().map(|credit| {
        let agent = told.agent(credit.agent, credit.agent_version);
        let counted = if credit.right { "right" } else { "wrong" };
        format!("{agent} was {counted} on `{}`", credit.task_type)
    });
    format!("; on record: {}", credited.collect::<Vec<_>>().join(", "))
}
