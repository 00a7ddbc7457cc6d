//! The hub is brought to what the scenario says; what events closed stays closed.

use std::collections::{BTreeMap, BTreeSet};

use convoke_actors::command::{Command, CommandError};
use convoke_events::{ArtifactType, Log, Slug, TaskType};
use convoke_projections::{Agents, Budgets, Governance, Projection, Routing, fold_to_head};

use crate::Acting;
use crate::cli::failure::Failure;
use crate::config::Scenario;

/// What the log says otherwise than the scenario, and a run leaves as it is.
pub(super) struct Differences {
    notes: Vec<String>,
    switched_off_policies: BTreeSet<(String, ArtifactType)>,
    switched_off_routes: BTreeSet<(TaskType, u32)>,
}

impl Differences {
    /// Compares the log with the scenario.
    pub(super) fn of(log: &Log, scenario: &Scenario) -> Result<Self, Failure> {
        let mut differences = Self {
            notes: Vec::new(),
            switched_off_policies: BTreeSet::new(),
            switched_off_routes: BTreeSet::new(),
        };
        differences.compare_agents(&view(log)?, scenario);
        differences.compare_policies(&view(log)?, scenario);
        differences.compare_routing(&view(log)?, scenario);
        differences.compare_accounts(&view(log)?, scenario);
        Ok(differences)
    }

    /// In words, one line each.
    pub(super) fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(String::as_str)
    }

    fn compare_agents(&mut self, agents: &Agents, scenario: &Scenario) {
        let named: BTreeSet<&Slug> = scenario.agents.iter().map(|agent| &agent.slug).collect();
        for agent in agents.of_hub(&scenario.hub) {
            let slug = &agent.slug;
            match (named.contains(slug), agent.active) {
                (true, false) => self.notes.push(format!(
                    "agent `{slug}` was deactivated and is left so; the scenario has it"
                )),
                (false, true) => self.notes.push(format!(
                    "agent `{slug}` is registered and left so; the scenario lacks it"
                )),
                (true, true) | (false, false) => {}
            }
        }
    }

    fn compare_policies(&mut self, governance: &Governance, scenario: &Scenario) {
        let named: BTreeSet<(&str, &ArtifactType)> =
            scenario.policies.iter().map(|rule| (rule.agent.as_str(), &rule.artifact)).collect();
        for policy in governance.policies(&scenario.hub) {
            let (agent, artifact) = (&policy.slug, &policy.artifact);
            match (named.contains(&(agent.as_str(), artifact)), policy.active) {
                (true, false) => {
                    self.notes.push(format!(
                        "the policy of `{agent}` on `{artifact}` was switched off and is left so; \
                         the scenario has it"
                    ));
                    self.switched_off_policies.insert((agent.clone(), artifact.clone()));
                }
                (false, true) => self.notes.push(format!(
                    "the policy of `{agent}` on `{artifact}` holds and is left so; the scenario \
                     lacks it"
                )),
                (true, true) | (false, false) => {}
            }
        }
    }

    fn compare_routing(&mut self, routing: &Routing, scenario: &Scenario) {
        let named: BTreeMap<(&TaskType, u32), &Slug> = routes(scenario).collect();
        for policy in routing.policies(&scenario.hub) {
            let (task_type, priority) = (&policy.task_type, policy.priority);
            match (named.contains_key(&(task_type, priority)), policy.active) {
                (true, false) => {
                    self.notes.push(format!(
                        "the routing of `{task_type}` at priority {priority} was switched off and \
                         is left so; the scenario has it"
                    ));
                    self.switched_off_routes.insert((task_type.clone(), priority));
                }
                (false, true) => self.notes.push(format!(
                    "the routing of `{task_type}` to `{}` at priority {priority} holds and is left \
                     so; the scenario lacks it",
                    policy.slug
                )),
                (true, true) | (false, false) => {}
            }
        }
    }

    fn compare_accounts(&mut self, budgets: &Budgets, scenario: &Scenario) {
        let roots = budgets.iter().filter(|account| account.hub == scenario.hub);
        if roots.filter(|account| account.parent.is_none()).any(|account| account.closed) {
            self.notes.push("the hub's account was closed by an overrun and is left so".to_owned());
        }
    }
}

fn view<V: Projection>(log: &Log) -> Result<V, Failure> {
    Ok(fold_to_head::<V>(log)?.view)
}

/// Every place a scenario routes to: task type and priority, 1 first.
fn routes(scenario: &Scenario) -> impl Iterator<Item = ((&TaskType, u32), &Slug)> {
    scenario.routing.iter().flat_map(|route| {
        (1..).zip(&route.agents).map(|(priority, agent)| ((&route.task_type, priority), agent))
    })
}

/// Gives every command that the scenario stands for; those that would change nothing leave no
/// event.
pub(super) async fn bring_up(
    acting: &Acting,
    scenario: &Scenario,
    differences: &Differences,
) -> Result<(), CommandError> {
    acting.open(&scenario.name, scenario.limits).await?;
    acting.command(Command::SetHubLimits(scenario.limits)).await?;
    acting.command(Command::SetGovernanceDefault(scenario.default)).await?;
    for priced in &scenario.prices {
        let (provider, model, price) =
            (priced.provider.clone(), priced.model.clone(), priced.price);
        acting.command(Command::SetPrice { provider, model, price }).await?;
    }
    for agent in &scenario.agents {
        acting.register(agent.clone()).await?;
    }
    for ((task_type, priority), agent) in routes(scenario) {
        if !differences.switched_off_routes.contains(&(task_type.clone(), priority)) {
            acting.route(task_type.clone(), agent.clone(), priority).await?;
        }
    }
    if let Some(rules) = &scenario.routing_rules {
        acting.command(Command::SetRoutingRules(rules.clone())).await?;
    }
    for rule in &scenario.policies {
        let place = (rule.agent.to_string(), rule.artifact.clone());
        if !differences.switched_off_policies.contains(&place) {
            acting.allow(rule.agent.clone(), rule.artifact.clone(), rule.verbs.clone()).await?;
        }
    }
    Ok(())
}
