//! The table `[tasks]`: the way that every request goes, and what it may spend.

use std::collections::BTreeSet;

use convoke_actors::shape::Shape;
use convoke_events::{
    Escalation, Key, Limits, RoutingRules, TaskPlan, TaskRules, TaskType, Tokens,
};

use super::collective;
use super::fields::{Field, every};
use super::known::Known;
use super::limits::limits;
use super::mistake::quoted;
use super::policies::Route;

/// The task types that somebody is or may be routed to; nothing where that is not known.
pub(super) fn routed<'a>(
    routing: Option<&'a [Route]>,
    rules: Option<&'a Option<RoutingRules>>,
) -> Option<BTreeSet<&'a TaskType>> {
    let routes = routing?.iter().map(|route| &route.task_type);
    Some(routes.chain(rules?.iter().flat_map(|rules| rules.ways.keys())).collect())
}

/// Reads the table `[tasks]`; `routable` are the task types that somebody is or may be routed to.
pub(super) fn tasks(
    field: &Field<'_>,
    routable: Option<&BTreeSet<&TaskType>>,
    by_policy: &[Route],
    known: &Known,
) -> Option<(TaskPlan, Limits)> {
    let mut fields = field.table()?;
    let routed = |field: &Field<'_>| {
        let task_type = known.task_type(field)?;
        let routable = routable?.contains(&task_type);
        if !routable {
            field.unlike("a task type with a [[routing]] entry");
        }
        routable.then_some(task_type)
    };
    let shape = fields.get("shape").map(|field| shape(&field, routable));
    let triage = match shape {
        None => fields.need("triage"),
        Some(_) => None,
    };
    let triage = triage.and_then(|triage| routed(&triage));
    let escalate = match shape {
        None => fields.need("escalate"),
        Some(_) => None,
    };
    let escalate = escalate.and_then(|escalate| {
        every(escalate.table()?.all().iter().map(|(key, field)| {
            let to = routed(field);
            let Some(on) = Key::new(key).ok() else {
                field.mistake(
                    format!("the recommendation {}", quoted(key)),
                    "one in canonical form, such as `needs-work`",
                );
                return None;
            };
            Some(Escalation { on, to: to? })
        }))
    });
    let limits = limits(&mut fields);
    let mut number = |name, bound| fields.need(name).and_then(|field| field.number(bound));
    let deadline = number("deadline_s", 1..=86_400);
    let max_output = number("max_output", 16..=2_000);
    let least_field = fields.need("min_contributions");
    let least = least_field.as_ref().and_then(|field| field.number(1..=1_000));
    let one_failure_fails_all =
        fields.get("one_failure_fails_all").map_or(Some(false), |truth| truth.truth());
    let quorum = fields.get("quorum").map_or(Some(None), |quorum| {
        collective::can_wait_for_some(&quorum, one_failure_fails_all)?;
        quorum
            .number(least.unwrap_or(1)..=1_000)
            .and_then(|quorum| u32::try_from(quorum).ok())
            .map(Some)
    });
    let allowed =
        fields.get("allowed").map_or_else(|| Some(Vec::new()), |keys| keys.words::<Key>(2..=64));
    fields.finish();
    let rules = TaskRules {
        deadline_ms: deadline?.saturating_mul(1_000),
        max_output: Tokens::new(max_output?),
        min_contributions: u32::try_from(least?).ok()?,
        one_failure_fails_all: one_failure_fails_all?,
        quorum: quorum?,
        allowed: allowed?,
    };
    let convened = |route: &&Route| {
        escalate.iter().flatten().any(|escalation| escalation.to == route.task_type)
    };
    let convened = by_policy.iter().filter(convened);
    if !collective::can_be_had(&least_field?, &rules, convened) {
        return None;
    }
    let plan = match shape {
        Some(shape) => shape?.plan(rules),
        None => TaskPlan::Triage { task_type: triage?, escalate: escalate?, rules },
    };
    Some((plan, limits?))
}

/// A ready shape, whose task type is routed: every request is answered in it by one agent.
fn shape(field: &Field<'_>, routed: Option<&BTreeSet<&TaskType>>) -> Option<&'static Shape> {
    let Some(shape) = field.as_str().and_then(Shape::find) else {
        let known: Vec<&str> = Shape::all().map(Shape::name).collect();
        field.unlike(format!("a task shape: {}", known.join(", ")));
        return None;
    };
    let task_type = shape.task_type();
    if !routed?.contains(&task_type) {
        field.unlike(format!("a shape whose task type `{task_type}` has a [[routing]] entry"));
        return None;
    }
    Some(shape)
}
