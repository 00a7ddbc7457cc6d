//! What goes out of a session at once, and what has to wait for the disk.

use convoke_events::{
    AppendError, Digest, IdempotencyKey, Prepared, Principal, Receipt, TaskConcluded,
};

use crate::command::{Answer, CommandError};
use crate::invocation::Call;

/// What a session asks of its driver. `R` stands for one who waits for an answer, `W` for one who
/// waits for a task to end.
#[derive(Debug)]
pub struct Turn<R, W> {
    /// To be appended, in this order; each with the ticket under which its fate is to be told.
    pub appends: Vec<(Ticket, Prepared)>,
    /// Answers that may go out.
    pub answers: Vec<(R, Result<Answer, CommandError>)>,
    /// Calls to make.
    pub calls: Vec<Call>,
    /// Calls to call off, if they are under way.
    pub cancelled: Vec<Call>,
    /// Ends that may be told.
    pub concluded: Vec<(W, Result<TaskConcluded, CommandError>)>,
}

impl<R, W> Default for Turn<R, W> {
    fn default() -> Self {
        let (appends, answers, concluded) = (Vec::new(), Vec::new(), Vec::new());
        Self { appends, answers, calls: Vec::new(), cancelled: Vec::new(), concluded }
    }
}

/// Under which the fate of an append is told: they count up from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub(super) u64);

pub(super) type Key = (Principal, IdempotencyKey);

/// What waits for one append to be durable.
#[derive(Debug)]
pub(super) struct Waiting<R, W> {
    pub(super) ticket: Ticket,
    pub(super) fate: Option<Result<Receipt, AppendError>>,
    pub(super) key: Option<(Key, Digest)>,
    /// Who is answered with its receipt, and who with something that rests on it.
    pub(super) receipts: Vec<R>,
    pub(super) answers: Vec<(R, Result<Answer, CommandError>)>,
    pub(super) calls: Vec<Call>,
    pub(super) cancelled: Vec<Call>,
    pub(super) concluded: Vec<(W, Result<TaskConcluded, CommandError>)>,
}

impl<R, W> Waiting<R, W> {
    pub(super) const fn for_fate_of(ticket: Ticket, key: Option<(Key, Digest)>) -> Self {
        Self {
            ticket,
            fate: None,
            key,
            receipts: Vec::new(),
            answers: Vec::new(),
            calls: Vec::new(),
            cancelled: Vec::new(),
            concluded: Vec::new(),
        }
    }
}
