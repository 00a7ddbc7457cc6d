//! Restarting: an actor that panics begins anew after a pause, with its mailbox as it was.
//!
//! actix ends an actor whose handler panics. Here its future is polled under a guard instead: what
//! it was doing is given up, and after a pause that doubles from panic to panic it is started again
//! and goes on with the messages that came meanwhile. One that panics again and again ends.

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context as Polling, Poll, ready};
use std::time::{Duration, Instant};

use actix::dev::ContextFut;
use actix::{Actor, Addr, AsyncContext, Context, Supervised};
use tokio::time::Sleep;

use super::message::ROOM;

/// How patient one is with an actor that panics.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// The pause after a first panic; it doubles with every further one.
    first: Duration,
    /// The longest pause.
    longest: Duration,
    /// How many panics in a row are forgiven.
    limit: u32,
}

const USUAL: Pace =
    Pace { first: Duration::from_millis(50), longest: Duration::from_secs(5), limit: 8 };

/// After how long without one the panics before are forgotten.
const HEALTHY: Duration = Duration::from_mins(1);

/// Starts an actor that begins anew when it panics, with room for every message.
pub(super) fn start_anew<A>(actor: A) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    start_at(USUAL, actor)
}

fn start_at<A>(pace: Pace, actor: A) -> Addr<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    let mut context = Context::new();
    context.set_mailbox_capacity(ROOM);
    let address = context.address();
    let actor = Some(context.into_future(actor));
    actix::spawn(Restarting { actor, pace, pause: None, panics: 0, last: None });
    address
}

struct Restarting<A>
where
    A: Actor<Context = Context<A>>,
{
    actor: Option<ContextFut<A, Context<A>>>,
    pace: Pace,
    pause: Option<Pin<Box<Sleep>>>,
    panics: u32,
    last: Option<Instant>,
}

impl<A> Restarting<A>
where
    A: Actor<Context = Context<A>>,
{
    /// Pauses after a panic, or ends the actor if there were too many.
    fn fell(&mut self) {
        if self.last.is_some_and(|last| last.elapsed() > HEALTHY) {
            self.panics = 0;
        }
        self.last = Some(Instant::now());
        self.panics = self.panics.saturating_add(1);
        let (actor, panics) = (type_name::<A>(), self.panics);
        if panics > self.pace.limit {
            tracing::error!(actor, panics, "an actor panicked too often, and has ended");
            let ended = self.actor.take();
            // What it drops may panic too.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(ended)));
            return;
        }
        let doubled = 1_u32.checked_shl(panics.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = self.pace.first.saturating_mul(doubled).min(self.pace.longest);
        tracing::error!(actor, panics, ?pause, "an actor panicked, and begins anew");
        self.pause = Some(Box::pin(tokio::time::sleep(pause)));
    }
}

impl<A> Future for Restarting<A>
where
    A: Actor<Context = Context<A>> + Supervised,
{
    type Output = ();

    fn poll(self: Pin<&mut Self>, polling: &mut Polling<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            let Some(actor) = &mut this.actor else {
                return Poll::Ready(());
            };
            let begins_anew = match &mut this.pause {
                Some(pause) => {
                    ready!(pause.as_mut().poll(polling));
                    true
                }
                None => false,
            };
            if begins_anew {
                this.pause = None;
            }
            let polled = catch_unwind(AssertUnwindSafe(|| {
                if begins_anew && !actor.restart() {
                    return Poll::Ready(());
                }
                Pin::new(actor).poll(polling)
            }));
            match polled {
                Ok(polled) => return polled,
                Err(_) => this.fell(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix::{Handler, Message, System};
    use tokio::sync::oneshot;

    use super::*;

    /// Adds up what it is told, and panics over what is too much.
    struct Sum(u32);

    impl Actor for Sum {
        type Context = Context<Self>;
    }

    impl Supervised for Sum {
        fn restarting(&mut self, _: &mut Self::Context) {
            self.0 = 0;
        }
    }

    struct Add(u32);

    impl Message for Add {
        type Result = ();
    }

    struct Tell(oneshot::Sender<u32>);

    impl Message for Tell {
        type Result = ();
    }

    impl Handler<Add> for Sum {
        type Result = ();

        fn handle(&mut self, Add(number): Add, _: &mut Self::Context) {
            assert!(number < 100, "it is too much");
            self.0 += number;
        }
    }

    impl Handler<Tell> for Sum {
        type Result = ();

        fn handle(&mut self, Tell(to): Tell, _: &mut Self::Context) {
            let _ = to.send(self.0);
        }
    }

    fn pace(limit: u32) -> Pace {
        Pace { first: Duration::from_millis(1), longest: Duration::from_millis(4), limit }
    }

    /// What an actor so patient has added up in the end, if it is still there.
    fn told(limit: u32, numbers: &[u32]) -> Option<u32> {
        System::new().block_on(async {
            let sum = start_at(pace(limit), Sum(0));
            for number in numbers {
                sum.try_send(Add(*number)).unwrap();
            }
            let (tell, told) = oneshot::channel();
            sum.try_send(Tell(tell)).unwrap();
            told.await.ok()
        })
    }

    #[test]
    fn an_actor_that_panics_begins_anew_with_the_messages_that_came_after() {
        assert_eq!(told(8, &[1, 2, 100, 4, 8]), Some(12));
        assert_eq!(told(8, &[1, 100, 100, 100, 4]), Some(4));
    }

    #[test]
    fn an_actor_that_panics_too_often_ends() {
        assert_eq!(told(3, &[100, 100, 100, 1]), Some(1));
        assert_eq!(told(3, &[100, 100, 100, 100, 1]), None);
    }
}
