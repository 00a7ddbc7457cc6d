//! Providers over the network: one request out, one answer back, and whose key goes with it.

pub(super) mod chat;
mod figures;
mod http;
pub(super) mod status;

use std::sync::Arc;

use convoke_events::{Clock, FailureClass, ModelName, ProviderName, UpstreamName};
use serde_json::Value;

use self::http::Http;
pub(super) use self::http::Reply;
use super::address::BaseUrl;
use super::keys::{Key, Keys};
use super::settings::{self, ModelSettings};
use super::{
    CallFuture, Cancel, Deltas, ModelRequest, ModelResponse, Part, Provider, ProviderFailure,
    Safety,
};
pub(super) use figures::{micro_usd, tokens};

/// A failure under way: boxed, since it is large and rare.
pub(super) type Failed = Box<ProviderFailure>;

/// What all providers over the network share: connections, keys and the time.
///
/// TLS by rustls under the roots this machine trusts; redirects are not followed; no proxy is used;
/// a body has at most 4 MiB. A key goes to the provider's own address, or to the one base URL whose
/// registration names it, and what a server sends back is recorded without it.
#[derive(Clone)]
pub struct Network {
    http: Http,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl Network {
    /// Connections with keys from here, under this clock.
    pub fn new(keys: Keys, clock: Arc<dyn Clock>) -> Self {
        Self { http: Http::default(), keys, clock }
    }
}

/// How a provider wants to be asked, and what its answers mean.
pub(super) trait Wire: Send + Sync + 'static {
    /// Which provider it is.
    fn name(&self) -> ProviderName;

    /// Its own base URL.
    fn base(&self) -> &'static str;

    /// The environment variables that hold its key by custom, the first that is set wins.
    fn variables(&self) -> &'static [&'static str];

    /// The header its key goes in, and what stands before the key.
    fn key_header(&self) -> (&'static str, &'static str);

    /// What to send, and where under the base URL.
    fn ask(&self, request: &ModelRequest, settings: &ModelSettings) -> Result<Ask, Failed>;

    /// What its answer means.
    fn read(&self, request: &ModelRequest, reply: &Reply) -> Result<ModelResponse, Failed>;
}

/// One request.
pub(super) struct Ask {
    pub(super) path: String,
    pub(super) body: Value,
}

/// A provider over the network.
pub(super) struct Served {
    pub(super) network: Network,
    pub(super) wire: &'static dyn Wire,
}

impl Provider for Served {
    fn safety(&self) -> Safety {
        Safety::AtMostOnce
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let (network, wire) = (self.network.clone(), self.wire);
        Box::pin(async move {
            let response =
                network.call(wire, &request, cancel).await.map_err(|failure| *failure)?;
            deltas.send(&response.text());
            Ok(response)
        })
    }
}

impl Network {
    async fn call(
        &self,
        wire: &'static dyn Wire,
        request: &ModelRequest,
        cancel: Cancel,
    ) -> Result<ModelResponse, Failed> {
        let provider = wire.name();
        // Checked when it was registered, and again before a key leaves: older logs may hold more.
        settings::check(&provider, request.base_url.as_deref(), request.settings.as_deref())
            .map_err(|unfit| unsent(FailureClass::InvalidRequest, &unfit.to_string()))?;
        let settings = ModelSettings::read(&provider, request.settings.as_deref())
            .map_err(|error| unsent(FailureClass::InvalidRequest, &error.to_string()))?;
        let elsewhere = request.base_url.is_some();
        let base = BaseUrl::new(request.base_url.as_deref().unwrap_or_else(|| wire.base()))
            .map_err(|error| unsent(FailureClass::InvalidRequest, &error.to_string()))?;
        let key = self.keys.look_up(&provider, elsewhere, &settings.key, wire.variables());
        let key = key.map_err(|error| unsent(FailureClass::Auth, &error.to_string()))?;
        let ask = wire.ask(request, &settings)?;
        let header = key.as_ref().map(|key| (wire.key_header(), key));
        let left = request.deadline.since(self.clock.now());
        let reply = self.http.post(&base, &ask, header, left, cancel).await;
        let response = reply.and_then(|reply| wire.read(request, &reply));
        match key {
            Some(key) => response
                .map(|response| without(response, &key))
                .map_err(|failure| scrubbed(failure, &key)),
            None => response,
        }
    }
}

/// A failure before anything was sent.
pub(super) fn unsent(class: FailureClass, message: &str) -> Failed {
    Box::new(ProviderFailure::new(class, message).unbilled())
}

pub(super) fn scrubbed(mut failure: Failed, key: &Key) -> Failed {
    failure.message = key.scrub(&failure.message);
    failure
}

/// The response without the key, should the server have put it there.
pub(super) fn without(response: ModelResponse, key: &Key) -> ModelResponse {
    let clean = |text: String| key.scrub(&text);
    let part = |part| match part {
        Part::Text(text) => Part::Text(clean(text)),
        Part::Document { id, content } => Part::Document { id: clean(id), content: clean(content) },
        Part::ToolCall { id, name, arguments } => {
            Part::ToolCall { id: clean(id), name: clean(name), arguments: clean(arguments) }
        }
    };
    let parts = response.parts.into_iter().map(part).collect();
    let model = ModelName::new(&key.scrub(response.model.as_str())).unwrap_or(response.model);
    let upstream =
        response.upstream.map(|name| UpstreamName::new(&key.scrub(name.as_str())).unwrap_or(name));
    ModelResponse { model, upstream, parts, ..response }
}

#[cfg(test)]
mod tests;
