//! Refusals of work: which rule of the governed life an agent's wish would have hurt.

use convoke_events::{LeaseId, Permission, Phase, TaskId, Tier, Timestamp};

use crate::decision::Decision;
use crate::refusal::Refusal;

/// A rule of the governed life that would have been hurt; what was asked was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LifecycleRefusal {
    /// The rules contradict themselves.
    #[error("the lifecycle rules cannot hold: {why}")]
    RulesUnfit {
        /// What must be.
        why: &'static str,
    },
    /// A packet says too little, or what cannot be.
    #[error("the instruction packet cannot be issued: {why}")]
    PacketUnfit {
        /// What is wrong.
        why: String,
    },
    /// The task does not take packets.
    #[error("task {task} is not worked on by instruction packets, or has ended")]
    NotByPacket {
        /// Which task.
        task: TaskId,
    },
    /// Another agent holds the task's lock.
    #[error("{holder} holds the lock of task {task} until {until}")]
    Locked {
        /// On which task.
        task: TaskId,
        /// Who.
        holder: String,
        /// Until when.
        until: Timestamp,
    },
    /// The agent has no packet on the task.
    #[error("{agent} has no instruction packet on task {task}")]
    NoPacket {
        /// Who.
        agent: String,
        /// On which task.
        task: TaskId,
    },
    /// The agent has no lease on the task.
    #[error("{agent} holds no lease on task {task}: it begins with BOOTSTRAP")]
    NoLease {
        /// Who.
        agent: String,
        /// On which task.
        task: TaskId,
    },
    /// The agent works on as many tasks as it may.
    #[error("{agent} works on {limit} tasks, as many as an agent may at once")]
    TooManyLeases {
        /// Who.
        agent: String,
        /// How many it may.
        limit: usize,
    },
    /// Nobody is at work on the task.
    #[error("nobody holds a lease on task {task} now")]
    NobodyAtWork {
        /// On which task.
        task: TaskId,
    },
    /// The lease's time is over.
    #[error("lease {lease} expired at {at}: BOOTSTRAP takes a new one")]
    LeaseExpired {
        /// Which lease.
        lease: LeaseId,
        /// When.
        at: Timestamp,
    },
    /// The agent was revoked.
    #[error("{agent} was revoked, and only a person reinstates it")]
    Revoked {
        /// Who.
        agent: String,
    },
    /// The agent is deactivated.
    #[error("{agent} is deactivated")]
    Inactive {
        /// Who.
        agent: String,
    },
    /// The agent's tier is below the work's.
    #[error("{agent} is of tier {has} on this kind of work, which takes {needs}")]
    TierTooLow {
        /// Who.
        agent: String,
        /// Its tier.
        has: Tier,
        /// The work's.
        needs: Tier,
    },
    /// The phase cannot be entered from here.
    #[error("{to} does not follow {from}")]
    PhaseOutOfOrder {
        /// Where the work stands.
        from: Phase,
        /// What was asked for.
        to: Phase,
    },
    /// Something is not done in this phase.
    #[error("{what} belongs into {phase}, and the work is in {now}")]
    NotInThisPhase {
        /// What.
        what: &'static str,
        /// Where it belongs.
        phase: Phase,
        /// Where the work stands.
        now: Phase,
    },
    /// The procedure was violated, which is recorded.
    #[error("the procedure was violated, which is recorded: {why}")]
    Violation {
        /// How.
        why: String,
    },
    /// Each use takes a person's approval.
    #[error("each use of `{permission}` at tier {tier} takes a person's approval")]
    NotApproved {
        /// What.
        permission: Permission,
        /// Of which tier.
        tier: Tier,
    },
    /// There is no such plan to decide on.
    #[error("no plan of this digest waits for a decision on task {task}")]
    NoPlan {
        /// On which task.
        task: TaskId,
    },
    /// An agent that was not revoked cannot be reinstated.
    #[error("{agent} was not revoked")]
    NotRevoked {
        /// Who.
        agent: String,
    },
    /// There is no tier above.
    #[error("{agent} cannot go from {from} to {to}: {why}")]
    NoSuchMove {
        /// Who.
        agent: String,
        /// Its tier.
        from: Tier,
        /// What was asked for.
        to: Tier,
        /// Why not.
        why: &'static str,
    },
    /// Only people decide this.
    #[error("only a person can {what}")]
    NotAPerson {
        /// What.
        what: &'static str,
    },
    /// A task has one report.
    #[error("the report was handed in before: EXIT gives the lock back")]
    ReportedBefore,
    /// A task is not left without a report.
    #[error("EXIT takes a report, which is handed in in REPORT")]
    NotReported,
    /// The confidence is none.
    #[error("a confidence is a number from 0 to 1")]
    ConfidenceUnfit,
    /// Something is empty that must say something.
    #[error("{what} must be one word long at least")]
    Empty {
        /// What.
        what: &'static str,
    },
}

impl From<LifecycleRefusal> for Decision {
    fn from(refusal: LifecycleRefusal) -> Self {
        Err(Refusal::from(refusal)).into()
    }
}
