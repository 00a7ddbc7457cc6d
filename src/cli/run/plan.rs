//! `convoke plan`: what a run would bring the hub to, by the very decisions that it would take.

use convoke_actors::hub::{Input, State, decide};
use convoke_events::{Clock, Event, EventId, Log, Principal, Query, Role, SystemClock, Timestamp};
use serde_json::json;

use super::bring_up::{Differences, commands};
use crate::cli::args::{Global, PlanArguments};
use crate::cli::failure::Failure;
use crate::cli::opening;
use crate::cli::render::{Output, plain};
use crate::config::{Scenario, load_scenario};

pub(in crate::cli) fn plan(
    global: &Global,
    args: &PlanArguments,
    output: &mut Output,
) -> Result<(), Failure> {
    let scenario = load_scenario(&args.scenario)?;
    // What is not there yet is empty, and stays so.
    let log = if global.data.exists() { opening::to_read(global)? } else { Log::in_memory() };
    let differences = Differences::of(&log, &scenario)?;
    let events = foreseen(&log, &scenario, &differences, &args.by.name())?;
    if output.json {
        for event in &events {
            let (event_type, facts) = (event.event_type(), event.to_json());
            output.json(&json!({ "would": event_type, "facts": facts }))?;
        }
        return differences.notes().try_for_each(|left| Ok(output.json(&json!({ "left": left }))?));
    }
    for event in &events {
        output.line(format_args!("would record {}", in_words(event)))?;
    }
    for note in differences.notes() {
        output.line(format_args!("left: {}", plain(note)))?;
    }
    if events.is_empty() {
        output.line("the hub is as the scenario says: nothing would be recorded")?;
    }
    Ok(())
}

/// The events that the scenario's commands would leave, decided on the hub as the log has it.
fn foreseen(
    log: &Log,
    scenario: &Scenario,
    differences: &Differences,
    by: &str,
) -> Result<Vec<Event>, Failure> {
    let mut state = State::empty(scenario.hub.clone());
    for recorded in log.read(Query::hub(scenario.hub.clone()).without_bodies()) {
        let recorded = recorded?;
        state.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
    }
    let now: Timestamp = SystemClock::start().now();
    let principal = Principal::person(&scenario.hub, by);
    let mut events: Vec<Event> = Vec::new();
    for command in commands(scenario, differences) {
        let (roles, command) = (Some([Role::Owner].into()), Box::new(command));
        let input = Input::Command { principal: principal.clone(), roles, command };
        let decision = decide(&state, &input, now, 0);
        decision.answer.map_err(convoke_actors::command::CommandError::from)?;
        for draft in decision.events {
            let nth = u128::try_from(events.len()).unwrap_or(u128::MAX);
            state.evolve(EventId::mint(now, nth), now, &draft.event);
            events.push(draft.event);
        }
    }
    Ok(events)
}

/// An event with what it is about, on one line.
fn in_words(event: &Event) -> String {
    let facts = event.to_json();
    let slug = facts.pointer("/profile/slug");
    let about = slug.or_else(|| facts.get("task_type")).or_else(|| facts.get("artifact"));
    let about = about.and_then(serde_json::Value::as_str).map(|about| format!(" ({about})"));
    format!("{}{}", event.event_type(), plain(&about.unwrap_or_default()))
}
