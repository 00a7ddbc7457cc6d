//! After: what is done about a failed try, by what is recorded of it and the hub's rules alone.

use std::time::Duration;

use convoke_events::{
    AfterFailure, FailureClass, HeldFor, InvocationId, InvocationStarted, Purpose, TaskRules,
    Timestamp,
};

use super::outcome::{Outcome, failure_draft, followed, is_free};
use super::{Errand, id_of, intent, send};
use crate::budget::{self, Held, Plan, Short};
use crate::collective;
use crate::decision::{Draft, Story};
use crate::governance::{Attempt, enforce};
use crate::provider::{ProviderFailure, Retry};
use crate::resilience::next_try;
use crate::state::State;
use crate::task::request_bytes;

/// The most bytes of what was wrong with an answer that is told to the agent that is to mend it.
pub(crate) const MEND_REASON: usize = 2_048;

/// A failed try, and what its end comes to.
pub(super) struct Failed<'a> {
    pub(super) started: &'a InvocationStarted,
    pub(super) failure: &'a ProviderFailure,
    /// Whether an answer came, be it a malformed one.
    pub(super) answered: bool,
    pub(super) settlement: Vec<Draft>,
    pub(super) breaker: Option<Draft>,
    /// Until when its endpoint is asked nothing.
    pub(super) down_until: Option<Timestamp>,
}

/// What was decided to be done.
struct Next {
    then: AfterFailure,
    /// Whether what was set aside is kept for it.
    keeps: bool,
    drafts: Vec<Draft>,
}

impl Failed<'_> {
    /// The events by which the try ends, and those of what is done about it.
    pub(super) fn drafts(
        self,
        state: &State,
        story: Story,
        outcome: &Outcome,
        now: Timestamp,
        seed: u64,
    ) -> Vec<Draft> {
        let next = self.next(state, story, now, seed);
        let Self { started, failure, settlement, breaker, .. } = self;
        let mut drafts = vec![failure_draft(story, started, failure, outcome, next.then)];
        if !next.keeps {
            drafts.extend(settlement);
        }
        drafts.extend(breaker);
        drafts.extend(next.drafts);
        if next.then == AfterFailure::Stop {
            drafts.extend(followed(state, story, started, Err(failure), String::new()));
        }
        drafts
    }

    fn next(&self, state: &State, story: Story, now: Timestamp, seed: u64) -> Next {
        let mut passed = Vec::new();
        if state.tasks.get(story.task).is_some() {
            if let Some(next) = self.mended(state, story, now) {
                return next;
            }
            let again = || self.tried_again(state, story, now, seed);
            // Where its endpoint is down, another one now is better than the same one later.
            let next = if self.down_until.is_some() {
                self.fallen_back(state, story, &mut passed, now).or_else(again)
            } else {
                again().or_else(|| self.fallen_back(state, story, &mut passed, now))
            };
            if let Some(mut next) = next {
                passed.append(&mut next.drafts);
                return Next { drafts: passed, ..next };
            }
        }
        Next { then: AfterFailure::Stop, keeps: false, drafts: passed }
    }

    /// Asks once for an answer of the right shape, of which it is told what was wrong; governance
    /// is asked first, as before every try.
    fn mended(&self, state: &State, story: Story, now: Timestamp) -> Option<Next> {
        let started = self.started;
        let malformed = self.answered && self.failure.class == FailureClass::Malformed;
        if !malformed || started.mends.is_some() || now >= started.deadline {
            return None;
        }
        let agent = state.registry.get(started.agent).filter(|agent| agent.works())?;
        if agent.version != started.agent_version {
            return None;
        }
        let shown = budget::document_bound(started.max_output)
            .saturating_add(u64::try_from(MEND_REASON).unwrap_or(u64::MAX));
        let held = self.anew(state, shown, now)?.ok()?;
        let (purpose, verb, artifact) = (started.purpose, started.verb, &started.artifact);
        let attempt = Attempt { story, purpose, verb, artifact };
        let grant = match enforce(state, attempt, started.agent) {
            Ok(grant) => grant,
            Err(denial) => {
                let drafts = vec![*denial.record];
                return Some(Next { then: AfterFailure::Stop, keeps: false, drafts });
            }
        };
        let again = InvocationStarted {
            attempt: started.attempt.saturating_add(1),
            mends: Some(started.attempt),
            granted_by: grant.by(),
            reservation: held.reservation,
            ..started.clone()
        };
        let then = AfterFailure::Again { at: now, reservation: held.reservation, mend: true };
        let mut drafts = vec![budget::set_aside(story, held)];
        drafts.extend(send(state, story, again));
        Some(Next { then, keeps: false, drafts })
    }

    /// Asks the same agent once more, later.
    fn tried_again(&self, state: &State, story: Story, now: Timestamp, seed: u64) -> Option<Next> {
        let (started, rules) = (self.started, state.resilience.rules());
        let Retry::After(floor) = self.failure.retry else {
            return None;
        };
        if started.attempt >= rules.max_attempts {
            return None;
        }
        let down = self.down_until.map_or(Duration::ZERO, |until| until.since(now));
        let at = next_try(rules, started.attempt, floor.max(down), now, seed);
        if at >= started.deadline {
            return None;
        }
        if is_free(self.failure) {
            let reservation = started.reservation;
            let then = AfterFailure::Again { at, reservation, mend: false };
            return Some(Next { then, keeps: true, drafts: Vec::new() });
        }
        let held = self.anew(state, 0, now)?.ok()?;
        let then = AfterFailure::Again { at, reservation: held.reservation, mend: false };
        Some(Next { then, keeps: false, drafts: vec![budget::set_aside(story, held)] })
    }

    /// Sets the worst case aside once more, with so many bytes of input more.
    fn anew(&self, state: &State, bytes: u64, now: Timestamp) -> Option<Result<Held, Short>> {
        let started = self.started;
        let held = state.ledger.held(started.reservation)?;
        let input = held.amount.tokens.less(started.max_output);
        let more = if bytes == 0 {
            convoke_events::Tokens::ZERO
        } else {
            budget::input_bound(&started.provider, bytes)
        };
        let (attempt, call) = (started.attempt.saturating_add(1), started.invocation);
        let model = (&started.provider, &started.model);
        let worst = (input.plus(more), started.max_output);
        Some(self.plan(state, held, now).reserve_try(call, attempt, model, worst))
    }

    fn plan<'a>(&self, state: &'a State, held: Held, now: Timestamp) -> Plan<'a> {
        let charged = self.settlement.iter().find_map(budget::charged_by).unwrap_or(held.amount);
        state.ledger.plan(held.account, now).after(held, charged)
    }

    /// Asks the next candidate of the same decision instead, at its own price.
    fn fallen_back(
        &self,
        state: &State,
        story: Story,
        passed: &mut Vec<Draft>,
        now: Timestamp,
    ) -> Option<Next> {
        let failed = self.started;
        if !falls_back(failed.purpose, self.failure.class) || now >= failed.deadline {
            return None;
        }
        let held = state.ledger.held(failed.reservation)?;
        let elsewhere = self.failure.class != FailureClass::Withheld;
        let instead = Instead { failed, elsewhere, plan: self.plan(state, held, now) };
        let (invocation, drafts) = instead.of(state, story, passed, now)?;
        Some(Next { then: AfterFailure::FallBack { invocation }, keeps: false, drafts })
    }
}

/// Whether another candidate may be asked after such a failure.
const fn falls_back(purpose: Purpose, class: FailureClass) -> bool {
    if !matches!(purpose, Purpose::Triage | Purpose::Answer | Purpose::Synthesis) {
        return false;
    }
    match class {
        FailureClass::Unavailable
        | FailureClass::RateLimited
        | FailureClass::Overloaded
        | FailureClass::Quota
        | FailureClass::NoModel
        | FailureClass::NoProvider
        | FailureClass::Panicked
        | FailureClass::InvalidRequest
        | FailureClass::Withheld
        | FailureClass::BreakerOpen => true,
        FailureClass::Auth
        | FailureClass::Billing
        | FailureClass::Refused
        | FailureClass::Malformed
        | FailureClass::Truncated
        | FailureClass::Timeout
        | FailureClass::Cancelled
        | FailureClass::InDoubt => false,
    }
}

/// What is asked of another agent instead.
struct Instead<'a> {
    failed: &'a InvocationStarted,
    /// Whether its endpoint must be another one.
    elsewhere: bool,
    plan: Plan<'a>,
}

impl Instead<'_> {
    /// The call of the first candidate after the one that failed that may be asked and paid; those
    /// that governance denies on the way are recorded.
    fn of(
        mut self,
        state: &State,
        story: Story,
        passed: &mut Vec<Draft>,
        now: Timestamp,
    ) -> Option<(InvocationId, Vec<Draft>)> {
        let InvocationStarted { purpose, collective, delegation, verb, max_output, .. } =
            *self.failed;
        let task = state.tasks.get(story.task)?;
        let decided = state.routing.recorded(story.task, self.failed.decision)?;
        for authorised in decided.candidates_after(self.failed.agent) {
            let Some(agent) = state.registry.get(authorised.agent()).filter(|it| it.works()) else {
                continue;
            };
            let profile = &agent.profile;
            let same = self.elsewhere && profile.endpoint == self.failed.endpoint;
            if same || !state.resilience.breakers.admits(profile.endpoint, now) {
                continue;
            }
            let artifact = &self.failed.artifact;
            let id = authorised.agent();
            let grant = match enforce(state, Attempt { story, purpose, verb, artifact }, id) {
                Ok(grant) => grant,
                Err(denial) => {
                    passed.push(*denial.record);
                    continue;
                }
            };
            let documents = match purpose {
                Purpose::Synthesis | Purpose::Judgement | Purpose::Arbitration => {
                    collective::documents_bound(state, story.task)
                }
                Purpose::Triage
                | Purpose::Answer
                | Purpose::Contribution
                | Purpose::Delegation
                | Purpose::Mediation
                | Purpose::Action => 0,
            };
            let bytes = request_bytes(task, profile.prompt_bytes).saturating_add(documents);
            let input = budget::input_bound(&profile.provider, bytes);
            let invocation = id_of(story.task, purpose, id);
            let model = (&profile.provider, &profile.model);
            let call = HeldFor::Call(invocation);
            let Ok(held) = self.plan.reserve(call, model, (input, max_output)) else {
                continue;
            };
            let rules = &TaskRules { max_output, ..task.plan.rules().clone() };
            let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
            let started = InvocationStarted {
                instead_of: Some(self.failed.invocation),
                deadline: self.failed.deadline,
                ..intent(errand, agent, authorised, &grant, held)
            };
            let mut drafts = vec![budget::set_aside(story, held)];
            drafts.extend(send(state, story, started));
            return Some((invocation, drafts));
        }
        None
    }
}
