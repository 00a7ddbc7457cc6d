//! `convoke report governance`.

use std::collections::BTreeMap;

use convoke_events::{ArtifactType, GovernanceDefault, HubId, Timestamp, Verb};
use convoke_projections::Governance;
use convoke_projections::governance::BLOCKED_WINDOW;
use serde::Serialize;

use super::hubs;
use super::sheet::{Cell, Column, Sheet};
use crate::cli::args::HubFilter;

const COLUMNS: &[Column] = &[
    ("hub", "hub"),
    ("artifact", "artifact"),
    ("agent", "agent"),
    ("verbs", "may"),
    ("version", "version#"),
    ("active", "active"),
    ("blocked_7_days", "blocked in 7 days#"),
    ("blocked_ever", "ever#"),
    ("default", "otherwise"),
];

const DENIED: &[Column] = &[
    ("at", "denied"),
    ("hub", "hub"),
    ("agent", "agent"),
    ("purpose", "for"),
    ("verb", "would"),
    ("artifact", "artifact"),
    ("task", "task"),
    ("reason", "because"),
];

/// What an agent may do with an artifact type, and how often it was denied.
#[derive(Default, Serialize)]
pub(super) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<convoke_events::PolicyRef>,
    pub(super) verbs: Vec<Verb>,
    pub(super) active: bool,
    pub(super) blocked_7_days: u64,
    pub(super) blocked_ever: u64,
}

#[derive(Serialize)]
struct Line<'a> {
    hub: &'a HubId,
    artifact: &'a ArtifactType,
    agent: &'a str,
    #[serde(flatten)]
    rule: &'a Rule,
    default: GovernanceDefault,
}

/// By artifact type and agent: every policy, and everybody who was denied without one.
pub(super) fn rules(
    governance: &Governance,
    hub: &HubId,
    now: Timestamp,
) -> BTreeMap<(ArtifactType, String), Rule> {
    let mut rules: BTreeMap<(ArtifactType, String), Rule> = BTreeMap::new();
    for policy in governance.policies(hub) {
        let rule = rules.entry((policy.artifact.clone(), policy.slug.clone())).or_default();
        // Of several, the one that holds.
        if rule.policy.is_none() || policy.active {
            rule.policy = Some(policy.policy);
            rule.verbs.clone_from(&policy.verbs);
            rule.active = policy.active;
        }
    }
    for blocked in governance.blocked(hub).filter(|blocked| blocked.at <= now) {
        let rule = rules.entry((blocked.artifact.clone(), blocked.slug.clone())).or_default();
        let recent = now.since(blocked.at) < BLOCKED_WINDOW;
        rule.blocked_7_days = rule.blocked_7_days.saturating_add(u64::from(recent));
        rule.blocked_ever = rule.blocked_ever.saturating_add(1);
    }
    rules
}

/// The hubs that governance knows of.
pub(super) fn known<'a>(governance: &'a Governance, filter: &HubFilter) -> Vec<&'a HubId> {
    hubs(governance.hubs(), filter)
}

pub(super) fn sheet(governance: &Governance, filter: &HubFilter, now: Timestamp) -> Sheet {
    let mut sheet = Sheet::new("governance", COLUMNS);
    for hub in known(governance, filter) {
        let default = governance.default_of(hub);
        for ((artifact, agent), rule) in &rules(governance, hub, now) {
            let version = rule.policy.map(|policy| u64::from(policy.version));
            let cells = vec![
                Cell::text(hub),
                Cell::text(artifact),
                Cell::text(agent),
                Cell::Text(verbs(&rule.verbs)),
                version.map_or(Cell::None, Cell::Count),
                Cell::text(if rule.active { "yes" } else { "no" }),
                Cell::Count(rule.blocked_7_days),
                Cell::Count(rule.blocked_ever),
                Cell::text(default),
            ];
            sheet.row(cells, &Line { hub, artifact, agent, rule, default });
        }
    }
    sheet
}

/// Every attempt that was denied in the last seven days, the newest first.
pub(super) fn denied(governance: &Governance, filter: &HubFilter, now: Timestamp) -> Sheet {
    let mut sheet = Sheet::new("denied", DENIED);
    for hub in known(governance, filter) {
        for one in governance.blocked_lately(hub, now) {
            let cells = vec![
                Cell::Time(one.at),
                Cell::text(hub),
                Cell::text(&one.slug),
                Cell::text(one.purpose),
                Cell::text(one.verb),
                Cell::text(&one.artifact),
                Cell::text(one.task),
                one.reason.as_deref().map_or(Cell::None, Cell::text),
            ];
            sheet.row(cells, one);
        }
    }
    sheet
}

pub(super) fn verbs(verbs: &[Verb]) -> String {
    let verbs: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
    verbs.join(" ")
}
