//! A provider that answers as a function of the request.

use std::sync::Arc;

use crate::provider::{
    CallFuture, Cancel, Deltas, MessageRole, ModelRequest, ModelResponse, Part, Provider,
    ProviderFailure, Safety,
};

type Answer = dyn Fn(&ModelRequest) -> Result<ModelResponse, ProviderFailure> + Send + Sync;

/// Answers at once, and the same to the same request.
#[derive(Clone)]
pub struct Script(Arc<Answer>);

impl Script {
    /// Answers as this function says.
    pub fn new(
        answer: impl Fn(&ModelRequest) -> Result<ModelResponse, ProviderFailure> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(answer))
    }
}

impl Provider for Script {
    fn safety(&self) -> Safety {
        Safety::Repeatable
    }

    fn call(&self, request: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        let result = (self.0)(&request);
        Box::pin(std::future::ready(result))
    }
}

/// What the user says in a request, part by part.
pub fn said(request: &ModelRequest) -> Vec<&str> {
    let user = request.messages.iter().filter(|message| message.role == MessageRole::User);
    let parts = user.flat_map(|message| &message.parts);
    let words = parts.filter_map(|part| match part {
        Part::Text(words) => Some(words.trim()),
        Part::Document { .. } | Part::ToolCall { .. } => None,
    });
    words.collect()
}
