//! Who is asked and why, in words.

use convoke_events::{
    Candidate, CandidateStanding, PolicyRef, Recorded, RoutingDecided, RoutingEvent, TextName,
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
    let considered: Vec<String> = facts
        .candidates
        .iter()
        .map(|one| {
            let agent = told.agent(one.agent, one.agent_version);
            let fate = match one.standing {
                CandidateStanding::AgentInactive => ", excluded: the agent is deactivated",
                CandidateStanding::PolicyInactive => ", excluded: the policy is switched off",
                CandidateStanding::Eligible if is_selected(&one) => "",
                CandidateStanding::Eligible => ", not needed",
            };
            match one.policy.map(wording::policy) {
                Some(policy) => {
                    format!("{agent} at priority {} by routing {policy}{fate}", one.priority)
                }
                None => format!("{agent} by the word of who hands over{fate}"),
            }
        })
        .collect();
    let considered =
        if considered.is_empty() { "nobody".to_owned() } else { considered.join("; ") };
    let basis = facts.rests_on.and_then(|event| told.position(event));
    let basis = basis.map(|at| format!("; rests on position {at}")).unwrap_or_default();
    let reason = recorded.texts.get(&TextName::REASON);
    let reason = reason.map(|reason| format!("; reason: {reason}"));
    format!(
        "decision {} chose {chosen} for {} under `{}`, by rule `{}` v{}; considered: \
         {considered}{basis}{}",
        facts.decision,
        facts.purpose,
        facts.task_type,
        facts.rule,
        facts.rule_version,
        reason.unwrap_or_default(),
    )
}
