//! Calls of agents' models, in words.

use std::time::Duration;

use convoke_events::{
    InvocationAnswered, InvocationEvent, InvocationStarted, PolicyRef, Purpose, Recorded, TextName,
    Tokens, Usage,
};

use super::because;
use super::governance::verb;
use super::resilience;
use super::told::Told;
use crate::wording::{self, first_lines, short};

pub(super) fn tell(
    recorded: &Recorded,
    event: &InvocationEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    let text = match event {
        InvocationEvent::InvocationStarted(facts) => {
            return (started(facts, told), facts.granted_by.into_iter().collect());
        }
        InvocationEvent::InvocationAnswered(facts) => answered(recorded, facts, told),
        InvocationEvent::InvocationFailed(facts) => format!(
            "{} gave no usable answer{}, `{}`{}{}",
            told.caller(facts.invocation),
            facts
                .latency_us
                .map(|us| format!(" after {:?}", Duration::from_micros(us)))
                .unwrap_or_default(),
            facts.class,
            because(recorded.texts.get(&TextName::REASON)),
            resilience::then(facts.then),
        ),
        InvocationEvent::InvocationRecovered(facts) => resilience::recovered(recorded, facts, told),
        InvocationEvent::OutcomeArrivedLate(facts) => format!(
            "an answer of {} came after its call had ended otherwise ({}): kept, and not counted",
            told.caller(facts.invocation),
            usage(&facts.usage),
        ),
    };
    (text, Vec::new())
}

fn started(facts: &InvocationStarted, told: &Told) -> String {
    let task = match facts.purpose {
        Purpose::Triage => "to triage",
        Purpose::Contribution => "to contribute",
        Purpose::Synthesis => "to put the contributions together",
        Purpose::Delegation => "to do what was handed over",
        Purpose::Mediation => "to help",
        Purpose::Action => "to act",
        Purpose::Answer => "to answer",
        Purpose::Judgement => "to say which recommendations mean the same",
        Purpose::Arbitration => "to choose among the recommendations",
    };
    let attempt =
        if facts.attempt > 1 { format!(" (attempt {})", facts.attempt) } else { String::new() };
    let attempt = match facts.instead_of {
        Some(failed) => format!("{attempt} instead of {}", told.caller(failed)),
        None => attempt,
    };
    let grant = match facts.granted_by {
        Some(policy) => format!("governance {} allows", wording::policy(policy)),
        None => "no governance policy speaks of it, and the hub permits by default, to".to_owned(),
    };
    let held = told.amount(facts.reservation).map(wording::amount);
    let held = held.map(|held| format!(" {held} set aside")).unwrap_or_default();
    format!(
        "{} was asked {task}{attempt}, by model `{}` of {}: {grant} {} `{}`;{held} under decision {}",
        told.agent(facts.agent, facts.agent_version),
        facts.model,
        facts.provider,
        verb(facts.verb),
        facts.artifact,
        short(facts.decision),
    )
}

fn answered(recorded: &Recorded, facts: &InvocationAnswered, told: &Told) -> String {
    let confidence = facts.confidence.map(|sure| format!(" with confidence {sure}"));
    let upstream = facts.upstream.as_ref().map(|upstream| format!(" through {upstream}"));
    let said = recorded.texts.get(&TextName::CONTENT).map(first_lines);
    let said = said.map(|said| format!(": \"{said}\"")).unwrap_or_default();
    format!(
        "{} answered `{}`{}{said} (model `{}` of {}{}; {}; {:?})",
        told.caller(facts.invocation),
        facts.key,
        confidence.unwrap_or_default(),
        facts.model,
        facts.provider,
        upstream.unwrap_or_default(),
        usage(&facts.usage),
        Duration::from_micros(facts.latency_us),
    )
}

fn usage(usage: &Usage) -> String {
    let figure = |tokens: Option<Tokens>| match tokens {
        Some(known) => wording::tokens(known),
        None => "an unknown number of tokens".to_owned(),
    };
    format!("{} in and {} out", figure(usage.input), figure(usage.output))
}
