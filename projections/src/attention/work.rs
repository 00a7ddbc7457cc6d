//! Work by instruction packet that waits for a person: a plan to decide on, work that was left.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, Digest, Event, HubId, LeaseId, LifecycleEvent, Recorded, TaskEvent, TaskId, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::{Cause, Waiting};
use crate::names::Slugs;

/// The work of tasks that have not ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Work {
    told: BTreeMap<TaskId, Told>,
    leases: BTreeMap<LeaseId, TaskId>,
}

/// An agent that was told what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    hub: HubId,
    agent: AgentId,
    /// The plan that nobody has decided on, and since when it is there.
    plan: Option<(Digest, Timestamp)>,
    /// Since when somebody else has to go on.
    left: Option<Timestamp>,
}

impl Work {
    /// What of it waits.
    pub(super) fn waiting(&self, slugs: &Slugs) -> impl Iterator<Item = Waiting> {
        self.told.iter().filter_map(|(task, told)| told.waiting(*task, slugs))
    }

    pub(super) fn fold(&mut self, event: &Recorded) {
        if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.told.remove(&facts.task);
            self.leases.retain(|_, task| *task != facts.task);
        } else if let Event::Lifecycle(LifecycleEvent::PacketIssued(facts)) = &event.event {
            let (hub, agent) = (event.envelope.hub.clone(), facts.agent);
            self.told.insert(facts.task, Told { hub, agent, plan: None, left: None });
        } else if let Event::Lifecycle(LifecycleEvent::LeaseIssued(facts)) = &event.event {
            self.leases.insert(facts.lease, facts.task);
            self.change(facts.lease, |told| told.left = None);
        } else if let Event::Lifecycle(LifecycleEvent::PlanHandedIn(facts)) = &event.event {
            let plan = Some((facts.plan, event.envelope.decided_at));
            self.change(facts.lease, |told| told.plan = plan);
        } else if let Event::Lifecycle(LifecycleEvent::PlanDecided(facts)) = &event.event {
            self.change(facts.lease, |told| {
                told.plan = told.plan.filter(|(plan, _)| *plan != facts.plan);
            });
        } else if let Event::Lifecycle(LifecycleEvent::LeaseEnded(facts)) = &event.event {
            self.change(facts.lease, |told| told.plan = None);
            self.leases.remove(&facts.lease);
        } else if let Event::Lifecycle(LifecycleEvent::HandoffOpened(facts)) = &event.event
            && let Some(told) = self.told.get_mut(&facts.task)
        {
            told.left = Some(event.envelope.decided_at);
        }
    }

    fn change(&mut self, lease: LeaseId, change: impl FnOnce(&mut Told)) {
        let task = self.leases.get(&lease);
        if let Some(told) = task.and_then(|task| self.told.get_mut(task)) {
            change(told);
        }
    }
}

impl Told {
    fn waiting(&self, task: TaskId, slugs: &Slugs) -> Option<Waiting> {
        let slug = slugs.of(self.agent);
        let waiting = |cause, about, since, blocks: &str, resolve| {
            let (hub, id, blocks) = (self.hub.clone(), task.to_string(), blocks.to_owned());
            Waiting { hub, cause, id, about, since, blocks, resolve }
        };
        if let Some((_, since)) = self.plan {
            let about = format!("the plan of `{slug}`");
            let resolve = format!("convoke packets approve {task}, or reject");
            return Some(waiting(Cause::Plan, about, since, "its EXECUTE", resolve));
        }
        let about = format!("what `{slug}` left");
        let resolve = format!("convoke packets issue {task} --file FILE, to whoever goes on");
        Some(waiting(Cause::Handoff, about, self.left?, "its task", resolve))
    }
}
