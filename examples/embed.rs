//! A host program in small: a hub with one agent, one task, and what is known of it afterwards.
//!
//! `cargo run --example embed`

use std::collections::BTreeSet;

use convoke::events::{
    Limits, ModelFamily, ModelName, ProviderName, Rate, Slug, TaskPlan, TaskRules, TaskType, Tier,
    Tokens, TrustLevel, Verb,
};
use convoke::{AgentRegistration, Runtime, TaskSubmission};

/// What the agent knows; a real one would name a model instead.
const RULES: &str = r#"{
    "rules": [
        {"any": ["crash", "panic"], "recommend": "bug", "confidence": 0.9, "reason": "it broke"}
    ],
    "otherwise": {"recommend": "question", "confidence": 0.6, "reason": "nothing broke"}
}"#;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // In memory, so that the example leaves nothing behind; a service names a directory.
    let runtime = Runtime::builder().in_memory().start()?;
    let hub = runtime.hub("support".parse()?);
    let ada = hub.as_person("ada");

    let limits = |tokens| Limits { tokens: Some(Tokens::new(tokens)), ..Limits::default() };
    ada.open("Support", limits(1_000_000)).await?;
    let scout: Slug = "scout".parse()?;
    ada.register(AgentRegistration {
        slug: scout.clone(),
        name: "Scout".to_owned(),
        description: "Says what a request is".to_owned(),
        provider: ProviderName::Rules,
        model: ModelName::new("rules-small")?,
        family: ModelFamily::new("scout")?,
        base_url: None,
        trust: TrustLevel::Advisory,
        tier: Tier::T0,
        capabilities: Vec::new(),
        keywords: Vec::new(),
        rate: Rate::new(10),
        system_prompt: "Say what the request is.".to_owned(),
        settings: Some(RULES.to_owned()),
    })
    .await?;

    // Who is asked, and that it may: without either line nothing is ever sent.
    let triage: TaskType = "triage".parse()?;
    ada.route(triage.clone(), scout.clone(), 1).await?;
    ada.allow(scout, "request".parse()?, BTreeSet::from([Verb::Read])).await?;

    let rules = TaskRules {
        deadline_ms: 10_000,
        max_output: Tokens::new(200),
        min_contributions: 1,
        one_failure_fails_all: false,
        quorum: None,
        allowed: Vec::new(),
    };
    let task = ada
        .submit(TaskSubmission {
            request: "ticket-17".to_owned(),
            attempt: 0,
            title: "The importer panics".to_owned(),
            body: "Every Monday, on the first file.".to_owned(),
            source: Some("customer".to_owned()),
            plan: TaskPlan::Triage { task_type: triage, escalate: Vec::new(), rules },
            limits: limits(2_000),
        })
        .await?;
    let end = hub.concluded(task).await?;
    println!("task {task} ended as {} ({})", end.outcome, end.because);
    println!("its log holds {} events", runtime.log().head().position);
    runtime.shutdown().await?;
    Ok(())
}
