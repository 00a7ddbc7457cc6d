//! A hub as its host sees it: commands in, answers out.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use convoke_actors::action::{Act, Action};
use convoke_actors::command::{
    AgentRegistration, Answer, Caller, Command, CommandError, Order, PolicyRule, Review,
    TaskSubmission,
};
use convoke_actors::driver::Federation;
use convoke_events::{
    AgentId, ArtifactType, HubId, Limits, ServiceName, Slug, TaskConcluded, TaskId, TaskType, Verb,
};

/// One hub: agents, policies, budgets and proposals that belong together, and to nobody else.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    id: HubId,
    federation: Federation,
}

impl Hub {
    pub(crate) fn new(id: HubId, federation: Federation) -> Self {
        Self(Arc::new(Inner { id, federation }))
    }

    /// The hub's name.
    pub fn id(&self) -> &HubId {
        &self.0.id
    }

    /// Gives a command, and answers once what it did is on disk.
    ///
    /// # Errors
    /// [`CommandError::Refused`] names the rule it would have hurt; the others say whether it may
    /// be repeated.
    pub async fn command(&self, order: Order) -> Result<Answer, CommandError> {
        self.0.federation.command(&self.0.id, order).await
    }

    /// Waits until a task has ended and its end is on disk.
    ///
    /// # Errors
    /// [`CommandError`] if the runtime stops before, or if the task goes on only once a person has
    /// said what became of a call.
    pub async fn concluded(&self, task: TaskId) -> Result<TaskConcluded, CommandError> {
        self.0.federation.concluded(&self.0.id, task).await
    }

    /// Lets a person give commands.
    pub fn as_person(&self, name: impl Into<String>) -> Acting {
        Acting { hub: self.clone(), caller: Caller::Person(name.into()) }
    }

    /// Lets an agent that the host runs act on a task.
    pub fn as_agent(&self, agent: Slug, task: TaskId) -> AgentSession {
        AgentSession { hub: self.clone(), agent, task }
    }

    /// Lets a program of the host's give commands.
    pub fn as_service(&self, name: ServiceName) -> Acting {
        Acting { hub: self.clone(), caller: Caller::Service(name) }
    }
}

/// Somebody who gives commands to a hub.
#[derive(Clone, Debug)]
pub struct Acting {
    hub: Hub,
    caller: Caller,
}

impl Acting {
    /// Gives a command.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn command(&self, command: Command) -> Result<Answer, CommandError> {
        self.hub.command(Order::new(self.caller.clone(), command)).await
    }

    /// Opens the hub, once; the caller owns it.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn open(&self, name: &str, limits: Limits) -> Result<Answer, CommandError> {
        self.command(Command::OpenHub { name: name.to_owned(), limits }).await
    }

    /// Registers an agent, or revises the one of this slug where it differs; answers with its id.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn register(&self, agent: AgentRegistration) -> Result<AgentId, CommandError> {
        let id = AgentRegistration::id(self.hub.id(), &agent.slug);
        self.command(Command::RegisterAgent(agent)).await?;
        Ok(id)
    }

    /// Says what an agent may do with an artifact type.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn allow(
        &self,
        agent: Slug,
        artifact: ArtifactType,
        verbs: BTreeSet<Verb>,
    ) -> Result<Answer, CommandError> {
        self.command(Command::SetGovernancePolicy(PolicyRule::new(agent, artifact, verbs))).await
    }

    /// Says whom to ask for a task type, at a priority: 1 is asked first.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn route(
        &self,
        task_type: TaskType,
        agent: Slug,
        priority: u32,
    ) -> Result<Answer, CommandError> {
        self.command(Command::SetRoutingPolicy { task_type, agent, priority, active: true }).await
    }

    /// Hands in a piece of work; answers with its id once it is on disk.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn submit(&self, task: TaskSubmission) -> Result<TaskId, CommandError> {
        let id = task.task(self.hub.id());
        self.command(Command::SubmitTask(task)).await?;
        Ok(id)
    }

    /// Decides on a proposal.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn review(&self, review: Review) -> Result<Answer, CommandError> {
        self.command(Command::ReviewProposal(review)).await
    }
}

/// A session of an agent that the host runs, on one task: what the agent does beside answering.
///
/// # Examples
///
/// A whole piece of work by an instruction packet: BOOTSTRAP takes the lease and the task's lock,
/// every phase follows the one before it, and EXIT gives the lock back.
///
/// ```
/// use std::collections::BTreeSet;
///
/// use convoke::action::{Action, WorkAction};
/// use convoke::actors::command::Packet;
/// use convoke::events::{
///     Limits, Phase, PlanDecision, Slug, TaskOutcome, TaskPlan, TaskRules, TaskType, Tier, Tokens,
///     Verb,
/// };
/// use convoke::{Command, Runtime, TaskSubmission};
/// # use convoke::AgentRegistration;
/// # use convoke::events::{ModelFamily, ModelName, ProviderName, Rate, TrustLevel};
/// # fn mason(slug: &Slug) -> Result<AgentRegistration, Box<dyn std::error::Error>> {
/// #     let settings = r#"{"rules": [{"any": ["x"], "recommend": "y", "confidence": 1, "reason": "z"}],
/// #         "otherwise": {"recommend": "y", "confidence": 1, "reason": "z"}}"#;
/// #     Ok(AgentRegistration {
/// #         slug: slug.clone(),
/// #         name: "Mason".to_owned(),
/// #         description: String::new(),
/// #         provider: ProviderName::Rules,
/// #         model: ModelName::new("rules-small")?,
/// #         family: ModelFamily::new("mason")?,
/// #         base_url: None,
/// #         trust: TrustLevel::Advisory,
/// #         tier: Tier::T1,
/// #         capabilities: Vec::new(),
/// #         keywords: Vec::new(),
/// #         rate: Rate::new(10),
/// #         system_prompt: "Build it.".to_owned(),
/// #         settings: Some(settings.to_owned()),
/// #     })
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::builder().in_memory().start()?;
/// let hub = runtime.hub("intake".parse()?);
/// let ada = hub.as_person("ada");
/// ada.open("Engineering intake", Limits::default()).await?;
/// let slug: Slug = "mason".parse()?;
/// ada.register(mason(&slug)?).await?;
/// let task_type: TaskType = "implementation".parse()?;
/// let verbs = BTreeSet::from([Verb::Read, Verb::Propose]);
/// ada.allow(slug.clone(), "implementation".parse()?, verbs).await?;
///
/// // A task that agents work on in sessions, and what mason is told to do on it.
/// let rules = TaskRules {
///     deadline_ms: 60_000,
///     max_output: Tokens::new(200),
///     min_contributions: 1,
///     one_failure_fails_all: false,
///     quorum: None,
///     allowed: Vec::new(),
/// };
/// let task = ada
///     .submit(TaskSubmission {
///         request: "req-1".to_owned(),
///         attempt: 0,
///         title: "It crashes on an empty file".to_owned(),
///         body: "The importer panics.".to_owned(),
///         source: None,
///         plan: TaskPlan::Sessions { task_type, rules },
///         limits: Limits::default(),
///     })
///     .await?;
/// ada.command(Command::IssuePacket(Packet {
///     task,
///     agent: slug.clone(),
///     tier: None,
///     objective: "no more crashes".to_owned(),
///     deliverables: "a patch".to_owned(),
///     scope: "the importer".to_owned(),
///     criteria: "the tests pass".to_owned(),
///     escalation: "ask when the format would change".to_owned(),
///     created_for: "Grace".to_owned(),
///     steps: vec!["run-tests".parse()?],
///     artifacts: vec!["patch".parse()?],
///     forbidden: BTreeSet::new(),
///     budget: None,
/// }))
/// .await?;
///
/// let mason = hub.as_agent(slug, task);
/// let enter = |phase| mason.act(Action::Work(WorkAction::EnterPhase { phase, note: None }));
/// for phase in [Phase::Bootstrap, Phase::Preflight, Phase::Plan] {
///     enter(phase).await?;
/// }
/// let content = "a test that crashes, then the fix".to_owned();
/// mason.act(Action::Work(WorkAction::HandInPlan { content })).await?;
/// let (plan, decision, note) = (None, PlanDecision::Approved, None);
/// ada.command(Command::DecidePlan { task, plan, decision, note }).await?;
///
/// enter(Phase::Execute).await?;
/// let permission = "sandbox".parse()?;
/// mason.act(Action::Work(WorkAction::UsePermission { permission, note: None })).await?;
/// let (artifact, content) = ("patch".parse()?, "+ if file.is_empty() { return }".to_owned());
/// mason.act(Action::Work(WorkAction::HandIn { artifact, content })).await?;
/// let step = "run-tests".parse()?;
/// mason.act(Action::Work(WorkAction::TakeStep { step, note: None })).await?;
/// for phase in [Phase::Verify, Phase::Package, Phase::Report] {
///     enter(phase).await?;
/// }
/// mason
///     .act(Action::Work(WorkAction::Report {
///         recommendation: "merge it".to_owned(),
///         content: "it no longer crashes".to_owned(),
///         confidence: Some(0.9),
///     }))
///     .await?;
/// enter(Phase::Exit).await?;
///
/// // The report is a proposal like any other: it waits for a person.
/// assert_eq!(hub.concluded(task).await?.outcome, TaskOutcome::Proposed);
/// runtime.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AgentSession {
    hub: Hub,
    agent: Slug,
    task: TaskId,
}

impl AgentSession {
    /// Acts. What may be done is governance's to say; a refusal is recorded too.
    ///
    /// # Errors
    /// As [`Hub::command`].
    pub async fn act(&self, action: Action) -> Result<Answer, CommandError> {
        let act = Act { task: self.task, delegation: None, action };
        self.hub.command(Order::new(Caller::Agent(self.agent.clone()), Command::Act(act))).await
    }

    /// Says that the agent is alive: a task of which nothing is heard for too long is stuck. Nothing
    /// is recorded of it.
    pub fn alive(&self) {
        self.hub.0.federation.alive(&self.hub.0.id, self.task);
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hub").field(&self.0.id).finish()
    }
}
