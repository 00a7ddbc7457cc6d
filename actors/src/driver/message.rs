//! Messages: what the actors say to each other, and how it is passed on.

use actix::{Actor, Addr, Context, Handler, Message, Recipient};
use convoke_events::{AppendError, HubId, InvocationId, Receipt, TaskConcluded, TaskId};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::lane::Lane;
use super::session::Ticket;
use crate::command::{Answer, CommandError, Order};
use crate::invocation::{Call, Outcome};

/// Who waits for an answer.
pub(super) type Reply = oneshot::Sender<Result<Answer, CommandError>>;

/// Who waits for a task to end.
pub(super) type Watcher = oneshot::Sender<Result<TaskConcluded, CommandError>>;

/// Gives a hub a command.
pub(super) struct Give {
    pub(super) hub: HubId,
    pub(super) order: Order,
    pub(super) reply: Reply,
}

/// Asks a hub to tell when a task has ended.
pub(super) struct Watch {
    pub(super) hub: HubId,
    pub(super) task: TaskId,
    pub(super) reply: Watcher,
}

/// Tells a hub that somebody at work on a task is alive.
pub(super) struct Alive {
    pub(super) hub: HubId,
    pub(super) task: TaskId,
}

/// Asks all hubs to say when everything they took is durable.
pub(super) struct Drain {
    pub(super) reply: oneshot::Sender<()>,
}

/// Makes calls, all at once.
pub(super) struct FanOut(pub(super) Vec<Call>);

/// Makes a call when its turn comes, and says to whom what comes of it goes.
pub(super) struct Invoke {
    pub(super) call: Call,
    pub(super) returns: Recipient<Returned>,
    /// How many calls of its provider may be under way.
    pub(super) provider: Lane,
    /// Its place among those that wait for their turn.
    pub(super) place: OwnedSemaphorePermit,
}

/// Calls a call off.
pub(super) struct CallOff(pub(super) Call);

/// What came of a call, on its way back to its hub.
pub(super) struct Returned(pub(super) Outcome);

/// What became of an append that this incarnation of a hub handed on.
pub(super) struct Landed(
    pub(super) u64,
    pub(super) Ticket,
    pub(super) Result<Receipt, AppendError>,
);

/// A try of a call has ended.
pub(super) struct Ended(pub(super) InvocationId, pub(super) u32);

macro_rules! messages {
    ($($message:ty),*) => {$(
        impl Message for $message {
            type Result = ();
        }
    )*};
}

messages!(Give, Watch, Alive, Drain, FanOut, Invoke, CallOff, Returned, Landed, Ended);

/// How many messages an actor's mailbox holds: more than admission ever lets in, so that a message
/// is never parked, and none overtakes another.
pub(super) const ROOM: usize = 1 << 30;

/// Starts an actor with room for every message.
pub(super) fn start<A: Actor<Context = Context<A>>>(actor: A) -> Addr<A> {
    A::create(|context| {
        context.set_mailbox_capacity(ROOM);
        actor
    })
}

/// Passes a message on in order; an actor that is gone drops it, and with it whoever waits for it.
pub(super) fn pass<M, T>(to: &Addr<T>, message: M)
where
    T: Actor<Context = Context<T>> + Handler<M>,
    M: Message<Result = ()> + Send + 'static,
{
    if to.try_send(message).is_err() {
        tracing::debug!("an actor that is gone was sent a message");
    }
}
