//! `convoke policies`: what agents may do, and who changes that.

use convoke_actors::command::{Command, PolicyRule};
use convoke_events::{ArtifactType, HubId, Slug, Verb};
use convoke_projections::governance::GovernancePolicy;
use convoke_projections::{Agents, Governance, fold_to_head};
use serde_json::json;

use super::agents::find;
use super::args::governing::{self, PoliciesCommand};
use super::args::{By, Global, HubFilter};
use super::failure::Failure;
use super::opening;
use super::ordering::{give, receipt};
use super::render::{Output, Table, plain};

pub(super) fn policies(
    global: &Global,
    args: &governing::Policies,
    output: &mut Output,
) -> Result<(), Failure> {
    match &args.command {
        None | Some(PoliciesCommand::List) => list(global, &args.hub, output),
        Some(PoliciesCommand::Set { agent, artifact, allow, reviewers, by }) => {
            let (verbs, reviewers) = (allow.iter().copied().collect(), *reviewers);
            let rule = PolicyRule::new(agent.clone(), artifact.clone(), verbs);
            set(global, &args.hub, &PolicyRule { reviewers, ..rule }, by, output)
        }
        Some(PoliciesCommand::Toggle { agent, artifact, by }) => {
            let rule = toggled(global, &args.hub, agent, artifact)?;
            set(global, &args.hub, &rule, by, output)
        }
    }
}

fn list(global: &Global, filter: &HubFilter, output: &mut Output) -> Result<(), Failure> {
    let log = opening::to_read(global)?;
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
            if policy.active { "yes" } else { "no" }.to_owned(),
            policy.policy.version.to_string(),
        ]);
    }
    Ok(output.table(&table)?)
}

fn verbs(verbs: impl Iterator<Item = Verb>) -> String {
    let verbs: Vec<&str> = verbs.map(Verb::as_str).collect();
    if verbs.is_empty() { "-".to_owned() } else { verbs.join(", ") }
}

/// The policy as it stands, the other way round.
fn toggled(
    global: &Global,
    hub: &HubFilter,
    slug: &Slug,
    artifact: &ArtifactType,
) -> Result<PolicyRule, Failure> {
    let log = opening::to_read(global)?;
    let agents = fold_to_head::<Agents>(&log)?.view;
    let agent = find(&agents, hub, slug)?;
    let governance = fold_to_head::<Governance>(&log)?.view;
    let policies = governance.policies(&agent.hub);
    let is_it =
        |policy: &&&GovernancePolicy| policy.agent == agent.id && policy.artifact == *artifact;
    let name = format!("{slug} on {artifact}");
    let policy = policies.iter().find(is_it).ok_or(Failure::Unknown { what: "policy", name })?;
    let verbs = policy.verbs.iter().copied().collect();
    let (reviewers, active) = (policy.reviewers, !policy.active);
    Ok(PolicyRule { reviewers, active, ..PolicyRule::new(slug.clone(), artifact.clone(), verbs) })
}

fn set(
    global: &Global,
    hub: &HubFilter,
    rule: &PolicyRule,
    by: &By,
    output: &mut Output,
) -> Result<(), Failure> {
    let log = opening::to_write(global)?;
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
    let state = if rule.active { "holds" } else { "is switched off" };
    let (agent, artifact) = (&rule.agent, &rule.artifact);
    let allowed = verbs(rule.verbs.iter().copied());
    output.line(format_args!("the policy of {agent} on {artifact} ({allowed}) {state}"))?;
    match receipt {
        Some(receipt) => {
            let by = plain(&by);
            output.line(format_args!("recorded at position {}, by {by}", receipt.last))?;
        }
        None => output.line("it was so before")?,
    }
    Ok(())
}
