//! A scenario: the hub, its agents and policies, and the way every request goes.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use convoke_actors::BUILT_IN;
use convoke_actors::command::{AgentRegistration, Price};
use convoke_actors::shape::Shape;
use convoke_events::{
    ArtifactType, CollectiveRules, Escalation, GovernanceDefault, HubId, Key, Limits, MicroUsd,
    ModelName, Period, ProviderName, RetryRules, RoutingRules, Slug, TaskPlan, TaskRules, TaskType,
    Tokens, Verb,
};
use toml::de::DeTable;

use super::agents::{agent, known_provider};
use super::collective;
use super::fields::{Field, Fields, Sheet};
use super::mistake::{Allowed, ConfigError, quoted};
use super::retry::retry;
use super::routing_rules::routing_rules;

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
    /// The agents, in the order of the file.
    pub agents: Vec<AgentRegistration>,
    /// What the hub does when calls fail, where the file says so.
    pub retry: Option<RetryRules>,
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

/// Whom to ask for a task type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// For which tasks.
    pub task_type: TaskType,
    /// Whom, in order of priority.
    pub agents: Vec<Slug>,
}

/// What an agent may do with an artifact type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GovernanceRule {
    /// Which agent.
    pub agent: Slug,
    /// Which artifacts.
    pub artifact: ArtifactType,
    /// What it may do.
    pub verbs: BTreeSet<Verb>,
    /// How many people have to agree to what it proposes: 1 or 2.
    pub reviewers: u32,
}

/// Reads a scenario file.
///
/// # Errors
/// [`ConfigError`] if the file cannot be read, or with every mistake in it.
pub fn load_scenario(file: &Path) -> Result<Scenario, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| ConfigError::Unreadable { file: file.to_owned(), source })?;
    parse_scenario(file, &text)
}

/// Reads a scenario from a text; `file` is what mistakes are reported under.
///
/// # Errors
/// [`ConfigError::Mistaken`] with every mistake.
pub fn parse_scenario(file: &Path, text: &str) -> Result<Scenario, ConfigError> {
    let sheet = Sheet::new(file, text);
    let scenario = match DeTable::parse(text) {
        Ok(table) => {
            let fields = Fields::new(&sheet, String::new(), table.span(), table.get_ref());
            scenario(fields)
        }
        Err(error) => {
            let at = error.span().unwrap_or(0..0);
            let line = text.get(at.start..).unwrap_or("").lines().next().unwrap_or("");
            let found = format!("{} ({})", quoted(line), error.message().replace('\n', ", "));
            sheet.mistake(&at, "", found, "TOML");
            None
        }
    };
    let mistakes = sheet.into_mistakes();
    match scenario {
        Some(scenario) if mistakes.is_empty() => Ok(scenario),
        _ => Err(ConfigError::Mistaken { mistakes }),
    }
}

fn scenario(mut fields: Fields<'_>) -> Option<Scenario> {
    let hub = fields.need("hub").and_then(|hub| self::hub(&hub));
    let agents = fields.need("agents").and_then(|agents| agents.list(1..=1000));
    let slugs = slugs(agents.as_deref().unwrap_or_default());
    let agents: Option<Vec<_>> =
        agents.and_then(|agents| every(agents.iter().map(|one| agent(one, &slugs))));
    let prices = list(&mut fields, "prices").and_then(|list| prices(&list));
    let routing = fields.need("routing").and_then(|list| list.list(1..=1000));
    let routing = routing.and_then(|list| routing_of(&list, &slugs));
    let routing_rules =
        fields.get("routing_rules").map_or(Some(None), |rules| routing_rules(&rules).map(Some));
    let policies = list(&mut fields, "policies").and_then(|list| policies_of(&list, &slugs));
    let collective = collective::rules(&mut fields, &slugs);
    let routed = routed(routing.as_deref(), routing_rules.as_ref());
    let by_policy = routing.as_deref().unwrap_or_default();
    let tasks =
        fields.need("tasks").and_then(|tasks| self::tasks(&tasks, routed.as_ref(), by_policy));
    let retry = fields.get("retry").map_or(Some(None), |retry| self::retry(&retry).map(Some));
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
        agents: agents?,
        retry: retry?,
        prices: prices?,
        routing: routing?,
        routing_rules: routing_rules?,
        policies: policies?,
    })
}

/// All of them, or nothing; every one is looked at, so that every mistake is found.
pub(super) fn every<T>(parts: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let parts: Vec<Option<T>> = parts.collect();
    parts.into_iter().collect()
}

pub(super) fn list<'a>(fields: &mut Fields<'a>, name: &'static str) -> Option<Vec<Field<'a>>> {
    fields.get(name).map_or_else(|| Some(Vec::new()), |list| list.list(0..=usize::MAX))
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

fn limits(fields: &mut Fields<'_>) -> Option<Limits> {
    let Some(field) = fields.get("limits") else { return Some(Limits::default()) };
    let mut fields = field.table()?;
    let mut limit =
        |name| fields.get(name).map_or(Some(None), |limit| limit.number(0..=u64::MAX).map(Some));
    let (tokens, money) = (limit("tokens"), limit("micro_usd"));
    let period = fields.get("period").map_or(Some(Period::Total), |period| period.word());
    fields.finish();
    let (tokens, money) = (tokens?.map(Tokens::new), money?.map(MicroUsd::new));
    Some(Limits { tokens, money, period: period? })
}

/// The task types that somebody is or may be routed to; nothing where that is not known.
fn routed<'a>(
    routing: Option<&'a [Route]>,
    rules: Option<&'a Option<RoutingRules>>,
) -> Option<BTreeSet<&'a TaskType>> {
    let routes = routing?.iter().map(|route| &route.task_type);
    Some(routes.chain(rules?.iter().flat_map(|rules| rules.ways.keys())).collect())
}

fn tasks(
    field: &Field<'_>,
    known: Option<&BTreeSet<&TaskType>>,
    by_policy: &[Route],
) -> Option<(TaskPlan, Limits)> {
    let mut fields = field.table()?;
    let routed = |field: &Field<'_>| {
        let task_type = task_type(field)?;
        let known = known?.contains(&task_type);
        if !known {
            field.unlike("a task type with a [[routing]] entry");
        }
        known.then_some(task_type)
    };
    let shape = fields.get("shape").map(|field| shape(&field, known));
    let triage = match shape {
        None => fields.need("triage"),
        Some(_) => None,
    };
    let triage = triage.and_then(|triage| routed(&triage));
    let escalate = match shape {
        None => fields.need("escalate"),
        Some(_) => None,
    };
    let escalate = escalate.and_then(|escalate| {
        every(escalate.table()?.all().iter().map(|(key, field)| {
            let to = routed(field);
            let Some(on) = Key::new(key).ok() else {
                field.mistake(
                    format!("the recommendation {}", quoted(key)),
                    "one in canonical form, such as `needs-work`",
                );
                return None;
            };
            Some(Escalation { on, to: to? })
        }))
    });
    let limits = limits(&mut fields);
    let mut number = |name, bound| fields.need(name).and_then(|field| field.number(bound));
    let deadline = number("deadline_s", 1..=86_400);
    let max_output = number("max_output", 16..=2_000);
    let least_field = fields.need("min_contributions");
    let least = least_field.as_ref().and_then(|field| field.number(1..=1_000));
    let one_failure_fails_all =
        fields.get("one_failure_fails_all").map_or(Some(false), |truth| truth.truth());
    let quorum = fields.get("quorum").map_or(Some(None), |quorum| {
        collective::can_wait_for_some(&quorum, one_failure_fails_all)?;
        quorum
            .number(least.unwrap_or(1)..=1_000)
            .and_then(|quorum| u32::try_from(quorum).ok())
            .map(Some)
    });
    let allowed =
        fields.get("allowed").map_or_else(|| Some(Vec::new()), |keys| keys.words::<Key>(2..=64));
    fields.finish();
    let rules = TaskRules {
        deadline_ms: deadline?.saturating_mul(1_000),
        max_output: Tokens::new(max_output?),
        min_contributions: u32::try_from(least?).ok()?,
        one_failure_fails_all: one_failure_fails_all?,
        quorum: quorum?,
        allowed: allowed?,
    };
    let convened = |route: &&Route| {
        escalate.iter().flatten().any(|escalation| escalation.to == route.task_type)
    };
    let convened = by_policy.iter().filter(convened);
    if !collective::can_be_had(&least_field?, &rules, convened) {
        return None;
    }
    let plan = match shape {
        Some(shape) => shape?.plan(rules),
        None => TaskPlan::Triage { task_type: triage?, escalate: escalate?, rules },
    };
    Some((plan, limits?))
}

/// A ready shape, whose task type is routed: every request is answered in it by one agent.
fn shape(field: &Field<'_>, routed: Option<&BTreeSet<&TaskType>>) -> Option<&'static Shape> {
    let Some(shape) = field.as_str().and_then(Shape::find) else {
        let known: Vec<&str> = Shape::all().map(Shape::name).collect();
        field.unlike(format!("a task shape: {}", known.join(", ")));
        return None;
    };
    let task_type = shape.task_type();
    if !routed?.contains(&task_type) {
        field.unlike(format!("a shape whose task type `{task_type}` has a [[routing]] entry"));
        return None;
    }
    Some(shape)
}

/// The slugs that can be named elsewhere; one that stands twice is a mistake.
pub(super) fn slugs(agents: &[Field<'_>]) -> BTreeSet<String> {
    let mut slugs = BTreeSet::new();
    for agent in agents {
        let slug = agent.peek("slug");
        let text = slug.as_ref().and_then(Field::as_str);
        if let (Some(slug), Some(text)) = (&slug, text)
            && !slugs.insert(text.to_owned())
        {
            slug.mistake(format!("{} again", quoted(text)), "a slug of its own for every agent");
        }
    }
    slugs
}

/// The slug of an agent of the file.
pub(super) fn named(field: &Field<'_>, slugs: &BTreeSet<String>) -> Option<Slug> {
    let slug = field.word::<Slug>()?;
    if slugs.contains(slug.as_str()) {
        return Some(slug);
    }
    let known: Vec<&str> = slugs.iter().map(String::as_str).collect();
    field.unlike(format!("the slug of an agent in this file: {}", known.join(", ")));
    None
}

fn task_type(field: &Field<'_>) -> Option<TaskType> {
    let own: Vec<TaskType> = Shape::all().map(Shape::task_type).collect();
    let built_in = BUILT_IN.iter().map(|(task_type, _)| *task_type);
    let own = own.iter().map(TaskType::as_str).filter(|own| !built_in.clone().any(|it| it == *own));
    among(field, "a task type", &built_in.clone().chain(own).collect::<Vec<_>>())
}

/// Whether every hub knows this task type.
pub(super) fn known_task_type(task_type: &TaskType) -> bool {
    BUILT_IN.iter().any(|(known, _)| *known == task_type.as_str())
}

fn artifact(field: &Field<'_>) -> Option<ArtifactType> {
    let own: Vec<ArtifactType> = Shape::all().map(Shape::artifact).collect();
    let built_in = BUILT_IN.iter().map(|(_, artifact)| *artifact);
    let own =
        own.iter().map(ArtifactType::as_str).filter(|own| !built_in.clone().any(|it| it == *own));
    among(field, "an artifact type", &built_in.clone().chain(own).collect::<Vec<_>>())
}

/// A word that is one of these.
fn among<T: FromStr<Err: Allowed>>(field: &Field<'_>, kind: &str, known: &[&str]) -> Option<T> {
    if field.as_str().is_some_and(|word| known.contains(&word)) {
        return field.word();
    }
    field.unlike(format!("{kind}: {}", known.join(", ")));
    None
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

pub(super) fn routing_of(list: &[Field<'_>], slugs: &BTreeSet<String>) -> Option<Vec<Route>> {
    let mut seen = BTreeSet::new();
    every(list.iter().map(|field| {
        let mut fields = field.table()?;
        let task_type = fields.need("task_type").and_then(|field| {
            let task_type = task_type(&field)?;
            if !seen.insert(task_type.clone()) {
                field
                    .mistake(format!("{} again", quoted(task_type.as_str())), "one entry per type");
                return None;
            }
            Some(task_type)
        });
        let agents = fields.need("agents").and_then(|agents| {
            let mut seen = BTreeSet::new();
            every(agents.list(1..=64)?.iter().map(|agent| {
                let slug = named(agent, slugs)?;
                if !seen.insert(slug.clone()) {
                    agent.mistake(format!("{} again", quoted(slug.as_str())), "each agent once");
                    return None;
                }
                Some(slug)
            }))
        });
        fields.finish();
        Some(Route { task_type: task_type?, agents: agents? })
    }))
}

pub(super) fn policies_of(
    list: &[Field<'_>],
    slugs: &BTreeSet<String>,
) -> Option<Vec<GovernanceRule>> {
    let mut seen = BTreeSet::new();
    every(list.iter().map(|field| {
        let mut fields = field.table()?;
        let agent = fields.need("agent").and_then(|agent| named(&agent, slugs));
        let artifact = fields.need("artifact").and_then(|field| artifact(&field));
        let verbs = fields.need("verbs").and_then(|verbs| verbs.words::<Verb>(0..=Verb::ALL.len()));
        let reviewers = fields.get("reviewers").map_or(Some(1), |people| people.number(1..=2));
        fields.finish();
        let reviewers = u32::try_from(reviewers?).ok()?;
        let (agent, artifact) = (agent?, artifact?);
        if !seen.insert((agent.clone(), artifact.clone())) {
            let found = format!("another policy for {agent} on {artifact}");
            field.mistake(found, "one for each agent and artifact type");
            return None;
        }
        Some(GovernanceRule { agent, artifact, verbs: verbs?.into_iter().collect(), reviewers })
    }))
}
