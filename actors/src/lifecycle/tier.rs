//! Tiers: how agents stand, and how what they did takes them up or down.

use std::collections::BTreeMap;

use convoke_events::evidence::{DemotionRule, Look, PromotionRule, TierRecord};
use convoke_events::{
    AgentId, AgentReinstated, AgentRevoked, CorrelationId, Event, EventId, LeaseEnded,
    LifecycleEvent, LifecycleRules, Principal, PromotionDue, Slug, StreamId, TaskType, TextName,
    Texts, Tier, TierChanged, TierEvidence,
};

use super::LifecycleRefusal;
use crate::decision::Draft;
use crate::refusal::Refusal;
use crate::state::State;

/// The lowest tier that only a person gives.
const SIGNED: Tier = Tier::T3;

/// How one agent stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    /// The epoch it works in, from 1.
    pub(crate) epoch: u32,
    pub(crate) revoked: bool,
    /// The tier it was registered with, where no work of a kind has moved it.
    registered: Tier,
    records: BTreeMap<TaskType, TierRecord>,
    /// Tiers it has earned that wait for a person.
    due: BTreeMap<TaskType, Tier>,
}

impl Standing {
    fn at(registered: Tier) -> Self {
        let (records, due) = (BTreeMap::new(), BTreeMap::new());
        Self { epoch: 1, revoked: false, registered, records, due }
    }

    /// Its tier on a kind of work.
    pub(crate) fn tier(&self, task_type: &TaskType) -> Tier {
        self.records.get(task_type).map_or(self.registered, TierRecord::tier)
    }

    fn record(&self, task_type: &TaskType) -> TierRecord {
        let known = self.records.get(task_type).copied();
        known.unwrap_or_else(|| TierRecord::at(self.registered))
    }
}

/// How the agents of a hub stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standings(BTreeMap<AgentId, Standing>);

impl Standings {
    pub(crate) fn get(&self, agent: AgentId) -> Option<&Standing> {
        self.0.get(&agent)
    }

    pub(crate) fn registered(&mut self, agent: AgentId, tier: Tier) {
        self.0.entry(agent).or_insert_with(|| Standing::at(tier));
    }

    /// The agent's model, prompt or settings are others than before.
    pub(crate) fn renewed(&mut self, agent: AgentId) {
        if let Some(standing) = self.0.get_mut(&agent) {
            standing.records.values_mut().for_each(TierRecord::revised);
            standing.due.clear();
        }
    }

    pub(super) fn revoked(&mut self, event: &AgentRevoked) {
        if let Some(standing) = self.0.get_mut(&event.agent) {
            standing.revoked = true;
        }
    }

    pub(super) fn reinstated(&mut self, event: &AgentReinstated) {
        if let Some(standing) = self.0.get_mut(&event.agent) {
            standing.revoked = false;
            standing.epoch = event.epoch;
        }
    }

    pub(super) fn due(&mut self, event: &PromotionDue) {
        if let Some(standing) = self.0.get_mut(&event.agent) {
            standing.due.insert(event.task_type.clone(), event.to);
        }
    }

    pub(super) fn changed(&mut self, event: &TierChanged) {
        if let Some(standing) = self.0.get_mut(&event.agent) {
            standing.due.remove(&event.task_type);
            standing.records.insert(event.task_type.clone(), TierRecord::at(event.to));
        }
    }

    pub(super) fn ran(&mut self, rules: &LifecycleRules, ended: &LeaseEnded) {
        if let Some(standing) = self.0.get_mut(&ended.agent) {
            let record = after(standing, rules, ended);
            standing.records.insert(ended.task_type.clone(), record);
        }
    }
}

/// The record once a run has been taken in.
fn after(standing: &Standing, rules: &LifecycleRules, ended: &LeaseEnded) -> TierRecord {
    let mut record = standing.record(&ended.task_type);
    record.ran(ended.tier, ended.compliant, &trial(rules, &ended.task_type));
    record
}

/// Which failure rate is borne on this kind of work.
fn trial(rules: &LifecycleRules, task_type: &TaskType) -> DemotionRule {
    let own = rules.trials.iter().find(|one| one.task_type == *task_type);
    let share = |millionths: u32| f64::from(millionths) / 1e6;
    let own = own.and_then(|one| DemotionRule::new(share(one.borne), share(one.unborne)));
    own.unwrap_or_default()
}

/// What a run takes the agent to, if anywhere: down at once, up at a look over the gate.
pub(super) fn moved(state: &State, ended: &LeaseEnded, cause: Option<EventId>) -> Option<Draft> {
    let rules = state.lifecycle.rules();
    let standing = state.lifecycle.standings().get(ended.agent)?;
    let record = after(standing, rules, ended);
    let from = record.tier();
    if ended.tier < from {
        return None;
    }
    let conduct = record.conduct();
    let (agent, agent_version) = (ended.agent, ended.agent_version);
    let task_type = ended.task_type.clone();
    if trial(rules, &task_type).convicts(record.suspicion()) {
        let to = next(from, -1)?;
        let suspicion = millionths(record.suspicion());
        let (runs, compliant) = (conduct.runs, conduct.compliant);
        let evidence = TierEvidence::Failures { runs, compliant, suspicion };
        let changed = TierChanged { agent, agent_version, task_type, from, to, evidence };
        return Some(on_agent(agent, changed, cause, Texts::none()));
    }
    let gate = PromotionRule::new(f64::from(rules.gate) / 1e6).unwrap_or_default();
    let (Look::Above { bound }, Some(to)) = (gate.look(conduct), next(from, 1)) else {
        return None;
    };
    let evidence = TierEvidence::Conduct {
        runs: conduct.runs,
        compliant: conduct.compliant,
        bound: millionths(bound),
        gate: rules.gate,
    };
    if to >= SIGNED {
        let due = PromotionDue { agent, agent_version, task_type, to, evidence };
        return Some(on_agent(agent, due, cause, Texts::none()));
    }
    let changed = TierChanged { agent, agent_version, task_type, from, to, evidence };
    Some(on_agent(agent, changed, cause, Texts::none()))
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
    if !matches!(principal, Principal::Person(_)) {
        return Err(LifecycleRefusal::NotAPerson { what: "promote an agent" }.into());
    }
    let standing = state.lifecycle.standings().get(agent);
    let from = standing.map_or(Tier::T0, |standing| standing.tier(task_type));
    let Some(to) = standing.and_then(|standing| standing.due.get(task_type).copied()) else {
        let to = next(from, 1).unwrap_or(from);
        let why = "its runs at this tier have not earned it";
        return Err(LifecycleRefusal::NoSuchMove { agent: slug.to_string(), from, to, why }.into());
    };
    let agent_version = state.registry.get(agent).map_or(0, |known| known.version);
    let (task_type, evidence) = (task_type.clone(), TierEvidence::Person);
    let changed = TierChanged { agent, agent_version, task_type, from, to, evidence };
    let texts = Texts::none().with(TextName::REASON, reason);
    Ok(vec![on_agent(agent, changed, None, texts)])
}

/// Where a draft takes an agent's tier, if it does.
pub(super) const fn moved_to(draft: &Draft) -> Option<Tier> {
    if let Event::Lifecycle(LifecycleEvent::TierChanged(changed)) = &draft.event {
        return Some(changed.to);
    }
    None
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
