//! What speaks for and against every agent, kind of work by kind of work, and what it lacks to go up.

use std::collections::BTreeMap;

use convoke_events::evidence::{Conduct, DemotionRule, LOOKS, PromotionRule, TierRecord, Tiers};
use convoke_events::{
    AgentId, Event, HubId, LifecycleEvent, Recorded, RegistryEvent, Slug, TaskType, Tier, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Projection;

/// The record of every agent, by the very fold that the deciders have: from recorded runs and
/// nothing else.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trust {
    tiers: BTreeMap<HubId, Tiers>,
    agents: BTreeMap<AgentId, Known>,
}

/// What the view says of an agent beside its record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    hub: HubId,
    slug: Slug,
    /// Since when it waits for a person, kind of work by kind of work.
    waits: BTreeMap<TaskType, Timestamp>,
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
        let has_record = |(id, known): &(&AgentId, &Known)| {
            let standing = self.tiers.get(&known.hub).and_then(|tiers| tiers.of(**id));
            standing.is_some_and(|standing| standing.records().next().is_some())
        };
        self.agents.iter().filter(has_record).map(|(_, known)| &known.hub)
    }

    /// How the agents of the hub stand, by slug and kind of work.
    pub fn of_hub(&self, hub: &HubId) -> Vec<Evidence> {
        let agents = self.agents.iter().filter(|(_, known)| known.hub == *hub);
        let mut all: Vec<Evidence> = agents.flat_map(|(id, _)| self.of_agent(*id)).collect();
        all.sort_by(|a, b| (&a.slug, &a.task_type).cmp(&(&b.slug, &b.task_type)));
        all
    }

    /// How an agent stands on every kind of work it has done under a lease.
    pub fn of_agent(&self, agent: AgentId) -> Vec<Evidence> {
        let known = self.agents.get(&agent);
        let tiers = known.and_then(|known| self.tiers.get(&known.hub));
        let (Some(known), Some(tiers)) = (known, tiers) else {
            return Vec::new();
        };
        let Some(standing) = tiers.of(agent) else {
            return Vec::new();
        };
        let gate = tiers.gate();
        let evidence = |(task_type, record): (&TaskType, &TierRecord)| {
            let conduct = record.conduct();
            let since = known.waits.get(task_type).copied();
            let due = standing.due(task_type).zip(since).map(|(to, since)| Due { to, since });
            Evidence {
                hub: known.hub.clone(),
                agent,
                slug: known.slug.clone(),
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
        standing.records().map(evidence).collect()
    }

    /// The promotions that wait for a person.
    pub fn due(&self) -> impl Iterator<Item = Evidence> {
        let waiting = self.agents.iter().filter(|(_, known)| !known.waits.is_empty());
        let all = waiting.flat_map(|(id, _)| self.of_agent(*id));
        all.filter(|evidence| evidence.due.is_some())
    }
}

impl Projection for Trust {
    const NAME: &'static str = "trust";
    const VERSION: u32 = 2;

    fn quotes(_: &Event) -> bool {
        false
    }

    fn fold(&mut self, event: &Recorded) {
        let hub = &event.envelope.hub;
        self.tiers.entry(hub.clone()).or_default().fold(&event.event);
        if let Event::Registry(RegistryEvent::AgentRegistered(facts)) = &event.event {
            let (hub, slug) = (hub.clone(), facts.profile.slug.clone());
            let known = Known { hub, slug, waits: BTreeMap::new() };
            self.agents.entry(facts.agent).or_insert(known);
        } else if let Event::Lifecycle(LifecycleEvent::PromotionDue(facts)) = &event.event
            && let Some(known) = self.agents.get_mut(&facts.agent)
        {
            known.waits.insert(facts.task_type.clone(), event.envelope.decided_at);
        }
    }
}
