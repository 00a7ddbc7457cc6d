//! An embeddable runtime for governed federations of AI agents.
//!
//! A host registers agents in a **hub**, says whom to ask for which kind of task and what each may
//! do, and hands in **tasks**. One agent triages a task; where it matters, several are asked at the
//! same time, each for itself, under one budget. What they agree on is put together into a
//! **proposal**, which waits for a person. Every decision on the way is an immutable event in one
//! log, and everything else is computed from that log: what a run cost, why an agent was asked,
//! who accepted what.
//!
//! What holds, always:
//!
//! 1. Nothing is visible to anyone before it is durable.
//! 2. Nothing is sent to a model before its recorded decision, its permission and its reservation.
//! 3. After a crash the runtime goes on where the log ends; no answered call is repeated.
//! 4. Convoke runs on threads of its own: its futures may be awaited in any asynchronous runtime or
//!    in none, and dropping its handles waits for no call under way.
//!
//! # Examples
//!
//! ```
//! use std::collections::BTreeSet;
//!
//! use convoke::events::{
//!     Limits, ModelFamily, ModelName, ProviderName, Rate, Slug, TaskOutcome, TaskPlan, TaskRules,
//!     TaskType, Tier, Tokens, TrustLevel, Verb,
//! };
//! use convoke::{AgentRegistration, Runtime, TaskSubmission};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::builder().in_memory().start()?;
//! let hub = runtime.hub("intake".parse()?);
//! let ada = hub.as_person("ada");
//! ada.open("Engineering intake", Limits::default()).await?;
//!
//! // An agent that answers by rules: no network, no key.
//! let scout: Slug = "scout".parse()?;
//! let settings = r#"{
//!     "rules": [{"any": ["crash"], "recommend": "bug", "confidence": 0.9, "reason": "it broke"}],
//!     "otherwise": {"recommend": "question", "confidence": 0.6, "reason": "nothing broke"}
//! }"#;
//! ada.register(AgentRegistration {
//!     slug: scout.clone(),
//!     name: "Scout".to_owned(),
//!     description: "Says what a request is".to_owned(),
//!     provider: ProviderName::Rules,
//!     model: ModelName::new("rules-small")?,
//!     family: ModelFamily::new("scout")?,
//!     base_url: None,
//!     trust: TrustLevel::Advisory,
//!     tier: Tier::T0,
//!     capabilities: Vec::new(),
//!     keywords: Vec::new(),
//!     rate: Rate::new(10),
//!     system_prompt: "Say what the request is.".to_owned(),
//!     settings: Some(settings.to_owned()),
//! })
//! .await?;
//! let triage: TaskType = "triage".parse()?;
//! ada.route(triage.clone(), scout.clone(), 1).await?;
//! ada.allow(scout, "request".parse()?, BTreeSet::from([Verb::Read])).await?;
//!
//! let rules = TaskRules {
//!     deadline_ms: 10_000,
//!     max_output: Tokens::new(200),
//!     min_contributions: 3,
//!     one_failure_fails_all: false,
//!     quorum: None,
//!     allowed: Vec::new(),
//! };
//! let task = ada
//!     .submit(TaskSubmission {
//!         request: "req-1".to_owned(),
//!         attempt: 0,
//!         title: "How do I export my data?".to_owned(),
//!         body: "I would like it as CSV.".to_owned(),
//!         source: None,
//!         plan: TaskPlan::Triage { task_type: triage, escalate: Vec::new(), rules },
//!         limits: Limits::default(),
//!     })
//!     .await?;
//! let end = hub.concluded(task).await?;
//! assert_eq!(end.outcome, TaskOutcome::Answered);
//!
//! runtime.shutdown().await?;
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "cli")]
pub mod config;
pub mod decisions;
mod hub;
mod runtime;
mod views;

pub use convoke_actors as actors;
pub use convoke_actors::action::{self, Action};
pub use convoke_actors::authority::{Authority, HubRoles, LocalOwner};
pub use convoke_actors::command::{
    AgentRegistration, Answer, Caller, Command, CommandError, Order, PolicyRule, Price, Review,
    TaskSubmission,
};
#[cfg(feature = "providers")]
pub use convoke_actors::provider::Keys;
pub use convoke_actors::provider::Provider;
pub use convoke_actors::refusal::Refusal;
pub use convoke_actors::shape::Shape;
pub use convoke_events as events;
pub use convoke_projections as projections;

pub use self::hub::{Acting, AgentSession, Hub};
pub use self::runtime::{Builder, Runtime, ShutdownError, StartError};
pub use self::views::Views;

/// The README's examples, compiled and run with the other documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
