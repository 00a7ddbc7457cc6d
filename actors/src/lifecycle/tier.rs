//! Tiers: how what agents did takes them up or down.

use convoke_events::evidence::{Look, Tiers};
use convoke_events::{
    AgentId, CorrelationId, Event, EventId, LeaseEnded, Principal, PromotionDue, Slug, StreamId,
    TaskType, TextName, Texts, Tier, TierChanged, TierEvidence,
};

use super::{LifecycleRefusal, by_person};
use crate::decision::Draft;
use crate::refusal::Refusal;
use crate::state::State;

/// The lowest tier that only a person gives.
const SIGNED: Tier = Tier::T3;

/// What a run takes the agent to, if anywhere: down at once, up at a look over the gate. `tiers` are
/// as the runs before it leave them.
pub(super) fn moved(
    state: &State,
    tiers: &Tiers,
    ended: &LeaseEnded,
    cause: Option<EventId>,
) -> Option<Draft> {
    let record = tiers.after(ended)?;
    let from = record.tier();
    if ended.tier < from {
        return None;
    }
    let conduct = record.conduct();
    let (agent, agent_version) = (ended.agent, ended.agent_version);
    let task_type = ended.task_type.clone();
    if tiers.trial(&task_type).convicts(record.suspicion()) {
        let to = next(from, -1)?;
        let suspicion = millionths(record.suspicion());
        let (runs, compliant) = (conduct.runs, conduct.compliant);
        let evidence = TierEvidence::Failures { runs, compliant, suspicion };
        let changed = TierChanged { agent, agent_version, task_type, from, to, evidence };
        return Some(on_agent(agent, changed, cause, Texts::none()));
    }
    let (Look::Above { bound }, Some(to)) = (tiers.gate().look(conduct), next(from, 1)) else {
        return None;
    };
    let evidence = TierEvidence::Conduct {
        runs: conduct.runs,
        compliant: conduct.compliant,
        bound: millionths(bound),
        gate: state.lifecycle.rules().gate,
    };
    if to < SIGNED {
        let changed = TierChanged { agent, agent_version, task_type, from, to, evidence };
        return Some(on_agent(agent, changed, cause, Texts::none()));
    }
    let waits = tiers.of(agent).and_then(|standing| standing.due(&task_type)).is_some();
    let due = PromotionDue { agent, agent_version, task_type, to, evidence };
    (!waits).then(|| on_agent(agent, due, cause, Texts::none()))
}

/// Gives an agent the tier it has earned, in a person's name.
pub(crate) fn promote(
    state: &State,
    principal: &Principal,
    slug: &Slug,
    task_type: &TaskType,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    let agent = state.registry.by_slug(&state.hub, slug)?;
    by_person(principal, "promote an agent")?;
    let known = state.registry.get(agent).filter(|known| !known.revoked);
    let known = known.ok_or_else(|| LifecycleRefusal::Revoked { agent: slug.to_string() })?;
    let from = state.tiers.tier(agent, task_type);
    let due = state.tiers.of(agent).and_then(|standing| standing.due(task_type));
    let Some(to) = due else {
        let (to, why) = match next(from, 1) {
            Some(to) => (to, "its runs at this tier have not earned it"),
            None => (from, "there is no tier above"),
        };
        return Err(LifecycleRefusal::NoSuchMove { agent: slug.to_string(), from, to, why }.into());
    };
    let agent_version = known.version;
    let (task_type, evidence) = (task_type.clone(), TierEvidence::Person);
    let changed = TierChanged { agent, agent_version, task_type, from, to, evidence };
    let texts = Texts::none().with(TextName::REASON, reason);
    Ok(vec![on_agent(agent, changed, None, texts)])
}

/// The tier above (+1) or below (−1).
fn next(tier: Tier, way: isize) -> Option<Tier> {
    let at = Tier::ALL.iter().position(|one| *one == tier)?;
    Tier::ALL.get(at.checked_add_signed(way)?).copied()
}

/// A number of 0 or more in millionths, rounded down.
fn millionths(number: f64) -> u32 {
    format!("{:.0}", (number * 1e6).floor()).parse().unwrap_or(u32::MAX)
}

/// An event of an agent's own stream.
pub(super) fn on_agent(
    agent: AgentId,
    event: impl Into<Event>,
    cause: Option<EventId>,
    texts: Texts,
) -> Draft {
    let (stream, correlation) = (StreamId::agent(agent), CorrelationId::of_agent(agent));
    Draft { stream, correlation, cause, event: event.into(), texts }
}
