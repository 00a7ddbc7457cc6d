//! Packets: an agent is told what to do on a task, and within what bounds.

use convoke_events::{
    ArtifactName, PacketId, PacketIssued, Permission, StepName, TextName, Texts, Timestamp,
};

use super::lease::{Free, free};
use super::{LifecycleRefusal, fit};
use crate::command::Packet;
use crate::decision::{Draft, Story};
use crate::refusal::Refusal;
use crate::state::State;
use crate::task::Task;

/// Tells an agent to work on a task. What an earlier agent left is taken up with it.
pub(crate) fn issue(state: &State, packet: &Packet, now: Timestamp) -> Result<Vec<Draft>, Refusal> {
    let task_type = state.tasks.get(packet.task).and_then(Task::in_sessions).cloned();
    let task_type = task_type.ok_or(LifecycleRefusal::NotByPacket { task: packet.task })?;
    let agent = state.registry.by_slug(&state.hub, &packet.agent)?;
    fit(state, agent)?;
    check(packet)?;
    let Free { mut drafts, handoff, tiers } = free(state, packet.task, now)?;
    let has = tiers.tier(agent, &task_type);
    let tier = packet.tier.unwrap_or(has);
    if tier > has {
        let agent = packet.agent.to_string();
        return Err(LifecycleRefusal::TierTooLow { agent, has, needs: tier }.into());
    }
    let work = state.lifecycle.work.get(&packet.task);
    let number = work.map_or(0, |work| work.packets).saturating_add(1);
    let issued = PacketIssued {
        packet: PacketId::derive(&[&packet.task.to_string(), &number.to_string()]),
        task: packet.task,
        agent,
        agent_version: state.registry.get(agent).map_or(0, |known| known.version),
        task_type,
        tier,
        steps: packet.steps.clone(),
        artifacts: packet.artifacts.clone(),
        forbidden: packet.forbidden.clone(),
        budget: packet.budget.unwrap_or(state.lifecycle.rules().budget),
        continues: handoff.or_else(|| work.and_then(|work| work.handoff)),
    };
    let texts = Texts::none()
        .with(TextName::OBJECTIVE, &packet.objective)
        .with(TextName::DELIVERABLES, &packet.deliverables)
        .with(TextName::SCOPE, &packet.scope)
        .with(TextName::CRITERIA, &packet.criteria)
        .with(TextName::ESCALATION, &packet.escalation)
        .with(TextName::CREATED_FOR, &packet.created_for);
    let story = Story { task: packet.task, cause: None };
    drafts.push(story.on_task(issued, texts));
    Ok(drafts)
}

/// The most steps, artifacts or permissions a packet names of each.
const MOST: usize = 64;

/// The most bytes that all of them take: what is left of the work lists them again.
const NAMES: usize = 4 * 1024;

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
    let steps = packet.steps.iter().map(StepName::as_str);
    let artifacts = packet.artifacts.iter().map(ArtifactName::as_str);
    let forbidden = packet.forbidden.iter().map(Permission::as_str);
    let size: usize = steps.chain(artifacts).chain(forbidden).map(str::len).sum();
    if size > NAMES {
        let what = "its steps, artifacts and forbidden permissions";
        return Err(unfit(format!("{what} take {size} bytes, more than the {NAMES} allowed")));
    }
    let budget = packet.budget.unwrap_or_default();
    if budget.errors == 0 || budget.repeats == 0 || budget.violations == 0 {
        return Err(unfit("each number of its error budget is 1 or more".to_owned()));
    }
    Ok(())
}
