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
    /// [`CommandError`] if the runtime stops before.
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
        let id = TaskSubmission::id(self.hub.id(), &task.request);
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
