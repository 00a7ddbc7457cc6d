//! Messages: what the actors say to each other, and how it is passed on.

use actix::{Actor, Addr, AsyncContext, Context, Handler, Message, Recipient};
use convoke_events::{HubId, InvocationId, TaskConcluded, TaskId};
use tokio::sync::oneshot;

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

/// Asks all hubs to say when everything they took is durable.
pub(super) struct Drain {
    pub(super) reply: oneshot::Sender<()>,
}

/// Makes calls, all at once.
pub(super) struct FanOut(pub(super) Vec<Call>);

/// Makes a call, and says to whom what comes of it goes.
pub(super) struct Invoke {
    pub(super) call: Call,
    pub(super) returns: Recipient<Returned>,
}

/// Calls a call off.
pub(super) struct CallOff(pub(super) Call);

/// What came of a call, on its way back to its hub.
pub(super) struct Returned(pub(super) Outcome);

/// A call has ended.
pub(super) struct Ended(pub(super) InvocationId);

macro_rules! messages {
    ($($message:ty),*) => {$(
        impl Message for $message {
            type Result = ();
        }
    )*};
}

messages!(Give, Watch, Drain, FanOut, Invoke, CallOff, Returned, Ended);

/// Passes a message on in order; an actor that is gone drops it, and with it whoever waits for it.
pub(super) fn pass<A, M, T>(context: &mut Context<A>, to: &Addr<T>, message: M)
where
    A: Actor<Context = Context<A>>,
    T: Actor<Context = Context<T>> + Handler<M>,
    M: Message<Result = ()> + Send + 'static,
{
    let sent = to.send(message);
    let sent = async {
        if sent.await.is_err() {
            tracing::debug!("an actor that is gone was sent a message");
        }
    };
    context.spawn(actix::fut::wrap_future::<_, A>(sent));
}
