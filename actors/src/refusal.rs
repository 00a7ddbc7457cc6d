//! Refusals: which rule of the federation a command would have hurt.

use convoke_events::{
    AccountId, ActionKind, AgentId, AppendError, DecisionId, DelegationId, Digest, HubId,
    InvocationId, Key, ProposalId, ReviewDecision, Role, RuleName, Slug, TaskId, TaskOutcome,
    TaskType, Timestamp, record::TooLarge,
};

use crate::lifecycle::LifecycleRefusal;

/// A rule of the federation that a command would have hurt; nothing of the command was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The hub has not been opened.
    #[error("hub `{hub}` has not been opened")]
    HubNotOpened {
        /// Which hub.
        hub: HubId,
    },
    /// The caller has none of the roles that may do this.
    #[error("{caller} may not {what} in this hub: it takes the role `{needed}`")]
    RoleMissing {
        /// Who asked.
        caller: String,
        /// What for.
        what: &'static str,
        /// The least role that may.
        needed: Role,
    },
    /// The hub would be left without an owner.
    #[error("the last owner's role cannot be withdrawn")]
    LastOwner,
    /// No agent has this slug.
    #[error("no agent `{slug}` is registered in hub `{hub}`")]
    AgentUnknown {
        /// Which slug.
        slug: Slug,
        /// In which hub.
        hub: HubId,
    },
    /// The task type is not one the hub knows.
    #[error("task type `{task_type}` is unknown; known are {}", .known.join(", "))]
    TaskTypeUnknown {
        /// Which type.
        task_type: TaskType,
        /// The known ones.
        known: Vec<String>,
    },
    /// What every hub knows is the same in every hub.
    #[error(
        "task type `{task_type}` is every hub's, and makes a `{artifact}`: it cannot be changed"
    )]
    TaskTypeBuiltIn {
        /// Which type.
        task_type: TaskType,
        /// What it makes.
        artifact: &'static str,
    },
    /// No ready shape has this name and version.
    #[error("there is no task shape `{name}` v{version}; there are {}", .known.join(", "))]
    ShapeUnknown {
        /// Which shape.
        name: RuleName,
        /// Which version.
        version: u32,
        /// The ones there are.
        known: Vec<String>,
    },
    /// Priorities are counted from 1.
    #[error("priority 0 is none: priorities are counted from 1, the highest")]
    PriorityZero,
    /// The task exists with another content.
    #[error("request `{request}` was handed in before with another content (task {task})")]
    TaskDiffers {
        /// The request's id.
        request: String,
        /// Its task.
        task: TaskId,
    },
    /// A request is handed in again only where its newest attempt failed.
    #[error(
        "attempt {attempt} at request `{request}`, counted from 0, would follow one that did not \
         fail: only what failed is handed in again"
    )]
    NothingToRetry {
        /// The request's id.
        request: String,
        /// The attempt that was handed in.
        attempt: u32,
    },
    /// No task has this id.
    #[error("no task {task} was handed in to hub `{hub}`")]
    TaskUnknown {
        /// Which task.
        task: TaskId,
        /// In which hub.
        hub: HubId,
    },
    /// The task has ended, or nobody works on it any more.
    #[error("task {task} has ended, or its work is over")]
    TaskEnded {
        /// Which task.
        task: TaskId,
    },
    /// Something of the task is still under way.
    #[error("task {task} has calls or delegations under way: wait for them, or call them off")]
    TaskBusy {
        /// Which task.
        task: TaskId,
    },
    /// Only a task that agents work on in sessions is concluded by a command.
    #[error(
        "task {task} cannot be concluded as `{outcome}`: one of sessions can be, as `completed` or `failed`"
    )]
    NotToConclude {
        /// Which task.
        task: TaskId,
        /// As what.
        outcome: TaskOutcome,
    },
    /// A vote on this subject was opened with other required agents.
    #[error("the task has a vote on `{subject}` with other required agents")]
    VoteDiffers {
        /// On what.
        subject: Key,
    },
    /// Only an agent acts, and only one that is registered.
    #[error("only a registered agent acts")]
    NotAnAgent,
    /// The action was refused, which is recorded.
    #[error("the action `{action}` was refused: {why}")]
    ActionRefused {
        /// Which action.
        action: ActionKind,
        /// Why.
        why: String,
    },
    /// No agent has the id of the mediators' template.
    #[error("agent {template}, from which mediators would be made, is not registered")]
    TemplateUnknown {
        /// Which agent.
        template: AgentId,
    },
    /// No account has this id, or it has ended.
    #[error("account {account} is unknown to this hub, or ended with its task")]
    AccountUnknown {
        /// Which account.
        account: AccountId,
    },
    /// No delegation has this id, or it has ended.
    #[error("delegation {delegation} is unknown to this hub, or has ended")]
    DelegationUnknown {
        /// Which delegation.
        delegation: DelegationId,
    },
    /// The delegation was refused, which is recorded.
    #[error("the delegation was refused: {why}")]
    DelegationRefused {
        /// Why.
        why: String,
    },
    /// No bids are or were taken for this decision.
    #[error("no bids are taken for decision {decision} in this hub")]
    BiddingUnknown {
        /// Which decision.
        decision: DecisionId,
    },
    /// The bid does not count, which is recorded.
    #[error("the bid of agent `{slug}` was refused: {why}")]
    BidRefused {
        /// Whose bid.
        slug: Slug,
        /// Why.
        why: &'static str,
    },
    /// No proposal has this id.
    #[error("no proposal {proposal} is known to hub `{hub}`")]
    ProposalUnknown {
        /// Which proposal.
        proposal: ProposalId,
        /// In which hub.
        hub: HubId,
    },
    /// The proposal has been reviewed.
    #[error("proposal {proposal} was {decision} before")]
    ProposalReviewed {
        /// Which proposal.
        proposal: ProposalId,
        /// What was decided.
        decision: ReviewDecision,
    },
    /// The proposal is not what was reviewed.
    #[error("proposal {proposal} has digest {actual}, but {reviewed} was reviewed")]
    ProposalChanged {
        /// Which proposal.
        proposal: ProposalId,
        /// The digest of what was reviewed.
        reviewed: Digest,
        /// The digest of what there is.
        actual: Digest,
    },
    /// A revision needs the reviewer's own version, and only a revision has one.
    #[error("a review that {decision} a proposal must {need} a version of the reviewer's own")]
    RevisionContent {
        /// What was decided.
        decision: ReviewDecision,
        /// What it must do: `hold` or `not hold`.
        need: &'static str,
    },
    /// An accepted proposal recommends what it recommends.
    #[error(
        "proposal {proposal} recommends `{key}`: it cannot be accepted as `{named}`, only revised"
    )]
    KeyDiffers {
        /// Which proposal.
        proposal: ProposalId,
        /// What it recommends.
        key: Key,
        /// What the reviewer named.
        named: Key,
    },
    /// A rejection says what does not hold, and nothing of what does.
    #[error("proposal {proposal} cannot be rejected for another recommendation, only revised")]
    KeyOfARejection {
        /// Which proposal.
        proposal: ProposalId,
    },
    /// The proposal waited too long.
    #[error("proposal {proposal} could be reviewed until {expired}, and no longer")]
    ProposalExpired {
        /// Which proposal.
        proposal: ProposalId,
        /// Until when.
        expired: Timestamp,
    },
    /// Governance does not let the proposal's author propose it.
    #[error("proposal {proposal} is blocked by policy, and nobody can review it: {why}")]
    ProposalBlocked {
        /// Which proposal.
        proposal: ProposalId,
        /// Why.
        why: String,
    },
    /// The proposal needs two different people.
    #[error(
        "proposal {proposal} takes two people, and you have agreed already: it waits for another"
    )]
    ReviewedBySame {
        /// Which proposal.
        proposal: ProposalId,
    },
    /// A policy asks for one reviewer or for two.
    #[error("a policy cannot ask for {reviewers} reviewers: it takes 1 or 2")]
    ReviewersOutOfBounds {
        /// How many it asked for.
        reviewers: u32,
    },
    /// What is applied without a person waits for none.
    #[error("a policy that asks for two reviewers cannot let results be applied without one")]
    ReviewersOfNothing,
    /// Only people review proposals and reopen accounts.
    #[error("only a person can review a proposal or reopen an account")]
    NotAPerson,
    /// The agent's settings are not what its provider needs.
    #[error("the settings of agent `{slug}` do not suit its provider: {why}")]
    SettingsUnfit {
        /// Which agent.
        slug: Slug,
        /// What is wrong.
        why: String,
    },
    /// Only what is in doubt waits for a person's word.
    #[error("call {invocation} does not wait for a person to say what became of it")]
    NotInDoubt {
        /// Which call.
        invocation: InvocationId,
    },
    /// Something in the command is empty or too small to be meant.
    #[error("{what} must be {least}")]
    TooLittle {
        /// What.
        what: &'static str,
        /// What it must at least be.
        least: &'static str,
    },
    /// Who is not waited for would be missing.
    #[error(
        "a quorum waits for some and `one_failure_fails_all` for everybody: a collective has one of \
         the two"
    )]
    QuorumOfAll,
    /// A rule of the governed life of agents forbids it.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleRefusal),
    /// Something in the command is larger than may be recorded.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The idempotency key stands for another command.
    #[error("the idempotency key was used for another command before")]
    KeyReused,
    /// The command would leave more than one append may hold.
    #[error("the command cannot be recorded: {why}")]
    NotRecordable {
        /// Why.
        why: String,
    },
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        if let AppendError::TooLarge(too_large) = error {
            return Self::TooLarge(too_large);
        }
        Self::NotRecordable { why: error.to_string() }
    }
}
