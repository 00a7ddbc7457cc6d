//! Leases: taken at BOOTSTRAP, renewed, judged when they are used, and ended.

use std::time::Duration;

use convoke_events::{
    HandoffId, HandoffOpened, LeaseEnd, LeaseEnded, LeaseId, LeaseIssued, LeaseRenewed, Met, Phase,
    PhaseEntered, RevocationReason, TextName, Texts, Tier, Timestamp,
};

use super::{Lease, LifecycleRefusal, Work, of_tier, tier};
use crate::decision::{Decision, Draft, Story};
use crate::refusal::Refusal;
use crate::state::State;

/// A lease with the work it is on.
#[derive(Clone, Copy)]
pub(super) struct LeaseHeld<'a> {
    pub(super) work: &'a Work,
    pub(super) lease: &'a Lease,
}

impl<'a> LeaseHeld<'a> {
    /// The lease that holds a task's lock.
    pub(super) fn on(state: &'a State, task: convoke_events::TaskId) -> Option<Self> {
        let work = state.lifecycle.work.get(&task)?;
        Some(Self { work, lease: work.lease.as_ref()? })
    }

    pub(super) fn story(&self) -> Story {
        Story { task: self.lease.task, cause: Some(self.lease.cause) }
    }

    pub(super) fn locked(&self, state: &State) -> LifecycleRefusal {
        let holder = state.registry.slug(self.lease.agent);
        LifecycleRefusal::Locked { task: self.lease.task, holder, until: self.lease.expires }
    }
}

fn lifetime(state: &State, tier: Tier) -> Duration {
    let rules = of_tier(state.lifecycle.rules(), tier);
    Duration::from_millis(rules.map_or(0, |rules| rules.lease_ms))
}

/// Takes the task's lock: the agent of its packet begins with BOOTSTRAP. A lease whose time is over
/// ends with that, and what the run did to the agent's tier counts at once.
pub(super) fn take(state: &State, work: &Work, note: Texts, now: Timestamp) -> Decision {
    let (packet, task) = (&work.packet, work.packet.task);
    let mut drafts = Vec::new();
    let standing = state.lifecycle.standings().get(packet.agent);
    let mut has = standing.map_or(Tier::T0, |standing| standing.tier(&packet.task_type));
    if let Some(held) = LeaseHeld::on(state, task) {
        if held.lease.expires > now {
            return Err(Refusal::from(held.locked(state))).into();
        }
        drafts.extend(finish(state, held, Ending::Expired).0);
        let own = held.lease.agent == packet.agent;
        has = drafts.iter().find_map(tier::moved_to).filter(|_| own).unwrap_or(has);
    }
    if has < packet.tier {
        let (agent, needs) = (state.registry.slug(packet.agent), packet.tier);
        let refusal = LifecycleRefusal::TierTooLow { agent, has, needs };
        return Decision { events: drafts, answer: Err(refusal.into()) };
    }
    let number = work.leases.saturating_add(1).to_string();
    let lease = LeaseId::derive(&[&task.to_string(), &number]);
    let issued = LeaseIssued {
        lease,
        packet: packet.packet,
        task,
        agent: packet.agent,
        agent_version: state.registry.get(packet.agent).map_or(0, |known| known.version),
        tier: packet.tier,
        epoch: standing.map_or(1, |standing| standing.epoch),
        expires: now.plus(lifetime(state, packet.tier)),
    };
    let entered = PhaseEntered { lease, task, agent: packet.agent, phase: Phase::Bootstrap };
    let story = Story { task, cause: Some(work.cause) };
    drafts.push(story.on_task(issued, Texts::none()));
    drafts.push(story.on_task(entered, note));
    Decision::of(drafts)
}

/// Lets a lease hold for its tier's time from now on.
pub(super) fn renew(state: &State, held: LeaseHeld<'_>, now: Timestamp) -> Vec<Draft> {
    let expires = now.plus(lifetime(state, held.work.packet.tier));
    let renewed = LeaseRenewed { lease: held.lease.id, expires };
    vec![held.story().on_task(renewed, Texts::none())]
}

/// Ends a lease whose time is over, so that the task's lock waits for nobody to ask for it.
pub(crate) fn expire(state: &State, lease: LeaseId, now: Timestamp) -> Vec<Draft> {
    let held = state.lifecycle.leases.get(&lease).and_then(|task| LeaseHeld::on(state, *task));
    held.filter(|held| held.lease.id == lease && held.lease.expires <= now)
        .map_or_else(Vec::new, |held| finish(state, held, Ending::Expired).0)
}

/// How a lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Released,
    Expired,
    Revoked(RevocationReason),
}

/// Ends a lease, with what it leaves to the next and what it does to the agent's tier.
pub(super) fn finish(
    state: &State,
    held: LeaseHeld<'_>,
    ending: Ending,
) -> (Vec<Draft>, Option<HandoffId>) {
    let LeaseHeld { work, lease } = held;
    let story = held.story();
    let because = match ending {
        Ending::Released => LeaseEnd::Released,
        Ending::Expired => LeaseEnd::Expired,
        Ending::Revoked(_) => LeaseEnd::Revoked,
    };
    let ended = LeaseEnded {
        lease: lease.id,
        task: lease.task,
        agent: lease.agent,
        agent_version: lease.agent_version,
        task_type: work.packet.task_type.clone(),
        tier: work.packet.tier,
        because,
        compliant: lease.violations == 0 && ending == Ending::Released,
    };
    let moved = tier::moved(state, &ended, story.cause);
    let mut drafts = vec![story.on_task(ended, Texts::none())];
    let handoff = match ending {
        Ending::Released => None,
        Ending::Expired => Some(left(held, None)),
        Ending::Revoked(because) => Some(left(held, Some(because))),
    };
    let id = handoff.as_ref().map(|(left, _)| left.handoff);
    drafts.extend(handoff.map(|(left, texts)| story.on_task(left, texts)));
    drafts.extend(moved);
    (drafts, id)
}

/// What an agent leaves to the next, drawn from what was recorded of its work.
fn left(held: LeaseHeld<'_>, because: Option<RevocationReason>) -> (HandoffOpened, Texts) {
    let LeaseHeld { work, lease } = held;
    let (steps, missing) = (work.missing_steps(), work.missing_artifacts());
    let errors: Vec<Met> = lease.errors.values().cloned().collect();
    let words = |all: Vec<String>, none: &str| {
        if all.is_empty() { none.to_owned() } else { all.join("; ") }
    };
    let tried = lease.taken.iter().map(|step| format!("took the step `{step}`"));
    let tried = tried.chain(lease.plan.iter().map(|_| "handed in a plan".to_owned()));
    let tried = words(tried.collect(), "nothing that was recorded");
    let met = errors.iter().map(|met| format!("`{}`, {} times", met.class, met.count));
    let blocking = words(met.collect(), "no error was reported");
    let next = steps.iter().map(|step| format!("take the step `{step}`"));
    let next = next.chain(missing.iter().map(|one| format!("hand in `{one}`")));
    let next = words(next.collect(), "verify, package and report what there is");
    let handoff = HandoffOpened {
        handoff: HandoffId::derive(&[&lease.id.to_string()]),
        task: lease.task,
        from: lease.agent,
        packet: work.packet.packet,
        lease: lease.id,
        because,
        phase: lease.phase,
        step: lease.taken.last().cloned(),
        tried: lease.taken.clone(),
        errors,
        steps,
        missing,
        forbidden: work.packet.forbidden.clone(),
        artifacts: work.handed_in(),
        plan: lease.plan_approved(),
    };
    let texts = Texts::none()
        .with(TextName::TRIED, tried)
        .with(TextName::BLOCKING, blocking)
        .with(TextName::NEXT, next);
    (handoff, texts)
}
