//! A small federation: a triage agent and three experts, one of them mistrusted.

use std::collections::BTreeSet;

use convoke_events::{
    ArtifactType, Escalation, HubId, Key, Limits, MicroUsd, ModelFamily, ModelName, ProviderName,
    Rate, Slug, TaskPlan, TaskRules, TaskType, Tier, Tokens, TrustLevel, Verb,
};

use crate::command::{AgentRegistration, Command, PolicyRule, Price, TaskSubmission};

fn word<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a word of the test's own")
}

/// The hub of the small federation.
///
/// # Panics
/// Never: the name is a slug.
pub fn hub() -> HubId {
    word("workshop")
}

/// An agent of the small federation, with `rules` settings of this JSON.
///
/// # Panics
/// If the slug is none.
pub fn member(slug: &str, settings: &str) -> AgentRegistration {
    AgentRegistration {
        slug: word::<Slug>(slug),
        name: slug.to_owned(),
        description: String::new(),
        provider: ProviderName::Rules,
        model: word::<ModelName>("rules-1"),
        family: word::<ModelFamily>(slug),
        base_url: None,
        trust: TrustLevel::Advisory,
        tier: Tier::T0,
        capabilities: Vec::new(),
        keywords: Vec::new(),
        rate: Rate::new(10),
        system_prompt: format!("You are {slug}."),
        settings: Some(settings.to_owned()),
    }
}

/// Bounds under which every call of the small federation ends in time.
pub const fn task_rules() -> TaskRules {
    TaskRules {
        deadline_ms: 3_600_000,
        max_output: Tokens::new(100),
        min_contributions: 2,
        one_failure_fails_all: false,
        quorum: None,
        allowed: Vec::new(),
    }
}

/// A request to the small federation, triaged first.
///
/// # Panics
/// Never: the words are fixed.
pub fn submission(request: &str, body: &str) -> TaskSubmission {
    let escalate =
        |on: &str, to: &str| Escalation { on: word::<Key>(on), to: word::<TaskType>(to) };
    let plan = TaskPlan::Triage {
        task_type: word("triage"),
        escalate: vec![escalate("bug", "implementation"), escalate("policy", "policy_check")],
        rules: task_rules(),
    };
    let limits = Limits {
        tokens: Some(Tokens::new(1_200)),
        money: Some(MicroUsd::new(5_000)),
        ..Limits::default()
    };
    TaskSubmission {
        request: request.to_owned(),
        attempt: 0,
        title: format!("Request {request}"),
        body: body.to_owned(),
        source: None,
        plan,
        limits,
    }
}

fn rules(rules: &[(&str, &str)], otherwise: &str) -> String {
    let rule = |(word, key): &(&str, &str)| serde_json::json!({"any": [word], "recommend": key, "confidence": 0.9, "reason": "a rule"});
    let rules: Vec<_> = rules.iter().map(rule).collect();
    let otherwise =
        serde_json::json!({"recommend": otherwise, "confidence": 0.6, "reason": "none"});
    serde_json::json!({"rules": rules, "otherwise": otherwise}).to_string()
}

/// The commands that set the small federation up, in order: `scout` triages; `forge`, `mace` and
/// `helm` are asked about bugs and disagree where a request says `odd`; `mace` may not propose.
/// Nobody may propose on policies.
pub fn orders() -> Vec<Command> {
    let price = Price {
        input: MicroUsd::new(1_000_000),
        cached: MicroUsd::new(100_000),
        output: MicroUsd::new(2_000_000),
    };
    let mut orders = vec![
        Command::OpenHub { name: "Workshop".to_owned(), limits: Limits::default() },
        Command::SetPrice { provider: ProviderName::Rules, model: word("rules-1"), price },
    ];
    let scout = rules(&[("crash", "bug"), ("licence", "policy")], "ignore");
    let experts = [
        ("scout", scout),
        ("forge", rules(&[("crash", "fix")], "wait")),
        ("mace", rules(&[("crash", "fix")], "wait")),
        ("helm", rules(&[("odd", "look"), ("crash", "fix")], "wait")),
        ("quill", rules(&[("odd", "ask"), ("crash", "fix")], "wait")),
    ];
    for (slug, settings) in &experts {
        orders.push(Command::RegisterAgent(member(slug, settings)));
    }
    let mut route = |task_type: &str, slugs: &[&str]| {
        for (priority, slug) in (1..).zip(slugs) {
            let (task_type, agent) = (word::<TaskType>(task_type), word(slug));
            orders.push(Command::SetRoutingPolicy { task_type, agent, priority, active: true });
        }
    };
    route("triage", &["scout"]);
    route("implementation", &["forge", "mace", "helm", "quill"]);
    route("policy_check", &["mace"]);
    let mut allow = |slug: &str, artifact: &str, verb: Verb| {
        let (agent, artifact) = (word(slug), word::<ArtifactType>(artifact));
        let verbs = BTreeSet::from([verb]);
        orders.push(Command::SetGovernancePolicy(PolicyRule::new(agent, artifact, verbs)));
    };
    allow("scout", "request", Verb::Read);
    allow("forge", "implementation", Verb::Propose);
    allow("mace", "implementation", Verb::Read);
    allow("helm", "implementation", Verb::Propose);
    allow("quill", "implementation", Verb::Propose);
    orders
}
