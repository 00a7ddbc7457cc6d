//! Who is asked and why, in words.

use convoke_events::{
    AgentId, BidRefusal, Candidate, CandidateStanding, PolicyRef, Recorded, RoutingDecided,
    RoutingEvent, RoutingRulesSet, TextName, Way,
};

use super::told::Told;
use crate::wording;

pub(super) fn tell(
    recorded: &Recorded,
    event: &RoutingEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    match event {
        RoutingEvent::RoutingPolicySet(facts) => {
            let state = if facts.active { "" } else { ", switched off" };
            let text = format!(
                "routing {} asks {} for `{}` at priority {}{state}",
                wording::policy(facts.policy),
                told.newest(facts.agent),
                facts.task_type,
                facts.priority,
            );
            (text, vec![facts.policy])
        }
        RoutingEvent::RoutingDecided(facts) => {
            let policies = facts.candidates.iter().filter_map(|one| one.policy).collect();
            (decided(recorded, facts, told), policies)
        }
        RoutingEvent::CandidatesListed(facts) => {
            let policies = facts.candidates.iter().filter_map(|one| one.policy).collect();
            let considered = considered(&facts.candidates, None, told);
            let text = format!("decision {} also considered: {considered}", facts.decision);
            (text, policies)
        }
        RoutingEvent::RoutingRulesSet(facts) => (rules(facts), Vec::new()),
        RoutingEvent::TaskWordsFound(_)
        | RoutingEvent::BiddingOpened(_)
        | RoutingEvent::BidPlaced(_)
        | RoutingEvent::BidRefused(_)
        | RoutingEvent::BiddingClosed(_) => (bidding(event, told), Vec::new()),
    }
}

fn rules(facts: &RoutingRulesSet) -> String {
    let ways = facts.rules.ways.iter().map(|(task_type, way)| {
        let way = match way {
            Way::Rule(rule) => format!("by rule among {} models", rule.preferred.len()),
            Way::Bid(rule) => format!("by bid, scored `{}`", rule.strategy),
        };
        format!("`{task_type}` {way}")
    });
    let ways: Vec<String> = ways.collect();
    let ways = if ways.is_empty() { "all by policy".to_owned() } else { ways.join("; ") };
    format!("the hub's routing rules became version {}: {ways}", facts.version)
}

fn bidding(event: &RoutingEvent, told: &Told) -> String {
    match event {
        RoutingEvent::TaskWordsFound(facts) => {
            let words: Vec<String> =
                facts.words.iter().map(|found| format!("`{}`", found.word)).collect();
            let words = if words.is_empty() { "none".to_owned() } else { words.join(", ") };
            format!("the request's words that agents name as theirs: {words}")
        }
        RoutingEvent::BiddingOpened(facts) => format!(
            "bids for decision {} on {} under `{}` are taken until {}",
            facts.decision, facts.purpose, facts.task_type, facts.closes
        ),
        RoutingEvent::BidPlaced(facts) => format!(
            "{} bid {} for decision {}",
            told.agent(facts.agent, facts.agent_version),
            facts.amount,
            facts.decision
        ),
        RoutingEvent::BidRefused(facts) => {
            let because = match facts.because {
                BidRefusal::Late => "it came too late",
                BidRefusal::AgentInactive => "the agent is deactivated",
                BidRefusal::AlreadyBid => "the agent has bid before",
            };
            let (agent, decision) = (told.newest(facts.agent), facts.decision);
            format!(
                "the bid of {} by {agent} for decision {decision} was refused: {because}",
                facts.amount
            )
        }
        RoutingEvent::BiddingClosed(facts) => {
            format!("no more bids are taken for decision {}", facts.decision)
        }
        RoutingEvent::RoutingPolicySet(_)
        | RoutingEvent::RoutingDecided(_)
        | RoutingEvent::CandidatesListed(_)
        | RoutingEvent::RoutingRulesSet(_) => String::new(),
    }
}

fn decided(recorded: &Recorded, facts: &RoutingDecided, told: &Told) -> String {
    let is_selected = |one: &&Candidate| facts.selected.contains(&one.agent);
    let chosen: Vec<String> = facts
        .candidates
        .iter()
        .filter(is_selected)
        .map(|one| told.agent(one.agent, one.agent_version))
        .collect();
    let chosen = if chosen.is_empty() { "nobody".to_owned() } else { chosen.join(", ") };
    let list = considered(&facts.candidates, Some(&facts.selected), told);
    let basis = facts.rests_on.and_then(|event| told.position(event));
    let basis = basis.map(|at| format!("; rests on position {at}")).unwrap_or_default();
    let reason = recorded.texts.get(&TextName::REASON);
    let reason = reason.map(|reason| format!("; reason: {reason}"));
    format!(
        "decision {} chose {chosen} for {} under `{}`, by rule `{}` v{}; considered: \
         {list}{basis}{}",
        facts.decision,
        facts.purpose,
        facts.task_type,
        facts.rule,
        facts.rule_version,
        reason.unwrap_or_default(),
    )
}

/// Who was considered and how each fared; `selected` is known where the decision itself is told.
fn considered(candidates: &[Candidate], selected: Option<&[AgentId]>, told: &Told) -> String {
    let list = candidates.iter().map(|one| {
        let agent = told.agent(one.agent, one.agent_version);
        let fate = match (one.standing, selected) {
            (CandidateStanding::Eligible, Some(selected)) if !selected.contains(&one.agent) => {
                ", not needed".to_owned()
            }
            (CandidateStanding::Eligible, _) => String::new(),
            (standing, _) => format!(", excluded: {}", excluded(standing)),
        };
        let combined = one.scored.as_ref().and_then(|scored| scored.combined);
        let combined = combined.map(|score| format!(" with a score of {:.4}", score.get()));
        let combined = combined.unwrap_or_default();
        match one.policy.map(wording::policy) {
            Some(policy) => {
                format!("{agent} at priority {} by routing {policy}{fate}", one.priority)
            }
            None if one.scored.is_some() => format!("{agent}{combined}{fate}"),
            None => format!("{agent} in place {}{fate}", one.priority),
        }
    });
    let list: Vec<String> = list.collect();
    if list.is_empty() { "nobody".to_owned() } else { list.join("; ") }
}

fn excluded(standing: CandidateStanding) -> &'static str {
    match standing {
        CandidateStanding::Eligible => "not at all",
        CandidateStanding::AgentInactive => "the agent is deactivated",
        CandidateStanding::PolicyInactive => "the policy is switched off",
        CandidateStanding::Revoked => "its lease was revoked",
        CandidateStanding::OverBudget => "its budget does not hold it",
        CandidateStanding::BreakerOpen => "its model failed too often of late",
        CandidateStanding::Governance => "governance does not let it",
        CandidateStanding::TooDear => "its model costs too much",
        CandidateStanding::PriceUnknown => "its model has no price",
        CandidateStanding::NoBid => "it has placed no bid",
    }
}
