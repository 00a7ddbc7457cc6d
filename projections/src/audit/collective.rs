//! Collectives and their verdicts, in words.

use convoke_events::{
    CollectiveConvened, CollectiveEvent, ParticipantStanding, PolicyRef, Recorded, TextName,
    VerdictReached,
};

use super::because;
use super::told::Told;
use crate::wording::{self, short};

pub(super) fn tell(
    recorded: &Recorded,
    event: &CollectiveEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    match event {
        CollectiveEvent::CollectiveConvened(facts) => (convened(facts, told), denials(facts)),
        CollectiveEvent::ContributionRecorded(facts) => {
            let sure = facts.confidence.map(|sure| format!(", confidence {sure}"));
            let text = format!(
                "{}'s answer counts as a contribution: `{}`{}",
                told.agent(facts.agent, facts.agent_version),
                facts.key,
                sure.unwrap_or_default(),
            );
            (text, Vec::new())
        }
        CollectiveEvent::VerdictReached(facts) => (verdict(recorded, facts), Vec::new()),
    }
}

fn denials(facts: &CollectiveConvened) -> Vec<PolicyRef> {
    let standings = facts.participants.iter().map(|one| &one.standing);
    standings
        .filter_map(|standing| match standing {
            ParticipantStanding::Blocked(because) => wording::denied_by(because),
            ParticipantStanding::Invited | ParticipantStanding::OverBudget { .. } => None,
        })
        .collect()
}

fn convened(facts: &CollectiveConvened, told: &Told) -> String {
    let participants: Vec<String> = facts
        .participants
        .iter()
        .map(|one| {
            let agent = told.agent(one.agent, one.agent_version);
            match &one.standing {
                ParticipantStanding::Invited => format!("{agent} is asked"),
                ParticipantStanding::Blocked(because) => {
                    format!("{agent} is blocked, {}", wording::block_reason(because))
                }
                ParticipantStanding::OverBudget { needed } => {
                    format!("{agent} is over budget, it would need {}", wording::amount(*needed))
                }
            }
        })
        .collect();
    let synthesis = facts.synthesiser.as_ref().map_or_else(
        || "nobody can put the contributions together".to_owned(),
        |one| {
            let agent = told.newest(one.agent);
            format!("on consensus {agent} puts the contributions together")
        },
    );
    let least = facts.rules.min_contributions;
    format!(
        "collective {} was convened under `{}` for `{}` by decision {}: {}; {synthesis}; at least \
         {} needed",
        facts.collective,
        facts.task_type,
        facts.artifact,
        short(facts.decision),
        participants.join("; "),
        wording::count(u64::from(least), "contribution", "contributions"),
    )
}

fn verdict(recorded: &Recorded, facts: &VerdictReached) -> String {
    let key = facts.key.as_ref().map(|key| format!(" on `{key}`")).unwrap_or_default();
    let count = |number, one, many| wording::count(u64::from(number), one, many);
    format!(
        "the verdict is `{}`{key}, by rule `{}` v{}: {} of {} name the leading recommendation, {} \
         and {} among them, {} without a contribution{}",
        facts.status,
        facts.rule,
        facts.rule_version,
        facts.leading,
        count(facts.contributions, "contribution", "contributions"),
        count(facts.keys, "recommendation", "recommendations"),
        count(facts.families, "model family", "model families"),
        count(facts.missing, "participant", "participants"),
        because(recorded.texts.get(&TextName::REASON)),
    )
}
