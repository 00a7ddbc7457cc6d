//! Collectives and their verdicts, in words.

use convoke_events::{
    CollectiveConvened, CollectiveEvent, CollectiveRules, KeyGroup, OnDivergence,
    ParticipantStanding, PolicyRef, Recorded, TextName, VerdictReached,
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
        CollectiveEvent::KeysGrouped(facts) => {
            let groups: Vec<String> = facts.groups.iter().map(group).collect();
            let judge = told.agent(facts.agent, facts.agent_version);
            (format!("{judge} says what means the same: {}", groups.join("; ")), Vec::new())
        }
        CollectiveEvent::CollectiveRulesSet(facts) => (rules(&facts.rules), Vec::new()),
    }
}

fn group(group: &KeyGroup) -> String {
    let others = group.members.iter().filter(|member| **member != group.key);
    let others: Vec<String> = others.map(|member| format!("`{member}`")).collect();
    if others.is_empty() {
        return format!("`{}` nothing else", group.key);
    }
    format!("`{}` the same as {}", group.key, others.join(", "))
}

fn rules(rules: &CollectiveRules) -> String {
    let judge = rules.judge.as_ref().map_or_else(
        || "nobody says which recommendations mean the same".to_owned(),
        |judge| format!("{judge} says which recommendations mean the same"),
    );
    let divergent = match rules.on_divergence {
        OnDivergence::People => "people look at what diverges",
        OnDivergence::Agent => "one stronger agent chooses where contributions diverge",
    };
    format!("collectives come to their verdict by rule `{}`; {judge}; {divergent}", rules.verdict)
}

fn denials(facts: &CollectiveConvened) -> Vec<PolicyRef> {
    let standings = facts.participants.iter().map(|one| &one.standing);
    standings
        .filter_map(|standing| match standing {
            ParticipantStanding::Blocked(because) => wording::denied_by(because),
            ParticipantStanding::Invited
            | ParticipantStanding::OverBudget { .. }
            | ParticipantStanding::NotAsked => None,
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
                ParticipantStanding::NotAsked => {
                    format!("{agent} is not asked, since there could be no verdict")
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
    let judge = facts.judge.as_ref().map(|one| {
        format!("; {} says which recommendations mean the same", told.newest(one.agent))
    });
    let judge = judge.unwrap_or_default();
    let least = facts.rules.min_contributions;
    let quorum = facts.rules.quorum.map(|quorum| {
        let contributions = wording::count(u64::from(quorum), "contribution", "contributions");
        format!(", and {contributions} are enough")
    });
    let quorum = quorum.unwrap_or_default();
    format!(
        "collective {} was convened under `{}` for `{}` by decision {}: {}; {synthesis}{judge}; at least \
         {} needed{quorum}; verdict by rule `{}`",
        facts.collective,
        facts.task_type,
        facts.artifact,
        short(facts.decision),
        participants.join("; "),
        wording::count(u64::from(least), "contribution", "contributions"),
        facts.settings.verdict,
    )
}

fn verdict(recorded: &Recorded, facts: &VerdictReached) -> String {
    let key = facts.verdict.key().map(|key| format!(" on `{key}`")).unwrap_or_default();
    let count = |number, one, many| wording::count(u64::from(number), one, many);
    let figures = &facts.figures;
    format!(
        "the verdict is `{}`{key}, by rule `{}` v{}: {} of {} name the leading recommendation, with \
         {:.1} % of the weight and {:.1} % ahead; {} and {} among them, {} without a contribution{}",
        facts.verdict.status(),
        facts.rule,
        facts.rule_version,
        figures.leading,
        count(figures.contributions, "contribution", "contributions"),
        figures.share * 100.0,
        figures.margin * 100.0,
        count(figures.keys, "recommendation", "recommendations"),
        count(figures.families, "model family", "model families"),
        count(figures.missing, "participant", "participants"),
        because(recorded.texts.get(&TextName::REASON)),
    )
}
