//! Breakers: one in front of every endpoint, so that what fails all the time is not asked all the
//! time.

use std::collections::BTreeMap;
use std::time::Duration;

use convoke_events::{
    Billed, BreakerClosed, BreakerHalfOpened, BreakerOpened, EndpointId, FailureClass,
    InvocationId, InvocationStarted, ResilienceEvent, StreamId, TextName, Texts, Timestamp,
};

use super::Resilience;
use crate::decision::{Draft, Story};
use crate::provider::ProviderFailure;

/// What the end of a call says of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It serves, whatever it answered.
    Serves,
    /// It does not.
    Fails,
    /// Nothing.
    Unsaid,
}

impl Health {
    /// What a failure says; one that nothing was sent for says nothing.
    pub(crate) fn after(class: FailureClass, billed: Billed) -> Self {
        match class {
            FailureClass::Unavailable
            | FailureClass::RateLimited
            | FailureClass::Overloaded
            | FailureClass::Panicked => Self::Fails,
            FailureClass::Timeout if billed == Billed::Unknown => Self::Fails,
            FailureClass::Refused
            | FailureClass::Malformed
            | FailureClass::InvalidRequest
            | FailureClass::Truncated => Self::Serves,
            FailureClass::Timeout
            | FailureClass::Auth
            | FailureClass::Billing
            | FailureClass::Quota
            | FailureClass::NoModel
            | FailureClass::NoProvider
            | FailureClass::Cancelled
            | FailureClass::InDoubt
            | FailureClass::Withheld
            | FailureClass::BreakerOpen => Self::Unsaid,
        }
    }

    pub(crate) fn of(failure: &ProviderFailure) -> Self {
        Self::after(failure.class, failure.billed)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Timestamp,
    },
    HalfOpen {
        probe: InvocationId,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Breaker {
    /// How often its endpoint failed in a row.
    failures: u32,
    phase: Phase,
}

/// The breakers of a hub; an endpoint that never failed since it last served has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Breakers(BTreeMap<EndpointId, Breaker>);

impl Breakers {
    pub(super) fn evolve(&mut self, event: &ResilienceEvent) {
        match event {
            ResilienceEvent::BreakerOpened(opened) => {
                let phase = Phase::Open { until: opened.until };
                self.0.insert(opened.endpoint, Breaker { failures: opened.failures, phase });
            }
            ResilienceEvent::BreakerHalfOpened(half) => {
                self.0.entry(half.endpoint).or_default().phase =
                    Phase::HalfOpen { probe: half.probe };
            }
            ResilienceEvent::BreakerClosed(closed) => {
                self.0.remove(&closed.endpoint);
            }
            ResilienceEvent::RetryRulesSet(_) => {}
        }
    }

    /// Notes what the end of a call says of its endpoint.
    pub(crate) fn ended(&mut self, endpoint: EndpointId, health: Health) {
        match health {
            Health::Serves => {
                if self.0.get(&endpoint).is_some_and(|one| one.phase == Phase::Closed) {
                    self.0.remove(&endpoint);
                }
            }
            Health::Fails => {
                let breaker = self.0.entry(endpoint).or_default();
                breaker.failures = breaker.failures.saturating_add(1);
            }
            Health::Unsaid => {}
        }
    }

    /// Whether a call may be sent there now.
    pub(crate) fn admits(&self, endpoint: EndpointId, now: Timestamp) -> bool {
        self.0.get(&endpoint).is_none_or(|one| one.admits(now))
    }

    /// When a call may be sent there again, if that is known.
    pub(crate) fn until(&self, endpoint: EndpointId) -> Option<Timestamp> {
        match self.0.get(&endpoint)?.phase {
            Phase::Open { until } => Some(until),
            Phase::Closed | Phase::HalfOpen { .. } => None,
        }
    }
}

impl Breaker {
    fn admits(&self, now: Timestamp) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Open { until } => now >= until,
            Phase::HalfOpen { .. } => false,
        }
    }
}

/// What the end of a call does to the breaker of its endpoint, and since when calls may be sent
/// there again if it is open then.
pub(crate) fn judged(
    resilience: &Resilience,
    story: Story,
    started: &InvocationStarted,
    health: Health,
    now: Timestamp,
) -> (Option<Draft>, Option<Timestamp>) {
    let endpoint = started.endpoint;
    let Breaker { failures, phase } =
        resilience.breakers.0.get(&endpoint).copied().unwrap_or_default();
    let failures = failures.saturating_add(u32::from(health == Health::Fails));
    let open = |until, why: &str| {
        let (provider, model) = (started.provider.clone(), started.model.clone());
        let facts = BreakerOpened { endpoint, provider, model, failures, until };
        let texts = Texts::none().with(TextName::REASON, why);
        (Some(story.draft(StreamId::endpoint(endpoint), facts, texts)), Some(until))
    };
    let rules = resilience.rules();
    let later = now.plus(Duration::from_millis(rules.breaker_open_ms));
    match (phase, health) {
        (Phase::HalfOpen { probe }, Health::Serves) if probe == started.invocation => {
            let facts = BreakerClosed { endpoint };
            let texts = Texts::none().with(TextName::REASON, "the call that tried it came through");
            (Some(story.draft(StreamId::endpoint(endpoint), facts, texts)), None)
        }
        (Phase::HalfOpen { probe }, Health::Fails) if probe == started.invocation => {
            open(later, "the call that tried it failed too")
        }
        (Phase::HalfOpen { probe }, Health::Unsaid) if probe == started.invocation => {
            open(now, "the call that tried it ended without a word on it")
        }
        (Phase::Closed, Health::Fails) if failures >= rules.breaker_failures => {
            open(later, "it failed too often in a row")
        }
        (Phase::Open { until }, _) => (None, Some(until)),
        (Phase::HalfOpen { .. } | Phase::Closed, _) => (None, None),
    }
}

/// Lets a call try an endpoint whose breaker was open, if it was.
pub(crate) fn half_opened(
    resilience: &Resilience,
    story: Story,
    endpoint: EndpointId,
    probe: InvocationId,
) -> Option<Draft> {
    resilience.breakers.until(endpoint)?;
    let facts = BreakerHalfOpened { endpoint, probe };
    let texts = Texts::none().with(TextName::REASON, "it has been open long enough");
    Some(story.draft(StreamId::endpoint(endpoint), facts, texts))
}
