//! A provider whose calls wait at a gate until enough of them have arrived.

use std::sync::Arc;

use convoke_events::{FinishReason, Usage};
use tokio::sync::{Barrier, watch};

use crate::provider::{
    CallFuture, Cancel, Deltas, ModelRequest, ModelResponse, Part, Provider, Safety,
};

/// Answers only when `count` calls are in flight at the same moment.
#[derive(Debug)]
pub struct Gate {
    barrier: Arc<Barrier>,
    answer: String,
    arrived: watch::Sender<usize>,
}

impl Gate {
    /// A gate that opens to `count` calls at once, each answering with this text.
    pub fn new(count: usize, answer: &str) -> Self {
        let barrier = Arc::new(Barrier::new(count));
        Self { barrier, answer: answer.to_owned(), arrived: watch::Sender::new(0) }
    }

    /// How many calls have arrived at the gate so far.
    pub fn arrived(&self) -> watch::Receiver<usize> {
        self.arrived.subscribe()
    }
}

impl Provider for Gate {
    fn safety(&self) -> Safety {
        Safety::AtMostOnce
    }

    fn call(&self, request: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        self.arrived.send_modify(|arrived| *arrived = arrived.saturating_add(1));
        let (barrier, answer) = (Arc::clone(&self.barrier), self.answer.clone());
        Box::pin(async move {
            barrier.wait().await;
            Ok(ModelResponse {
                provider: request.provider,
                model: request.model,
                upstream: None,
                parts: vec![Part::Text(answer)],
                finish: FinishReason::Stop,
                usage: Usage::default(),
            })
        })
    }
}
