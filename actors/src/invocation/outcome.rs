//! Outcomes: what came of a call, its settlement and what follows, in one append.

use std::time::Duration;

use convoke_events::{
    AfterFailure, Amount, Billed, BudgetEvent, Event, FailureClass, FinishReason,
    InvocationAnswered, InvocationFailed, InvocationId, InvocationStarted, MAX_TEXT, MediaType,
    ModelName, OutcomeArrivedLate, ProviderName, Purpose, TextName, Texts, Timestamp, Usage,
};

use super::after::Failed;
use super::flight::{GivenUp, Open, Phase};
use crate::action;
use crate::answer::{self, Answer};
use crate::budget::{Settling, on_accounts};
use crate::collective;
use crate::decision::{Decision, Draft, Story, cut};
use crate::provider::{ModelResponse, ProviderFailure, Retry};
use crate::resilience::{Health, judged};
use crate::state::State;
use crate::task;

/// What came of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Which call.
    pub invocation: InvocationId,
    /// Which try.
    pub attempt: u32,
    /// What its provider said.
    pub result: Result<ModelResponse, ProviderFailure>,
    /// From sending to outcome.
    pub latency: Duration,
}

/// Records an outcome; one that comes too late is kept and fenced.
pub(crate) fn record(state: &State, outcome: &Outcome, now: Timestamp, seed: u64) -> Decision {
    let invocations = &state.invocations;
    let open = invocations.open.get(&outcome.invocation);
    let is_out = |open: &&Open| !matches!(open.phase, Phase::Waiting { .. });
    let open = open.filter(is_out).filter(|open| open.started.attempt == outcome.attempt);
    if let Some(open) = open {
        let story = Story { task: open.started.task, cause: Some(open.intent) };
        return Decision::of(closed(state, story, &open.started, outcome, now, seed));
    }
    let given_up = invocations.given_up.get(&outcome.invocation);
    let says_something = match &outcome.result {
        Ok(_) => true,
        Err(failure) => failure.usage != Usage::default(),
    };
    match given_up.filter(|given_up| given_up.open.started.attempt == outcome.attempt) {
        Some(given_up) if says_something => Decision::of(late(state, given_up, outcome)),
        // It was recorded before, is none of ours, or only says that it was given up.
        Some(_) | None => Decision::nothing(),
    }
}

/// Ends a try: what came of it, what is charged, what it says of its endpoint, and what follows.
pub(super) fn closed(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    outcome: &Outcome,
    now: Timestamp,
    seed: u64,
) -> Vec<Draft> {
    let answered = match &outcome.result {
        Ok(response) => match judge(state, started, response) {
            Ok(answer) => Ok((response, answer)),
            Err(failure) => Err(*failure),
        },
        Err(failure) => Err(failure.clone()),
    };
    let settlement = settlement(state, story, started, &answered);
    let health = answered.as_ref().err().map_or(Health::Serves, Health::of);
    let (breaker, down_until) = judged(&state.resilience, story, started, health, now);
    let (response, answer) = match answered {
        Ok(answered) => answered,
        Err(failure) => {
            let failed = Failed {
                started,
                failure: &failure,
                answered: outcome.result.is_ok(),
                settlement,
                breaker,
                down_until,
            };
            return failed.drafts(state, story, outcome, now, seed);
        }
    };
    let latency_us = u64::try_from(outcome.latency.as_micros()).unwrap_or(u64::MAX);
    let mut drafts = vec![answer_draft(story, started, response, &answer, latency_us)];
    let overrun = overrun(&settlement);
    drafts.extend(settlement);
    drafts.extend(breaker);
    drafts.extend(followed(state, story, started, Ok(&answer), response.text()));
    drafts.extend(action::wanted(state, story, started, &answer.actions, overrun, now));
    drafts
}

/// What follows from the end of a call.
pub(super) fn followed(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    answer: Result<&Answer, &ProviderFailure>,
    content: String,
) -> Vec<Draft> {
    match started.purpose {
        Purpose::Triage => task::triaged(state, story, answer),
        Purpose::Contribution => collective::contributed(state, story, started, answer),
        Purpose::Judgement => collective::judged(state, story, started, answer, &content),
        Purpose::Synthesis | Purpose::Arbitration => {
            collective::synthesised(state, story, started, answer, content)
        }
        Purpose::Answer => task::answered(state, story, started, answer, content),
        // What follows from it is owed by the delegation, once everything under it has ended too.
        Purpose::Delegation | Purpose::Mediation | Purpose::Action => Vec::new(),
    }
}

/// What an answer says, if it has the shape asked for and stays within what it was asked for.
fn judge(
    state: &State,
    started: &InvocationStarted,
    response: &ModelResponse,
) -> Result<Answer, Box<ProviderFailure>> {
    let failed =
        |class, why: String| Box::new(ProviderFailure::new(class, why).with_usage(response.usage));
    if response.finish == FinishReason::ContentFilter {
        return Err(failed(FailureClass::Refused, "the provider withheld the answer".to_owned()));
    }
    let malformed = |why| failed(FailureClass::Malformed, why);
    match started.purpose {
        Purpose::Contribution | Purpose::Judgement | Purpose::Synthesis | Purpose::Arbitration => {
            collective::read(state, started, response).map_err(malformed)
        }
        Purpose::Triage
        | Purpose::Delegation
        | Purpose::Mediation
        | Purpose::Action
        | Purpose::Answer => {
            let answer = answer::parse(&response.text(), &response.parts)
                .map_err(|error| malformed(error.to_string()))?;
            let shape = state.tasks.get(started.task).and_then(task::Task::shape);
            if let Some(shape) = shape.filter(|_| started.purpose == Purpose::Answer) {
                shape.check(&response.text()).map_err(|error| malformed(error.to_string()))?;
            }
            Ok(answer)
        }
    }
}

fn answer_draft(
    story: Story,
    started: &InvocationStarted,
    response: &ModelResponse,
    answer: &Answer,
    latency_us: u64,
) -> Draft {
    let facts = InvocationAnswered {
        invocation: started.invocation,
        attempt: started.attempt,
        provider: response.provider.clone(),
        model: response.model.clone(),
        upstream: response.upstream.clone(),
        finish: response.finish,
        usage: response.usage,
        key: answer.key.clone(),
        confidence: answer.confidence,
        latency_us,
    };
    let content = response.text();
    let texts = Texts::none().with_media(TextName::CONTENT, MediaType::Json, content);
    story.on_task(facts, texts)
}

pub(super) fn failure_draft(
    story: Story,
    started: &InvocationStarted,
    failure: &ProviderFailure,
    outcome: &Outcome,
    then: AfterFailure,
) -> Draft {
    // What was given up or cut off has no end that could have been measured.
    let measured = Some(outcome.latency).filter(|latency| !latency.is_zero());
    let response = outcome.result.as_ref().ok();
    let facts = InvocationFailed {
        invocation: started.invocation,
        attempt: started.attempt,
        class: failure.class,
        usage: failure.usage,
        latency_us: measured.map(|span| u64::try_from(span.as_micros()).unwrap_or(u64::MAX)),
        billed: failure.billed,
        retry_after_ms: match failure.retry {
            Retry::Never => None,
            Retry::After(floor) => Some(u64::try_from(floor.as_millis()).unwrap_or(u64::MAX)),
        },
        then,
    };
    let content = response.map(ModelResponse::text).filter(|content| !content.is_empty());
    let texts = Texts::none()
        .with(TextName::REASON, cut(&failure.message, 2048))
        .with_some(TextName::CONTENT, content.map(|content| cut(&content, MAX_TEXT).to_owned()));
    story.on_task(facts, texts)
}

fn settlement(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    answered: &Result<(&ModelResponse, Answer), ProviderFailure>,
) -> Vec<Draft> {
    let Some(held) = state.ledger.held(started.reservation) else {
        return Vec::new();
    };
    let usage: Usage = match answered {
        Ok((response, _)) => response.usage,
        Err(failure) => failure.usage,
    };
    let response = answered.as_ref().ok().map(|(response, _)| *response);
    let model = priced(state, started, response);
    let free = answered.as_ref().is_err_and(is_free);
    let settling = if free { Settling::NothingSent } else { Settling::Used(&usage) };
    on_accounts(story, state.ledger.settle(held, model, settling))
}

/// Whether it is known that a failure costs nothing.
pub(super) fn is_free(failure: &ProviderFailure) -> bool {
    failure.billed == Billed::No && failure.usage == Usage::default()
}

/// What a settlement charges beyond what was set aside.
fn overrun(settlement: &[Draft]) -> Amount {
    let overruns = settlement.iter().filter_map(|draft| {
        let Event::Budget(BudgetEvent::Settled(settled)) = &draft.event else { return None };
        Some(settled.overrun)
    });
    overruns.fold(Amount::ZERO, Amount::plus)
}

/// The model whose price holds: the one that really answered where it has one, else the one asked.
fn priced<'a>(
    state: &State,
    started: &'a InvocationStarted,
    response: Option<&'a ModelResponse>,
) -> (&'a ProviderName, &'a ModelName) {
    let answered = response.map(|response| (&response.provider, &response.model));
    let answered =
        answered.filter(|(provider, model)| state.ledger.price(provider, model).is_some());
    answered.unwrap_or((&started.provider, &started.model))
}

fn late(state: &State, given_up: &GivenUp, outcome: &Outcome) -> Vec<Draft> {
    let started = &given_up.open.started;
    let story = Story { task: started.task, cause: Some(given_up.open.intent) };
    let (usage, content) = match &outcome.result {
        Ok(response) => (response.usage, Some(cut(&response.text(), MAX_TEXT).to_owned())),
        Err(failure) => (failure.usage, None),
    };
    let model = priced(state, started, outcome.result.as_ref().ok());
    let (invocation, attempt) = (outcome.invocation, outcome.attempt);
    let facts = OutcomeArrivedLate { invocation, attempt, usage };
    let texts = Texts::none().with_some(TextName::CONTENT, content);
    let mut drafts = vec![story.on_task(facts, texts)];
    if let Some(held) = given_up.held {
        let events = state.ledger.charge_late(held, given_up.charged, model, &usage);
        drafts.extend(on_accounts(story, events));
    }
    drafts
}
