//! At which tier every agent of a hub stands on every kind of work, folded from the hub's events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DemotionRule, PromotionRule, TierRecord};
use crate::{
    AgentId, AgentProfile, AgentRevised, Digest, Event, LeaseEnded, LifecycleEvent, LifecycleRules,
    ModelName, ProviderName, RegistryEvent, TaskType, Tier,
};

/// The record of every agent of a hub: fold the hub's events into one and it says who stands where.
///
/// Deciders and views that fold the same events have the same records. A registration says where an
/// agent begins; from then on only its runs and people's promotions move it, and no revision does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tiers {
    gate: PromotionRule,
    trials: BTreeMap<TaskType, DemotionRule>,
    agents: BTreeMap<AgentId, TierStanding>,
}

/// Where one agent stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TierStanding {
    made_of: MadeOf,
    /// The tier it was registered with, where no work of a kind has moved it.
    registered: Tier,
    records: BTreeMap<TaskType, TierRecord>,
    /// Tiers it has earned that wait for a person.
    due: BTreeMap<TaskType, Tier>,
}

/// What makes an agent the one that earned its record: with another model, prompt or settings it is
/// another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct MadeOf {
    provider: ProviderName,
    model: ModelName,
    texts: Digest,
}

impl MadeOf {
    fn of(profile: &AgentProfile) -> Self {
        let AgentProfile { provider, model, texts, .. } = profile;
        Self { provider: provider.clone(), model: model.clone(), texts: *texts }
    }
}

impl TierStanding {
    /// Its tier on a kind of work.
    pub fn tier(&self, task_type: &TaskType) -> Tier {
        self.records.get(task_type).map_or(self.registered, TierRecord::tier)
    }

    /// The tier it has earned on a kind of work and that a person gives.
    pub fn due(&self, task_type: &TaskType) -> Option<Tier> {
        self.due.get(task_type).copied()
    }

    /// What speaks for and against it, on every kind of work it has done under a lease.
    pub fn records(&self) -> impl Iterator<Item = (&TaskType, &TierRecord)> {
        self.records.iter()
    }
}

impl Tiers {
    /// Takes in what an event says of anybody's tier, in the order of the log.
    pub fn fold(&mut self, event: &Event) {
        if let Event::Registry(event) = event {
            self.registry(event);
        } else if let Event::Lifecycle(event) = event {
            self.lifecycle(event);
        }
    }

    /// Where an agent stands; nothing before it is registered.
    pub fn of(&self, agent: AgentId) -> Option<&TierStanding> {
        self.agents.get(&agent)
    }

    /// An agent's tier on a kind of work; the lowest for one that is not registered.
    pub fn tier(&self, agent: AgentId, task_type: &TaskType) -> Tier {
        self.of(agent).map_or(Tier::T0, |standing| standing.tier(task_type))
    }

    /// By which gate agents go up.
    pub const fn gate(&self) -> PromotionRule {
        self.gate
    }

    /// Which failure rate is borne on a kind of work.
    pub fn trial(&self, task_type: &TaskType) -> DemotionRule {
        self.trials.get(task_type).copied().unwrap_or_default()
    }

    /// The record as a run would leave it; nothing for an agent that is not registered.
    pub fn after(&self, ended: &LeaseEnded) -> Option<TierRecord> {
        let standing = self.of(ended.agent)?;
        let known = standing.records.get(&ended.task_type).copied();
        let mut record = known.unwrap_or_else(|| TierRecord::at(standing.registered));
        record.ran(ended.tier, ended.compliant, &self.trial(&ended.task_type));
        Some(record)
    }

    fn registry(&mut self, event: &RegistryEvent) {
        match event {
            RegistryEvent::AgentRegistered(new) => {
                let (made_of, registered) = (MadeOf::of(&new.profile), new.profile.tier);
                let (records, due) = (BTreeMap::new(), BTreeMap::new());
                let standing = TierStanding { made_of, registered, records, due };
                self.agents.entry(new.agent).or_insert(standing);
            }
            RegistryEvent::AgentRevised(new) => self.revised(new),
            RegistryEvent::AgentDeactivated(_)
            | RegistryEvent::AgentReactivated(_)
            | RegistryEvent::TaskTypeRegistered(_) => {}
        }
    }

    fn revised(&mut self, new: &AgentRevised) {
        let made_of = MadeOf::of(&new.profile);
        if let Some(standing) = self.agents.get_mut(&new.agent)
            && standing.made_of != made_of
        {
            standing.made_of = made_of;
            standing.records.values_mut().for_each(TierRecord::revised);
            standing.due.clear();
        }
    }

    fn lifecycle(&mut self, event: &LifecycleEvent) {
        if let LifecycleEvent::LifecycleRulesSet(set) = event {
            self.ruled(&set.rules);
        } else if let LifecycleEvent::LeaseEnded(ended) = event {
            let record = self.after(ended);
            if let (Some(record), Some(standing)) = (record, self.agents.get_mut(&ended.agent)) {
                standing.records.insert(ended.task_type.clone(), record);
            }
        } else if let LifecycleEvent::PromotionDue(due) = event
            && let Some(standing) = self.agents.get_mut(&due.agent)
        {
            standing.due.insert(due.task_type.clone(), due.to);
        } else if let LifecycleEvent::TierChanged(changed) = event
            && let Some(standing) = self.agents.get_mut(&changed.agent)
        {
            standing.due.remove(&changed.task_type);
            standing.records.insert(changed.task_type.clone(), TierRecord::at(changed.to));
        }
    }

    fn ruled(&mut self, rules: &LifecycleRules) {
        let share = |millionths: u32| f64::from(millionths) / 1e6;
        self.gate = PromotionRule::new(share(rules.gate)).unwrap_or_default();
        let trials = rules.trials.iter().filter_map(|one| {
            let rule = DemotionRule::new(share(one.borne), share(one.unborne))?;
            Some((one.task_type.clone(), rule))
        });
        self.trials = trials.collect();
    }
}
