//! The hub is brought to what the scenario says; what events closed stays closed.

use std::collections::{BTreeMap, BTreeSet};

use convoke_actors::command::{Command, CommandError, PolicyRule};
use convoke_actors::shape::Shape;
use convoke_events::{ArtifactType, Log, Slug, TaskType};
use convoke_projections::{Agents, Budgets, Governance, Projection, Routing, fold_to_head};

use crate::Acting;
use crate::cli::failure::Failure;
use crate::config::{OwnTaskType, Scenario};

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

/// Every command that the scenario stands for, in order; those that would change nothing leave no
/// event. What events switched off is left out.
pub(super) fn commands(scenario: &Scenario, differences: &Differences) -> Vec<Command> {
    let (name, limits) = (scenario.name.clone(), scenario.limits);
    let mut commands = vec![
        Command::OpenHub { name, limits },
        Command::SetHubLimits(limits),
        Command::SetGovernanceDefault(scenario.default),
    ];
    commands.extend(scenario.retry.map(Command::SetRetryRules));
    commands.extend(scenario.reviews.map(Command::SetReviewRules));
    commands.extend(scenario.prices.iter().map(|priced| {
        let (provider, model, price) =
            (priced.provider.clone(), priced.model.clone(), priced.price);
        Command::SetPrice { provider, model, price }
    }));
    let is_routed = |shape: &&Shape| {
        let task_type = shape.task_type();
        let by_rule = scenario.routing_rules.as_ref();
        scenario.routing.iter().any(|route| route.task_type == task_type)
            || by_rule.is_some_and(|rules| rules.ways.contains_key(&task_type))
    };
    commands.extend(Shape::all().filter(is_routed).map(Shape::task_type_known));
    commands.extend(scenario.task_types.iter().cloned().map(
        |OwnTaskType { task_type, artifact }| Command::RegisterTaskType { task_type, artifact },
    ));
    commands.extend(scenario.lifecycle.clone().map(Command::SetLifecycleRules));
    commands.extend(scenario.agents.iter().cloned().map(Command::RegisterAgent));
    for ((task_type, priority), agent) in routes(scenario) {
        if !differences.switched_off_routes.contains(&(task_type.clone(), priority)) {
            let (task_type, agent) = (task_type.clone(), agent.clone());
            commands.push(Command::SetRoutingPolicy { task_type, agent, priority, active: true });
        }
    }
    if let Some(rules) = &scenario.routing_rules {
        commands.push(Command::SetRoutingRules(rules.clone()));
    }
    for rule in &scenario.policies {
        let place = (rule.agent.to_string(), rule.artifact.clone());
        if !differences.switched_off_policies.contains(&place) {
            let (agent, artifact, verbs) =
                (rule.agent.clone(), rule.artifact.clone(), rule.verbs.clone());
            let reviewers = rule.reviewers;
            let rule = PolicyRule { reviewers, ..PolicyRule::new(agent, artifact, verbs) };
            commands.push(Command::SetGovernancePolicy(rule));
        }
    }
    // Last, since it may name an agent as the judge.
    commands.push(Command::SetCollectiveRules(scenario.collective.clone()));
    commands
}

/// Gives every command that the scenario stands for.
pub(super) async fn bring_up(
    acting: &Acting,
    scenario: &Scenario,
    differences: &Differences,
) -> Result<(), CommandError> {
    for command in commands(scenario, differences) {
        acting.command(command).await?;
    }
    Ok(())
}
