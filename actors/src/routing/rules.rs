//! Rules: whom to ask for a task type, as people set it.

use convoke_events::{
    CorrelationId, HubId, PolicyId, PolicyRef, RoutingPolicySet, RoutingRules, RoutingRulesSet,
    Slug, StreamId, TaskType, Texts, Way,
};

use super::Routing;
use crate::decision::Draft;
use crate::refusal::Refusal;
use crate::registry::Registry;

/// Says whom to ask for a task type at a priority, where that differs.
pub(crate) fn set_policy(
    hub: &HubId,
    (routing, registry): (&Routing, &Registry),
    task_type: &TaskType,
    slug: &Slug,
    priority: u32,
    active: bool,
) -> Result<Vec<Draft>, Refusal> {
    registry.artifact_of(task_type)?;
    if priority == 0 {
        return Err(Refusal::PriorityZero);
    }
    let agent = registry.by_slug(hub, slug)?;
    let known = routing.policies.get(task_type).and_then(|policies| policies.get(&priority));
    if known.is_some_and(|known| known.agent == agent && known.active == active) {
        return Ok(Vec::new());
    }
    let id =
        PolicyId::derive(&["routing", hub.as_str(), task_type.as_str(), &priority.to_string()]);
    let version = known.map_or(1, |known| known.at.version.saturating_add(1));
    let policy = PolicyRef { id, version };
    let event = RoutingPolicySet { policy, task_type: task_type.clone(), agent, priority, active };
    Ok(vec![Draft {
        stream: StreamId::policy(id),
        correlation: CorrelationId::of_agent(agent),
        cause: None,
        event: event.into(),
        texts: Texts::none(),
    }])
}

/// Sets the hub's routing rules, all anew, where they differ.
pub(crate) fn set_rules(
    (routing, registry): (&Routing, &Registry),
    rules: &RoutingRules,
) -> Result<Vec<Draft>, Refusal> {
    check(registry, rules)?;
    if routing.rules == *rules {
        return Ok(Vec::new());
    }
    let version = routing.rules_version.unwrap_or(0).saturating_add(1);
    let event = RoutingRulesSet { version, rules: rules.clone() };
    let correlation = CorrelationId::derive(&["routing rules"]);
    let (stream, event, texts) = (StreamId::hub(), event.into(), Texts::none());
    Ok(vec![Draft { stream, correlation, cause: None, event, texts }])
}

fn check(registry: &Registry, rules: &RoutingRules) -> Result<(), Refusal> {
    let at_least = |wrong: bool, what, least| {
        if wrong { Err(Refusal::TooLittle { what, least }) } else { Ok(()) }
    };
    for (task_type, way) in &rules.ways {
        registry.artifact_of(task_type)?;
        let most = match way {
            Way::Rule(rule) => {
                at_least(
                    rule.preferred.is_empty(),
                    "a rule's list of preferred models",
                    "one long",
                )?;
                rule.most
            }
            Way::Bid(rule) => {
                let silent = rule.window_ms == 0 && !rule.standing_bids;
                at_least(silent, "the time for bids", "1 millisecond, or standing bids be taken")?;
                rule.most
            }
        };
        at_least(most == Some(0), "the number asked at most", "1")?;
    }
    Ok(())
}
