//! One HTTP request: bounded in time and size, called off at once, and never sent on elsewhere.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use convoke_events::FailureClass;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rustls_platform_verifier::BuilderVerifierExt;
use serde_json::Value;

use super::{Ask, Failed, unsent};
use crate::provider::address::BaseUrl;
use crate::provider::keys::Key;
use crate::provider::{Cancel, ProviderFailure};

/// The longest body that is read, in bytes.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Connections, kept open and used again. They are set up when the first request is made: reading
/// the roots that this machine trusts takes its time, and most agents may answer by rules.
#[derive(Clone, Default)]
pub(super) struct Http(Arc<OnceLock<Result<Client, String>>>);

/// What a server said.
pub(in crate::provider) struct Reply {
    pub(in crate::provider) status: u16,
    /// The host that said it.
    pub(in crate::provider) host: String,
    /// Before when it does not want to be asked again.
    pub(in crate::provider) retry_after: Option<Duration>,
    /// Its body, if it is JSON.
    pub(in crate::provider) body: Option<Value>,
}

impl Http {
    /// Sends a request and reads the answer, unless time runs out or the call is called off.
    pub(super) async fn post(
        &self,
        base: &BaseUrl,
        ask: &Ask,
        key: Option<((&'static str, &'static str), &Key)>,
        left: Duration,
        mut cancel: Cancel,
    ) -> Result<Reply, Failed> {
        if cancel.is_cancelled() {
            return Err(unsent(FailureClass::Cancelled, "the call was called off"));
        }
        if left.is_zero() {
            return Err(unsent(FailureClass::Timeout, "the deadline passed before it was sent"));
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(lost(FailureClass::Cancelled, "the call was called off")),
            () = tokio::time::sleep(left) => {
                let message = format!("no answer from {} by the deadline", base.host());
                Err(lost(FailureClass::Timeout, &message))
            }
            reply = self.exchange(base, ask, key) => reply,
        }
    }

    async fn exchange(
        &self,
        base: &BaseUrl,
        ask: &Ask,
        key: Option<((&'static str, &'static str), &Key)>,
    ) -> Result<Reply, Failed> {
        let host = base.host();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(((name, before), key)) = key {
            let unfit = |_| unsent(FailureClass::Auth, "the key does not fit into a header");
            let mut value =
                HeaderValue::from_str(&format!("{before}{}", key.expose())).map_err(unfit)?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_static(name), value);
        }
        let url = format!("{base}{}", ask.path);
        let client = self.0.get_or_init(client).as_ref();
        let client = client.map_err(|why| unsent(FailureClass::Unavailable, why))?;
        let sent = client.post(url).headers(headers).body(ask.body.to_string()).send().await;
        let mut response = sent.map_err(|error| broken(host, error))?;
        let status = response.status().as_u16();
        if response.status().is_redirection() {
            let message =
                format!("{host} points elsewhere ({status}), and redirects are not followed");
            return Err(unsent(FailureClass::InvalidRequest, &message));
        }
        let retry_after = retry_after(response.headers());
        let bytes = body(host, &mut response).await?;
        tracing::debug!(host, status, bytes = bytes.len(), "a model provider answered");
        let body = serde_json::from_slice(&bytes).ok();
        Ok(Reply { status, host: host.to_owned(), retry_after, body })
    }
}

fn client() -> Result<Client, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("no encryption can be set up: {error}"))?;
    let tls = match builder.clone().with_platform_verifier() {
        Ok(builder) => builder.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "this machine trusts no certificates: `https` will fail");
            builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth()
        }
    };
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        // A proxy would see the keys of servers that are asked without encryption.
        .no_proxy()
        .connect_timeout(CONNECT)
        .user_agent(concat!("convoke/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| format!("no connection can be set up: {}", cause(&error)))
}

async fn body(host: &str, response: &mut Response) -> Result<Vec<u8>, Failed> {
    let too_long = || {
        let message = format!("the answer of {host} is longer than {MAX_BODY} bytes");
        lost(FailureClass::Malformed, &message)
    };
    let said = response.content_length().and_then(|length| usize::try_from(length).ok());
    if said.is_some_and(|length| length > MAX_BODY) {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| broken(host, error))? {
        if bytes.len().saturating_add(piece.len()) > MAX_BODY {
            return Err(too_long());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A failure of which nobody knows what it cost.
fn lost(class: FailureClass, message: &str) -> Failed {
    Box::new(ProviderFailure::new(class, message))
}

fn broken(host: &str, error: reqwest::Error) -> Failed {
    let error = error.without_url();
    let why = cause(&error);
    if error.is_builder() {
        return unsent(FailureClass::InvalidRequest, &format!("no request can be made: {why}"));
    }
    if error.is_connect() {
        return unsent(FailureClass::Unavailable, &format!("{host} cannot be reached: {why}"));
    }
    lost(FailureClass::Unavailable, &format!("the connection to {host} broke off: {why}"))
}

/// What lies at the bottom of an error.
fn cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// What the server asks for, in seconds or, as some say it, in milliseconds.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &HeaderName| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let millis = HeaderName::from_static("retry-after-ms");
    number(&millis)
        .map(Duration::from_millis)
        .or_else(|| number(&RETRY_AFTER).map(Duration::from_secs))
}
