//! A scenario: the hub, its agents and policies, and the way every request goes.

use std::collections::BTreeSet;
use std::path::Path;

use convoke_actors::command::{AgentRegistration, Price};
use convoke_events::{
    CollectiveRules, GovernanceDefault, HubId, LifecycleRules, Limits, MicroUsd, ModelName,
    ProviderName, RetryRules, ReviewRules, RoutingRules, TaskPlan,
};

use super::agents::{agent, known_provider};
use super::fields::{Field, Fields, every};
use super::known::{Known, slugs};
use super::limits::limits;
use super::mistake::{ConfigError, quoted};
use super::policies::{GovernanceRule, Route, governance, routing};
use super::retry::retry;
use super::routing_rules::routing_rules;
use super::task_types::OwnTaskType;
use super::{collective, file, lifecycle, reviews, task_types, tasks};

/// Everything a scenario file says.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The hub.
    pub hub: HubId,
    /// What the hub is called.
    pub name: String,
    /// What holds where no governance policy speaks.
    pub default: GovernanceDefault,
    /// What the hub may spend in all.
    pub limits: Limits,
    /// Which way every request goes.
    pub plan: TaskPlan,
    /// What every request may spend.
    pub task_limits: Limits,
    /// How collectives come to a verdict.
    pub collective: CollectiveRules,
    /// The task types of the hub's own.
    pub task_types: Vec<OwnTaskType>,
    /// The agents, in the order of the file.
    pub agents: Vec<AgentRegistration>,
    /// What the hub does when calls fail, where the file says so.
    pub retry: Option<RetryRules>,
    /// What holds for every review, where the file says so.
    pub reviews: Option<ReviewRules>,
    /// By which rules agents live, where the file says so.
    pub lifecycle: Option<LifecycleRules>,
    /// What models cost.
    pub prices: Vec<PricedModel>,
    /// Whom to ask.
    pub routing: Vec<Route>,
    /// How the task types are routed that no policy speaks of; none leaves it as it is.
    pub routing_rules: Option<RoutingRules>,
    /// Who may do what.
    pub policies: Vec<GovernanceRule>,
}

/// A model and its price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PricedModel {
    /// Whose model.
    pub provider: ProviderName,
    /// Which.
    pub model: ModelName,
    /// How much.
    pub price: Price,
}

/// Reads a scenario file.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_scenario(from: &Path) -> Result<Scenario, ConfigError> {
    file::load(from, scenario)
}

/// Reads a scenario from a text; `from` is what mistakes are reported under.
///
/// # Errors
/// [`ConfigError::Mistaken`] with every mistake.
pub fn parse_scenario(from: &Path, text: &str) -> Result<Scenario, ConfigError> {
    file::parse(from, text, scenario)
}

fn scenario(mut fields: Fields<'_>) -> Option<Scenario> {
    let hub = fields.need("hub").and_then(|hub| self::hub(&hub));
    let agents = fields.need("agents").and_then(|agents| agents.list(1..=1000));
    let slugs = slugs(agents.as_deref().unwrap_or_default());
    let agents: Option<Vec<_>> =
        agents.and_then(|agents| every(agents.iter().map(|one| agent(one, &slugs))));
    let task_types = task_types::own(&mut fields);
    let known = Known::new(slugs, task_types.as_deref().unwrap_or_default());
    let prices = fields.list("prices").and_then(|list| prices(&list));
    let routes = fields.need("routing").and_then(|list| list.list(1..=1000));
    let routes = routes.and_then(|list| routing(&list, &known));
    let routing_rules = fields
        .get("routing_rules")
        .map_or(Some(None), |rules| routing_rules(&rules, &known).map(Some));
    let policies = fields.list("policies").and_then(|list| governance(&list, &known));
    let collective = collective::rules(&mut fields, &known);
    let reachable = tasks::routed(routes.as_deref(), routing_rules.as_ref());
    let by_policy = routes.as_deref().unwrap_or_default();
    let tasks = fields
        .need("tasks")
        .and_then(|tasks| tasks::tasks(&tasks, reachable.as_ref(), by_policy, &known));
    let retry = fields.get("retry").map_or(Some(None), |retry| self::retry(&retry).map(Some));
    let reviews =
        fields.get("reviews").map_or(Some(None), |reviews| reviews::rules(&reviews).map(Some));
    let lifecycle = fields
        .get("lifecycle")
        .map_or(Some(None), |rules| lifecycle::rules(&rules, &known).map(Some));
    fields.finish();
    let (hub, name, default, limits) = hub?;
    let (plan, task_limits) = tasks?;
    Some(Scenario {
        hub,
        name,
        default,
        limits,
        plan,
        task_limits,
        collective: collective?,
        task_types: task_types?,
        agents: agents?,
        retry: retry?,
        reviews: reviews?,
        lifecycle: lifecycle?,
        prices: prices?,
        routing: routes?,
        routing_rules: routing_rules?,
        policies: policies?,
    })
}

fn hub(field: &Field<'_>) -> Option<(HubId, String, GovernanceDefault, Limits)> {
    let mut fields = field.table()?;
    let slug = fields.need("slug").and_then(|slug| slug.word());
    let name = fields.need("name").and_then(|name| name.text(1..=256));
    let default =
        fields.get("default").map_or(Some(GovernanceDefault::Deny), |default| default.word());
    let limits = limits(&mut fields);
    fields.finish();
    Some((slug?, name?, default?, limits?))
}

fn prices(list: &[Field<'_>]) -> Option<Vec<PricedModel>> {
    let mut seen = BTreeSet::new();
    every(list.iter().map(|field| {
        let mut fields = field.table()?;
        let provider = fields.need("provider").and_then(|provider| known_provider(&provider));
        let model = fields.need("model").and_then(|model| model.word::<ModelName>());
        let mut amount = |name| fields.need(name).and_then(|amount| amount.number(0..=u64::MAX));
        let (input, cached, output) = (amount("input"), amount("cached"), amount("output"));
        fields.finish();
        let (provider, model) = (provider?, model?);
        if !seen.insert((provider.clone(), model.clone())) {
            field.mistake(format!("another price of {}", quoted(model.as_str())), "one per model");
            return None;
        }
        let price = Price {
            input: MicroUsd::new(input?),
            cached: MicroUsd::new(cached?),
            output: MicroUsd::new(output?),
        };
        Some(PricedModel { provider, model, price })
    }))
}
