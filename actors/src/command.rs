//! Commands: what can be asked of a hub, and what it answers.

mod policy;
mod submission;

use std::collections::BTreeSet;

use convoke_events::{
    AccountId, AgentId, ArtifactName, ArtifactType, Capability, CollectiveRules, Complexity,
    CoordinationRules, DecisionId, DelegationId, Digest, ErrorBudget, GovernanceDefault, HubId,
    IdempotencyKey, InvocationId, Key, Keyword, LifecycleRules, Limits, MicroUsd, ModelFamily,
    ModelName, Permission, PlanDecision, Principal, ProposalId, ProviderName, Rate, Receipt,
    Recovery, RetryRules, ReviewDecision, ReviewRules, Role, RoutingRules, ServiceName, Slug,
    StepName, TaskId, TaskOutcome, TaskType, Tier, Tokens, TrustLevel,
};

pub use crate::coordination::VoteOpening;
use serde::Serialize;

pub use self::policy::PolicyRule;
pub use self::submission::TaskSubmission;
use crate::action::Act;
use crate::refusal::Refusal;

/// Who gives a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Caller {
    /// A person, by name.
    Person(String),
    /// A program of the host's.
    Service(ServiceName),
    /// An agent that the host runs; it can do nothing but [`Command::Act`].
    Agent(Slug),
}

impl Caller {
    /// As the events of this hub name them.
    pub fn principal(&self, hub: &HubId) -> Principal {
        match self {
            Self::Person(name) => Principal::person(hub, name),
            Self::Service(name) => Principal::Service(name.clone()),
            Self::Agent(slug) => Principal::Agent(AgentRegistration::id(hub, slug)),
        }
    }
}

/// A command with who gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Who gives it.
    pub caller: Caller,
    /// By what its repetition is told from it; given again, it answers with the first receipt.
    pub key: Option<IdempotencyKey>,
    /// W3C `traceparent` of the request it came with.
    pub trace: Option<String>,
    /// The command.
    pub command: Command,
}

impl Order {
    /// A command from this caller, without idempotency key or trace.
    pub fn new(caller: Caller, command: Command) -> Self {
        Self { caller, key: None, trace: None, command }
    }

    /// The same with an idempotency key.
    pub fn with_key(mut self, key: IdempotencyKey) -> Self {
        self.key = Some(key);
        self
    }
}

/// Everything there is to say of an agent when it is registered or revised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AgentRegistration {
    /// Its short name, unique in the hub; it cannot be changed.
    pub slug: Slug,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who serves its model.
    pub provider: ProviderName,
    /// Its model.
    pub model: ModelName,
    /// The line of models it errs with.
    pub family: ModelFamily,
    /// Where its model is served, if not at the provider's own address.
    pub base_url: Option<String>,
    /// The most any policy can grant it.
    pub trust: TrustLevel,
    /// What its leases let it touch.
    pub tier: Tier,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// Words that mark its field.
    pub keywords: Vec<Keyword>,
    /// What it asks for a task, in the hub's own unit of bids.
    pub rate: Rate,
    /// What it is told before every request.
    pub system_prompt: String,
    /// The provider's own settings, as JSON (`rules`: its rules).
    pub settings: Option<String>,
}

impl AgentRegistration {
    /// The id that an agent of this slug has in this hub.
    pub fn id(hub: &HubId, slug: &Slug) -> AgentId {
        AgentId::derive(&[hub.as_str(), slug.as_str()])
    }
}

/// What a model costs, in micro-dollars per million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Price {
    /// Input.
    pub input: MicroUsd,
    /// Input that came from a cache.
    pub cached: MicroUsd,
    /// Output.
    pub output: MicroUsd,
}

impl Price {
    /// What this many tokens come to at most.
    pub(crate) fn worst(self, input: Tokens, output: Tokens) -> MicroUsd {
        Self::sum(&[(input, self.input.max(self.cached)), (output, self.output)])
    }

    /// What this many tokens come to, `cached` of the input among them.
    pub(crate) fn cost(self, input: Tokens, cached: Tokens, output: Tokens) -> MicroUsd {
        let cached = cached.min(input);
        Self::sum(&[(input.less(cached), self.input), (cached, self.cached), (output, self.output)])
    }

    /// What this many tokens come to, whatever they are.
    pub(crate) fn dearest(self, tokens: Tokens) -> MicroUsd {
        Self::sum(&[(tokens, self.input.max(self.cached).max(self.output))])
    }

    /// Tokens at prices per million, the sum rounded up once.
    fn sum(parts: &[(Tokens, MicroUsd)]) -> MicroUsd {
        let sum: u128 = parts
            .iter()
            .map(|(tokens, price)| u128::from(tokens.get()).saturating_mul(price.get().into()))
            .fold(0, u128::saturating_add);
        MicroUsd::new(u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

/// A sub-task that one agent hands to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DelegationRequest {
    /// Under which task; its collective must be under way.
    pub task: TaskId,
    /// Under which delegation, if it is part of one.
    pub parent: Option<DelegationId>,
    /// Who hands over.
    pub from: Slug,
    /// To whom.
    pub to: Slug,
    /// What, in words.
    pub scope: String,
    /// The most it may spend; none means the hub's usual 1,000, or what is left where that is less.
    pub tokens: Option<Tokens>,
    /// Whether its output may be cut to what the budget holds.
    pub trim: bool,
}

/// What one agent is told to do on one task, and within what bounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Packet {
    /// On which task; its plan must be a packet's.
    pub task: TaskId,
    /// Whom.
    pub agent: Slug,
    /// The tier the work takes; none means the agent's own.
    pub tier: Option<Tier>,
    /// What is to be reached.
    pub objective: String,
    /// What is to be handed in, in words.
    pub deliverables: String,
    /// What it is about, and what not.
    pub scope: String,
    /// By what success is told.
    pub criteria: String,
    /// When a person is to be asked.
    pub escalation: String,
    /// For whom it is done.
    pub created_for: String,
    /// What must be done before the work is packaged.
    pub steps: Vec<StepName>,
    /// What must be handed in before the work is verified.
    pub artifacts: Vec<ArtifactName>,
    /// What must not be touched, whatever the tier allows.
    pub forbidden: BTreeSet<Permission>,
    /// How much may go wrong within one lease; none means what the hub's rules say.
    pub budget: Option<ErrorBudget>,
}

/// A person's decision on a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// On which proposal.
    pub proposal: ProposalId,
    /// What is decided.
    pub decision: ReviewDecision,
    /// SHA-256 of what was reviewed; none means: of what is there now.
    pub digest: Option<Digest>,
    /// What there is to note.
    pub note: Option<String>,
    /// The reviewer's own version; needed for a revision, and only there.
    pub revision: Option<String>,
    /// The recommendation that is the right one, where the proposal names none or is revised.
    pub key: Option<Key>,
}

/// What can be asked of a hub. A command that would change nothing is answered and leaves no event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Command {
    /// Open the hub, once; the caller owns it. Opening it again changes nothing.
    OpenHub {
        /// What it is called.
        name: String,
        /// The limits of its account at the start.
        limits: Limits,
    },
    /// Let a person or service act in a role.
    GrantRole {
        /// Who.
        to: Caller,
        /// As what.
        role: Role,
    },
    /// No longer let a person or service act in a role.
    WithdrawRole {
        /// Who.
        from: Caller,
        /// As what.
        role: Role,
    },
    /// Register an agent, or revise the one of this slug where it differs.
    RegisterAgent(AgentRegistration),
    /// Give the hub a task type of its own.
    RegisterTaskType {
        /// Which type.
        task_type: TaskType,
        /// What such work makes, as governance names it.
        artifact: ArtifactType,
    },
    /// Give an agent no more work.
    DeactivateAgent {
        /// Which.
        slug: Slug,
        /// Why.
        reason: String,
    },
    /// Give an agent work again.
    ReactivateAgent {
        /// Which.
        slug: Slug,
        /// Why.
        reason: String,
    },
    /// Choose what holds where no governance policy speaks.
    SetGovernanceDefault(GovernanceDefault),
    /// Say what an agent may do with an artifact type.
    SetGovernancePolicy(PolicyRule),
    /// Choose what holds for every review.
    SetReviewRules(ReviewRules),
    /// Say how the task types are routed that no active routing policy speaks of, and how
    /// candidates are scored.
    SetRoutingRules(RoutingRules),
    /// Bid for a task in an agent's name, while bids are taken.
    PlaceBid {
        /// The decision that the bid is for.
        decision: DecisionId,
        /// Who bids.
        agent: Slug,
        /// How much, in the hub's own unit of bids.
        amount: Rate,
    },
    /// Say whom to ask for a task type, at a priority.
    SetRoutingPolicy {
        /// For which tasks.
        task_type: TaskType,
        /// Whom.
        agent: Slug,
        /// In which order, 1 first.
        priority: u32,
        /// Whether the policy holds.
        active: bool,
    },
    /// Say what a model costs from now on.
    SetPrice {
        /// Whose model.
        provider: ProviderName,
        /// Which.
        model: ModelName,
        /// How much.
        price: Price,
    },
    /// Choose what the hub does when calls fail.
    SetRetryRules(RetryRules),
    /// Say what became of a call that is in doubt and waits for a person.
    ResolveCall {
        /// Which.
        invocation: InvocationId,
        /// What became of it: it did not happen and is made again, or it landed and is charged.
        found: Recovery,
        /// How the person knows.
        reason: String,
    },
    /// Change the limits of the hub's account.
    SetHubLimits(Limits),
    /// Let an account that an overrun closed be spent from again.
    ReopenAccount {
        /// Which.
        account: AccountId,
        /// Why.
        reason: String,
    },
    /// Hand a sub-task from one agent to another, in the name of the first.
    Delegate(DelegationRequest),
    /// Call a delegation off, and everything under it.
    CancelDelegation {
        /// Which.
        delegation: DelegationId,
        /// Why.
        reason: String,
    },
    /// Choose by which rules agents live.
    SetLifecycleRules(LifecycleRules),
    /// Tell an agent what to do on a task, and within what bounds.
    IssuePacket(Packet),
    /// Decide on the plan of the agent at work on a task.
    DecidePlan {
        /// On which task.
        task: TaskId,
        /// SHA-256 of the plan; none means: the one that waits.
        plan: Option<Digest>,
        /// What is decided.
        decision: PlanDecision,
        /// What there is to note.
        note: Option<String>,
    },
    /// Let the agent at work on a task use a permission once.
    ApproveUse {
        /// On which task.
        task: TaskId,
        /// Which permission.
        permission: Permission,
        /// Why.
        reason: String,
    },
    /// Stop an agent: its leases end, its work in flight is called off.
    RevokeAgent {
        /// Which.
        slug: Slug,
        /// Why.
        reason: String,
    },
    /// Let a revoked agent be asked again.
    ReinstateAgent {
        /// Which.
        slug: Slug,
        /// Why.
        reason: String,
    },
    /// Give an agent the tier it has earned on a kind of work.
    PromoteAgent {
        /// Which.
        slug: Slug,
        /// On what.
        task_type: TaskType,
        /// Why.
        reason: String,
    },
    /// Say how the hub's collectives come to a verdict from now on.
    SetCollectiveRules(CollectiveRules),
    /// Hand in a piece of work. The same request again changes nothing.
    SubmitTask(TaskSubmission),
    /// Decide on a proposal.
    ReviewProposal(Review),
    /// Do something in the name of the agent that gives the command.
    Act(Act),
    /// Choose when somebody is called in to help the agents of a task, and whom.
    SetCoordinationRules(CoordinationRules),
    /// Put a question to agents of a task. The same again changes nothing.
    OpenVote(VoteOpening),
    /// Say how hard a task is.
    DeclareComplexity {
        /// Which task.
        task: TaskId,
        /// How hard.
        complexity: Complexity,
        /// Why.
        reason: String,
    },
    /// End a task that agents work on in sessions.
    ConcludeTask {
        /// Which task.
        task: TaskId,
        /// How: `completed` or `failed`.
        outcome: TaskOutcome,
        /// Why.
        reason: String,
    },
}

/// What a hub answers to a command it did not refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done, and on disk.
    Done(Receipt),
    /// There was nothing to do.
    Unchanged,
}

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CommandError {
    /// A rule of the federation forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It may have been recorded or not: repeat it with the same idempotency key after reopening.
    #[error("whether the command was recorded is unknown: {why}")]
    Unknown {
        /// What went wrong.
        why: String,
    },
    /// The hub takes no more commands.
    #[error("the runtime has stopped: {why}")]
    Stopped {
        /// Why.
        why: String,
    },
    /// The task waited for goes on only once a person has said what became of a call
    /// ([`Command::ResolveCall`]).
    #[error("the task waits for a person to say what became of call {invocation}")]
    InDoubt {
        /// Which.
        invocation: InvocationId,
    },
    /// Too many commands wait; nothing was done, and the command comes back.
    #[error("the hub has {limit} commands waiting, and takes no more until some are answered")]
    Overloaded {
        /// The command.
        order: Box<Order>,
        /// How many may wait.
        limit: usize,
    },
}

impl CommandError {
    /// Whether the same command may succeed later, as it is.
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}
