//! Packets: an agent is told what to do on a task, and within what bounds.

use convoke_events::{PacketIssued, TaskPlan, TaskType, TextName, Texts, Tier, Timestamp};

use super::lease::{Ending, LeaseHeld, finish};
use super::{LifecycleRefusal, budget_of, packet_id};
use crate::command::Packet;
use crate::decision::{Draft, Story};
use crate::refusal::Refusal;
use crate::state::State;

/// The kind of work of a task that takes packets.
pub(super) fn kind_of(state: &State, packet: &Packet) -> Result<TaskType, LifecycleRefusal> {
    match state.tasks.get(packet.task).map(|task| &task.plan) {
        Some(TaskPlan::Sessions { task_type, .. }) => Ok(task_type.clone()),
        Some(_) | None => Err(LifecycleRefusal::NotByPacket { task: packet.task }),
    }
}

/// Tells an agent to work on a task. What an earlier agent left is taken up with it.
pub(crate) fn issue(state: &State, packet: &Packet, now: Timestamp) -> Result<Vec<Draft>, Refusal> {
    let task_type = kind_of(state, packet)?;
    let agent = state.registry.by_slug(&state.hub, &packet.agent)?;
    let name = packet.agent.to_string();
    let known = state.registry.get(agent).filter(|known| known.active);
    let known = known.ok_or_else(|| LifecycleRefusal::Inactive { agent: name.clone() })?;
    let standing = state.lifecycle.standings().get(agent);
    if standing.is_none_or(|standing| standing.revoked) {
        return Err(LifecycleRefusal::Revoked { agent: name }.into());
    }
    let has = standing.map_or(Tier::T0, |standing| standing.tier(&task_type));
    let tier = packet.tier.unwrap_or(has);
    if tier > has {
        return Err(LifecycleRefusal::TierTooLow { agent: name, has, needs: tier }.into());
    }
    check(packet)?;
    let story = Story { task: packet.task, cause: None };
    let mut drafts = Vec::new();
    let work = state.lifecycle.work.get(&packet.task);
    let mut continues = work.and_then(|work| work.handoff);
    if let Some(held) = LeaseHeld::on(state, packet.task) {
        if held.lease.expires > now {
            return Err(held.locked(state).into());
        }
        let (ended, handoff) = finish(state, held, Ending::Expired);
        continues = handoff.or(continues);
        drafts.extend(ended);
    }
    let number = work.map_or(0, |work| work.packets).saturating_add(1);
    let issued = PacketIssued {
        packet: packet_id(packet.task, number),
        task: packet.task,
        agent,
        agent_version: known.version,
        task_type,
        tier,
        steps: packet.steps.clone(),
        artifacts: packet.artifacts.clone(),
        forbidden: packet.forbidden.clone(),
        budget: budget_of(state.lifecycle.rules(), packet.budget),
        continues,
    };
    let texts = Texts::none()
        .with(TextName::OBJECTIVE, &packet.objective)
        .with(TextName::DELIVERABLES, &packet.deliverables)
        .with(TextName::SCOPE, &packet.scope)
        .with(TextName::CRITERIA, &packet.criteria)
        .with(TextName::ESCALATION, &packet.escalation)
        .with(TextName::CREATED_FOR, &packet.created_for);
    drafts.push(story.on_task(issued, texts));
    Ok(drafts)
}

/// The most steps, artifacts or permissions a packet names of each.
const MOST: usize = 64;

fn check(packet: &Packet) -> Result<(), LifecycleRefusal> {
    let unfit = |why: String| LifecycleRefusal::PacketUnfit { why };
    if packet.objective.trim().is_empty() {
        return Err(unfit("its objective is empty".to_owned()));
    }
    let named = [
        ("steps", packet.steps.len()),
        ("artifacts", packet.artifacts.len()),
        ("forbidden permissions", packet.forbidden.len()),
    ];
    if let Some((what, count)) = named.into_iter().find(|(_, count)| *count > MOST) {
        return Err(unfit(format!("it names {count} {what}, more than the {MOST} allowed")));
    }
    let budget = packet.budget.unwrap_or_default();
    if budget.errors == 0 || budget.repeats == 0 || budget.violations == 0 {
        return Err(unfit("each number of its error budget is 1 or more".to_owned()));
    }
    Ok(())
}
