//! Governance policies: what agents may do with what, and how many people have to agree to it.

use convoke_actors::command::{Command, PolicyRule};
use convoke_events::{Clock, HubId, SystemClock, Verb};
use convoke_projections::governance::GovernancePolicy;
use convoke_projections::{Agents, Governance, fold_to_head};
use serde::Serialize;
use serde_json::json;

use super::{told, yes_or_no};
use crate::cli::agents::find;
use crate::cli::args::policies::Governed;
use crate::cli::args::{By, Global, HubFilter};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::ordering::{give, receipt};
use crate::cli::render::{Output, Table, plain};

pub(super) fn list(
    global: &Global,
    filter: &HubFilter,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, filter)?;
    let governance = fold_to_head::<Governance>(&log)?.view;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let mut hubs: Vec<&HubId> = agents.iter().map(|agent| &agent.hub).collect();
    hubs.sort();
    hubs.dedup();
    hubs.retain(|hub| filter.takes(hub));
    let policies = hubs.iter().flat_map(|hub| governance.policies(hub));
    if output.json {
        for policy in policies {
            output.json(policy)?;
        }
        return Ok(());
    }
    let mut table =
        Table::new(&["hub", "agent", "artifact", "allows", "reviewers#", "holds", "version#"]);
    for policy in policies {
        table.row([
            policy.hub.to_string(),
            policy.slug.clone(),
            policy.artifact.to_string(),
            verbs(policy.verbs.iter().copied()),
            policy.reviewers.to_string(),
            yes_or_no(policy.active).to_owned(),
            policy.policy.version.to_string(),
        ]);
    }
    Ok(output.table(&table)?)
}

fn verbs(verbs: impl Iterator<Item = Verb>) -> String {
    let verbs: Vec<&str> = verbs.map(Verb::as_str).collect();
    if verbs.is_empty() { "-".to_owned() } else { verbs.join(", ") }
}

/// A policy with what it denied lately.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    policy: &'a GovernancePolicy,
    /// What the agent tried with the artifact type in the last seven days and was denied.
    blocked_7_days: usize,
}

pub(super) fn show(
    global: &Global,
    hub: &HubFilter,
    at: &Governed,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_read(global, hub)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let agent = find(&agents, hub, &at.agent)?;
    let governance = fold_to_head::<Governance>(&log)?.view;
    let policy = governance.policy(&agent.hub, agent.id, &at.artifact);
    let policy = policy.ok_or_else(|| unknown(at))?;
    let now = SystemClock::start().now();
    let recent = governance.blocked_lately(&agent.hub, now);
    let blocked = recent.filter(|one| one.agent == agent.id && one.artifact == at.artifact);
    let shown = Shown { policy, blocked_7_days: blocked.count() };
    if output.json {
        return Ok(output.json(&shown)?);
    }
    output.fact("policy", policy.policy.id)?;
    output.fact("hub", &policy.hub)?;
    output.fact("agent", &policy.slug)?;
    output.fact("artifact", &policy.artifact)?;
    output.fact("allows", verbs(policy.verbs.iter().copied()))?;
    output.fact("reviewers", policy.reviewers)?;
    output.fact("holds", yes_or_no(policy.active))?;
    let (version, since, by) = (policy.policy.version, policy.since, plain(&policy.by));
    output.fact("version", format_args!("{version}, {since} by {by}"))?;
    Ok(output.fact("blocked", format_args!("{} in the last 7 days", shown.blocked_7_days))?)
}

fn unknown(at: &Governed) -> Failure {
    Failure::Unknown { what: "policy", name: format!("{} on {}", at.agent, at.artifact) }
}

/// Sets a policy that holds: what it allows, and how many people it takes.
pub(super) fn set(
    global: &Global,
    hub: &HubFilter,
    (at, allow, reviewers): (&Governed, &[Verb], u32),
    by: &By,
    output: &mut Output,
) -> Result<(), Failure> {
    let verbs = allow.iter().copied().collect();
    let rule = PolicyRule::new(at.agent.clone(), at.artifact.clone(), verbs);
    give_rule(global, hub, &PolicyRule { reviewers, ..rule }, by, output)
}

/// Sets a policy as it stands, the other way round.
pub(super) fn toggle(
    global: &Global,
    hub: &HubFilter,
    at: &Governed,
    by: &By,
    output: &mut Output,
) -> Result<(), Failure> {
    let rule = toggled(global, hub, at)?;
    give_rule(global, hub, &rule, by, output)
}

fn toggled(global: &Global, hub: &HubFilter, at: &Governed) -> Result<PolicyRule, Failure> {
    let log = opening::hub_to_read(global, hub)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let agent = find(&agents, hub, &at.agent)?;
    let governance = fold_to_head::<Governance>(&log)?.view;
    let policy = governance.policy(&agent.hub, agent.id, &at.artifact);
    let policy = policy.ok_or_else(|| unknown(at))?;
    let verbs = policy.verbs.iter().copied().collect();
    let (reviewers, active) = (policy.reviewers, !policy.active);
    let rule = PolicyRule::new(at.agent.clone(), at.artifact.clone(), verbs);
    Ok(PolicyRule { reviewers, active, ..rule })
}

fn give_rule(
    global: &Global,
    hub: &HubFilter,
    rule: &PolicyRule,
    by: &By,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::hub_to_write(global, hub)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let hub = find(&agents, hub, &rule.agent)?.hub.clone();
    let by = by.name();
    let receipt = receipt(give(log, &hub, &by, Command::SetGovernancePolicy(rule.clone()))?);
    if output.json {
        return Ok(output.json(&json!({
            "agent": rule.agent,
            "artifact": rule.artifact,
            "verbs": rule.verbs,
            "reviewers": rule.reviewers,
            "active": rule.active,
            "by": by,
            "changed": receipt.is_some(),
            "position": receipt.map(|receipt| receipt.last),
            "hash": receipt.map(|receipt| receipt.hash),
        }))?);
    }
    let (agent, artifact) = (&rule.agent, &rule.artifact);
    let allowed = verbs(rule.verbs.iter().copied());
    let policy = format!("of {agent} on {artifact} ({allowed})");
    told(&policy, rule.active, (&by, receipt), output)
}
