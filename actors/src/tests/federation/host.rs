//! A host without a runtime: its threads, its store and its providers.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use convoke_events::{CommitError, CommitStore, FinishReason, MemoryStore, StoreReadError, Usage};
use tokio::sync::watch;

use crate::provider::{
    CallFuture, Cancel, Deltas, ModelRequest, ModelResponse, Part, Provider, Safety,
};

/// After this long a promise counts as broken.
const PATIENCE: Duration = Duration::from_mins(1);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on a plain thread.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let (mut future, since) = (pin!(future), Instant::now());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let left = PATIENCE.checked_sub(since.elapsed());
        std::thread::park_timeout(left.expect("what was waited for never came"));
    }
}

/// What a future has to say right now.
pub(super) fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A store in memory that commits nothing before it is released.
pub(super) struct Held {
    inner: MemoryStore,
    released: Mutex<bool>,
    changed: Condvar,
}

impl Held {
    pub(super) fn new() -> Self {
        Self { inner: MemoryStore::new(), released: Mutex::new(false), changed: Condvar::new() }
    }

    pub(super) fn release(&self) {
        *self.released.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl CommitStore for Held {
    fn head(&self) -> u64 {
        self.inner.head()
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let released = self.released.lock().unwrap();
        let waited = self.changed.wait_timeout_while(released, PATIENCE, |released| !*released);
        assert!(!waited.unwrap().1.timed_out(), "nobody released the store");
        self.inner.commit(after, bytes)
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        self.inner.read(number)
    }

    fn close(&self) -> Result<(), CommitError> {
        self.inner.close()
    }
}

/// A provider that says the same to everybody, at once.
pub(super) struct Says(pub(super) &'static str);

impl Provider for Says {
    fn safety(&self) -> Safety {
        Safety::Repeatable
    }

    fn call(&self, request: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        let words = self.0.to_owned();
        Box::pin(async move {
            Ok(ModelResponse {
                provider: request.provider,
                model: request.model,
                upstream: None,
                parts: vec![Part::Text(words)],
                finish: FinishReason::Stop,
                usage: Usage::default(),
            })
        })
    }
}

/// A provider whose code is broken.
pub(super) struct Panics;

impl Provider for Panics {
    fn safety(&self) -> Safety {
        Safety::Repeatable
    }

    fn call(&self, _: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        panic!("a test wanted it so");
    }
}

/// How many calls of a [`Silent`] provider have begun, and how many of them were called off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Calls {
    pub(super) begun: usize,
    pub(super) ended: usize,
}

/// A provider that never answers.
#[derive(Clone)]
pub(super) struct Silent(Arc<watch::Sender<Calls>>);

impl Silent {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Calls::default())))
    }

    /// Waits until its calls are so.
    pub(super) fn until(&self, so: impl FnMut(&Calls) -> bool) -> Calls {
        *block_on(self.0.subscribe().wait_for(so)).unwrap()
    }
}

/// Is dropped with the call it belongs to.
struct UnderWay(Silent);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.0.send_modify(|calls| calls.ended += 1);
    }
}

impl Provider for Silent {
    fn safety(&self) -> Safety {
        Safety::AtMostOnce
    }

    fn call(&self, _: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        self.0.send_modify(|calls| calls.begun += 1);
        let under_way = UnderWay(self.clone());
        Box::pin(async move {
            std::future::pending::<()>().await;
            drop(under_way);
            unreachable!("nothing wakes it")
        })
    }
}
