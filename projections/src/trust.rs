//! What speaks for and against every agent, kind of work by kind of work, and what it lacks to go up.

use std::collections::BTreeMap;

use convoke_events::evidence::{Conduct, DemotionRule, LOOKS, PromotionRule, TierRecord};
use convoke_events::{
    AgentId, AgentProfile, AgentRevised, Event, HubId, LeaseEnded, LifecycleEvent, LifecycleRules,
    PromotionDue, Recorded, RegistryEvent, Slug, TaskType, Tier, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Projection;

/// The record of every agent, as the deciders fold it: from its recorded runs and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    rules: BTreeMap<HubId, Rules>,
    agents: BTreeMap<AgentId, Trusted>,
}

/// By which statistics a hub judges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Rules {
    gate: PromotionRule,
    trials: BTreeMap<TaskType, DemotionRule>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Trusted {
    hub: HubId,
    profile: AgentProfile,
    /// The tier it was registered with, where no work of a kind has moved it.
    registered: Tier,
    records: BTreeMap<TaskType, TierRecord>,
    due: BTreeMap<TaskType, Due>,
}

/// A tier that was earned and waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// Which.
    pub to: Tier,
    /// Since when.
    pub since: Timestamp,
}

/// How an agent stands on one kind of work.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// In which hub.
    pub hub: HubId,
    /// Which agent.
    pub agent: AgentId,
    /// Its slug.
    pub slug: Slug,
    /// On what.
    pub task_type: TaskType,
    /// Its tier there.
    pub tier: Tier,
    /// Runs at this tier, and how many kept every rule.
    #[serde(flatten)]
    pub conduct: Conduct,
    /// The Wilson lower bound of the share that kept every rule.
    pub bound: f64,
    /// What the bound must exceed.
    pub gate: f64,
    /// At how many runs somebody looks next; never again after the last look.
    pub next_look: Option<u32>,
    /// The evidence against it.
    pub suspicion: f64,
    /// The evidence at which it goes down a tier.
    pub convicts_at: f64,
    /// The tier it has earned and that a person gives.
    pub due: Option<Due>,
    /// What it lacks to go up.
    pub missing: Missing,
}

/// What an agent lacks to go up a tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nothing: there is no tier above.
    Top,
    /// A person who gives it what it has earned.
    Signature {
        /// Which tier.
        to: Tier,
    },
    /// Runs that keep every rule.
    Runs {
        /// So many runs more.
        more: u32,
        /// Of which so many must keep every rule.
        compliant: u32,
        /// Until the look at this many.
        look: u32,
    },
    /// No look that is left can be passed; only another model, prompt or toolset starts anew.
    NoLook,
}

impl Missing {
    /// The first look that can still be passed, and the least that passes it.
    fn of(conduct: Conduct, tier: Tier, rule: PromotionRule, due: Option<Due>) -> Self {
        if let Some(due) = due {
            return Self::Signature { to: due.to };
        }
        if Some(&tier) == Tier::ALL.last() {
            return Self::Top;
        }
        let passes =
            |runs, compliant| rule.bound(Conduct { runs, compliant, ..conduct }) > rule.gate();
        let mut ahead = LOOKS.into_iter().filter(|look| *look > conduct.runs);
        ahead
            .find_map(|look| {
                let more = look.saturating_sub(conduct.runs);
                let enough = |least: &u32| passes(look, conduct.compliant.saturating_add(*least));
                let compliant = (0..=more).find(enough)?;
                Some(Self::Runs { more, compliant, look })
            })
            .unwrap_or(Self::NoLook)
    }

    /// The same in words.
    pub fn in_words(&self) -> String {
        match self {
            Self::Top => "nothing: there is no tier above".to_owned(),
            Self::Signature { to } => format!("a person who gives it {to}"),
            Self::Runs { more, compliant, look } => {
                format!("{compliant} compliant runs of the next {more}, at the look at {look}")
            }
            Self::NoLook => "no look is left that it could pass".to_owned(),
        }
    }
}

impl Trust {
    /// Every hub whose agents have a record.
    pub fn hubs(&self) -> impl Iterator<Item = &HubId> {
        self.agents.values().filter(|one| !one.records.is_empty()).map(|one| &one.hub)
    }

    /// How the agents of the hub stand, by slug and kind of work.
    pub fn of_hub(&self, hub: &HubId) -> Vec<Evidence> {
        let agents = self.agents.iter().filter(|(_, one)| one.hub == *hub);
        let mut all: Vec<Evidence> = agents.flat_map(|(id, _)| self.of_agent(*id)).collect();
        all.sort_by(|a, b| (&a.slug, &a.task_type).cmp(&(&b.slug, &b.task_type)));
        all
    }

    /// How an agent stands on every kind of work it has done under a lease.
    pub fn of_agent(&self, agent: AgentId) -> Vec<Evidence> {
        let Some(trusted) = self.agents.get(&agent) else {
            return Vec::new();
        };
        let gate = self.rules.get(&trusted.hub).map(|rules| rules.gate).unwrap_or_default();
        let evidence = |(task_type, record): (&TaskType, &TierRecord)| {
            let conduct = record.conduct();
            let due = trusted.due.get(task_type).copied();
            Evidence {
                hub: trusted.hub.clone(),
                agent,
                slug: trusted.profile.slug.clone(),
                task_type: task_type.clone(),
                tier: record.tier(),
                conduct,
                bound: gate.bound(conduct),
                gate: gate.gate(),
                next_look: LOOKS.into_iter().find(|look| *look > conduct.runs),
                suspicion: record.suspicion(),
                convicts_at: DemotionRule::THRESHOLD,
                due,
                missing: Missing::of(conduct, record.tier(), gate, due),
            }
        };
        trusted.records.iter().map(evidence).collect()
    }

    /// The promotions that wait for a person.
    pub fn due(&self) -> impl Iterator<Item = Evidence> {
        let waiting = self.agents.iter().filter(|(_, one)| !one.due.is_empty());
        let all = waiting.flat_map(|(id, _)| self.of_agent(*id));
        all.filter(|evidence| evidence.due.is_some())
    }

    fn ruled(&mut self, hub: &HubId, rules: &LifecycleRules) {
        let share = |millionths: u32| f64::from(millionths) / 1e6;
        let gate = PromotionRule::new(share(rules.gate)).unwrap_or_default();
        let trials = rules.trials.iter().filter_map(|one| {
            let rule = DemotionRule::new(share(one.borne), share(one.unborne))?;
            Some((one.task_type.clone(), rule))
        });
        self.rules.insert(hub.clone(), Rules { gate, trials: trials.collect() });
    }

    fn revised(&mut self, facts: &AgentRevised) {
        let Some(trusted) = self.agents.get_mut(&facts.agent) else {
            return;
        };
        let (old, new) = (&trusted.profile, &facts.profile);
        if old.provider != new.provider || old.model != new.model || old.texts != new.texts {
            trusted.records.values_mut().for_each(TierRecord::revised);
            trusted.due.clear();
        }
        trusted.profile = facts.profile.clone();
    }

    fn ran(&mut self, hub: &HubId, facts: &LeaseEnded) {
        let trial = self.rules.get(hub).and_then(|rules| rules.trials.get(&facts.task_type));
        let trial = trial.copied().unwrap_or_default();
        if let Some(trusted) = self.agents.get_mut(&facts.agent) {
            let anew = TierRecord::at(trusted.registered);
            let record = trusted.records.entry(facts.task_type.clone()).or_insert(anew);
            record.ran(facts.tier, facts.compliant, &trial);
        }
    }

    fn earned(&mut self, since: Timestamp, facts: &PromotionDue) {
        if let Some(trusted) = self.agents.get_mut(&facts.agent) {
            trusted.due.insert(facts.task_type.clone(), Due { to: facts.to, since });
        }
    }
}

impl Projection for Trust {
    const NAME: &'static str = "trust";
    const VERSION: u32 = 1;

    fn quotes(_: &Event) -> bool {
        false
    }

    fn fold(&mut self, event: &Recorded) {
        let hub = &event.envelope.hub;
        if let Event::Registry(RegistryEvent::AgentRegistered(facts)) = &event.event {
            let profile = facts.profile.clone();
            let (records, due) = (BTreeMap::new(), BTreeMap::new());
            let (hub, registered) = (hub.clone(), profile.tier);
            let trusted = Trusted { hub, profile, registered, records, due };
            self.agents.entry(facts.agent).or_insert(trusted);
        } else if let Event::Registry(RegistryEvent::AgentRevised(facts)) = &event.event {
            self.revised(facts);
        } else if let Event::Lifecycle(LifecycleEvent::LifecycleRulesSet(facts)) = &event.event {
            self.ruled(hub, &facts.rules);
        } else if let Event::Lifecycle(LifecycleEvent::LeaseEnded(facts)) = &event.event {
            self.ran(hub, facts);
        } else if let Event::Lifecycle(LifecycleEvent::PromotionDue(facts)) = &event.event {
            self.earned(event.envelope.decided_at, facts);
        } else if let Event::Lifecycle(LifecycleEvent::TierChanged(facts)) = &event.event
            && let Some(trusted) = self.agents.get_mut(&facts.agent)
        {
            trusted.due.remove(&facts.task_type);
            trusted.records.insert(facts.task_type.clone(), TierRecord::at(facts.to));
        }
    }
}
