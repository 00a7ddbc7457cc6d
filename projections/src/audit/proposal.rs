//! Proposals and what people decided on them, in words.

use std::time::Duration;

use convoke_events::{
    Credit, PolicyRef, ProposalApplied, ProposalBasis, ProposalEvent, ProposalMade,
    ProposalReviewed, Recorded, ReviewDecision, ReviewGiven, ReviewRefused, ReviewRules, TextName,
};

use super::because;
use super::told::Told;
use crate::wording::{self, first_lines};

pub(super) fn tell(
    recorded: &Recorded,
    event: &ProposalEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    match event {
        ProposalEvent::ReviewRulesSet(facts) => (rules(facts.rules), Vec::new()),
        ProposalEvent::ProposalMade(facts) => {
            let denied = facts.blocked.as_ref().and_then(wording::denied_by);
            (made(recorded, facts, told), denied.into_iter().collect())
        }
        ProposalEvent::ProposalApplied(facts) => {
            (applied(recorded, facts, told), vec![facts.granted_by])
        }
        ProposalEvent::ReviewGiven(facts) => (given(recorded, facts, told), Vec::new()),
        ProposalEvent::ReviewRefused(facts) => (refused(recorded, facts, told), Vec::new()),
        ProposalEvent::ProposalReviewed(facts) => (reviewed(recorded, facts, told), Vec::new()),
    }
}

fn rules(rules: ReviewRules) -> String {
    match rules.expires_ms {
        None => "a proposal can be reviewed however long it waits".to_owned(),
        Some(span) => {
            let span = Duration::from_millis(span);
            format!("a proposal can be reviewed for {} from now on", wording::span(span))
        }
    }
}

fn applied(recorded: &Recorded, facts: &ProposalApplied, told: &Told) -> String {
    let agent = told.agent(facts.agent, facts.agent_version);
    let (proposal, artifact) = (facts.proposal, &facts.artifact);
    let policy = wording::policy(facts.granted_by);
    let digest = facts.digest;
    let why = because(recorded.texts.get(&TextName::REASON));
    format!(
        "proposal {proposal} (`{artifact}`) of {agent} was applied without waiting for a person, \
         as governance {policy} allows (digest {digest}){why}"
    )
}

fn given(recorded: &Recorded, facts: &ReviewGiven, told: &Told) -> String {
    let reviewer = told.principal(&facts.by);
    let (proposal, digest) = (facts.proposal, facts.reviewed);
    let key = facts.key.as_ref().map(|key| format!(", naming `{key}`")).unwrap_or_default();
    let note = because(recorded.texts.get(&TextName::NOTE));
    let how = match facts.decision {
        ReviewDecision::Accepted => "as it stands",
        ReviewDecision::Rejected => "to turn it down",
        ReviewDecision::Revised => "in a version of their own",
    };
    format!(
        "{reviewer} agreed to proposal {proposal} {how} (digest {digest}){key}, the first of two: \
         it waits for another{note}"
    )
}

fn refused(recorded: &Recorded, facts: &ReviewRefused, told: &Told) -> String {
    let who = told.principal(&recorded.envelope.principal);
    let why = because(recorded.texts.get(&TextName::REASON));
    let (proposal, decision) = (facts.proposal, facts.decision);
    format!("{who} could not review proposal {proposal} as `{decision}`{why}")
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
        ProposalBasis::Arbitration { agent, agent_version, .. } => {
            let agent = told.agent(*agent, *agent_version);
            format!("chosen by {agent} among contributions that do not agree")
        }
        ProposalBasis::Divergence => {
            "without a synthesis, the contributions side by side".to_owned()
        }
    };
    let said = recorded.texts.get(&TextName::CONTENT).map(first_lines);
    let said = said.map(|said| format!(": \"{said}\"")).unwrap_or_default();
    let (proposal, artifact) = (facts.proposal, &facts.artifact);
    let waits = match (&facts.blocked, facts.terms.reviewers) {
        (Some(because), _) => {
            format!("is blocked by policy ({})", wording::block_reason(because))
        }
        (None, 1) => "waits for review".to_owned(),
        (None, several) => format!("waits for review by {several} people"),
    };
    format!("proposal {proposal} (`{artifact}`) {waits}, {basis}{key}{sure}{said}")
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
