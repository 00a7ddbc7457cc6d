//! Leases: taken at BOOTSTRAP, renewed, judged when they are used, and ended.

use std::borrow::Cow;
use std::time::Duration;

use convoke_events::evidence::Tiers;
use convoke_events::{
    HandoffId, HandoffOpened, LeaseEnd, LeaseEnded, LeaseId, LeaseIssued, LeaseRenewed, Met, Phase,
    PhaseEntered, RevocationReason, StepName, TaskId, TextName, Texts, Tier, Timestamp,
};

use super::{Lease, LifecycleRefusal, Work, of_tier, tier};
use crate::decision::{Decision, Draft, Story, cut};
use crate::state::State;

/// The most tasks that an agent works on at once: a revocation ends all its leases in one append.
const MOST_LEASES: usize = 64;

/// The most of one kind that a handoff lists. It always fits into an event, whatever the agent did,
/// or an agent could do so much that nothing revokes it.
const LISTED: usize = 16;

/// The most bytes of each of its texts.
const TOLD: usize = 1_024;

const NOTHING: &str = "nothing that was recorded";

/// A lease with the work it is on.
#[derive(Clone, Copy)]
pub(super) struct LeaseHeld<'a> {
    pub(super) work: &'a Work,
    pub(super) lease: &'a Lease,
}

impl<'a> LeaseHeld<'a> {
    /// The lease that holds a task's lock.
    pub(super) fn on(state: &'a State, task: TaskId) -> Option<Self> {
        let work = state.lifecycle.work.get(&task)?;
        Some(Self { work, lease: work.lease.as_ref()? })
    }

    pub(super) fn story(&self) -> Story {
        Story { task: self.lease.task, cause: Some(self.lease.cause) }
    }

    fn locked(&self, state: &State) -> LifecycleRefusal {
        let holder = state.registry.slug(self.lease.agent);
        LifecycleRefusal::Locked { task: self.lease.task, holder, until: self.lease.expires }
    }
}

fn lifetime(state: &State, tier: Tier) -> Duration {
    let rules = of_tier(state.lifecycle.rules(), tier);
    Duration::from_millis(rules.map_or(0, |rules| rules.lease_ms))
}

/// A task whose lock nobody holds, with what the end of an expired lease on it leaves.
pub(super) struct Free<'a> {
    pub(super) drafts: Vec<Draft>,
    pub(super) handoff: Option<HandoffId>,
    /// Where the agents stand then: what an expired run did to a tier counts at once.
    pub(super) tiers: Cow<'a, Tiers>,
}

/// Finds a task's lock free, ending a lease on it whose time is over.
pub(super) fn free(
    state: &State,
    task: TaskId,
    now: Timestamp,
) -> Result<Free<'_>, LifecycleRefusal> {
    let mut tiers = Cow::Borrowed(&state.tiers);
    let Some(held) = LeaseHeld::on(state, task) else {
        return Ok(Free { drafts: Vec::new(), handoff: None, tiers });
    };
    if held.lease.expires > now {
        return Err(held.locked(state));
    }
    let (drafts, handoff) = finish(state, &state.tiers, held, Ending::Expired);
    for draft in &drafts {
        tiers.to_mut().fold(&draft.event);
    }
    Ok(Free { drafts, handoff, tiers })
}

/// Takes the task's lock: the agent of its packet begins with BOOTSTRAP.
pub(super) fn take(state: &State, work: &Work, note: Texts, now: Timestamp) -> Decision {
    let (packet, task) = (&work.packet, work.packet.task);
    let Free { mut drafts, tiers, .. } = match free(state, task, now) {
        Ok(free) => free,
        Err(locked) => return locked.into(),
    };
    let at_work = state.lifecycle.leases().filter(|lease| lease.agent == packet.agent);
    if at_work.filter(|lease| lease.task != task).count() >= MOST_LEASES {
        let agent = state.registry.slug(packet.agent);
        return LifecycleRefusal::TooManyLeases { agent, limit: MOST_LEASES }.into();
    }
    let has = tiers.tier(packet.agent, &packet.task_type);
    if has < packet.tier {
        let (agent, needs) = (state.registry.slug(packet.agent), packet.tier);
        let refusal = LifecycleRefusal::TierTooLow { agent, has, needs };
        return Decision { events: drafts, answer: Err(refusal.into()) };
    }
    let number = work.leases.saturating_add(1).to_string();
    let lease = LeaseId::derive(&[&task.to_string(), &number]);
    let known = state.registry.get(packet.agent);
    let issued = LeaseIssued {
        lease,
        packet: packet.packet,
        task,
        agent: packet.agent,
        agent_version: known.map_or(0, |known| known.version),
        tier: packet.tier,
        epoch: known.map_or(1, |known| known.epoch),
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
        .map_or_else(Vec::new, |held| finish(state, &state.tiers, held, Ending::Expired).0)
}

/// How a lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Released,
    Expired,
    Revoked(RevocationReason),
}

/// Ends a lease, with what it leaves to the next and what it does to the agent's tier; `tiers` are as
/// the runs before it leave them.
pub(super) fn finish(
    state: &State,
    tiers: &Tiers,
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
    let moved = tier::moved(state, tiers, &ended, story.cause);
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

/// What an agent leaves to the next, drawn from what was recorded of its work: of what there may be
/// any number of, what counts most or came last.
fn left(held: LeaseHeld<'_>, because: Option<RevocationReason>) -> (HandoffOpened, Texts) {
    let LeaseHeld { work, lease } = held;
    let (steps, missing) = (work.missing_steps(), work.missing_artifacts());
    let mut errors: Vec<Met> = lease.errors.values().cloned().collect();
    errors.sort_by_key(|met| std::cmp::Reverse(met.count));
    errors.truncate(LISTED);
    let mut artifacts = work.handed_in();
    artifacts.sort_by_key(|one| !work.packet.artifacts.contains(&one.artifact));
    artifacts.truncate(LISTED);
    let earlier = lease.taken.len().saturating_sub(LISTED);
    let tried: Vec<StepName> = lease.taken.iter().skip(earlier).cloned().collect();
    let words = |all: Vec<String>, none: &str| {
        let said = if all.is_empty() { none.to_owned() } else { all.join("; ") };
        cut(&said, TOLD).to_owned()
    };
    let before = (earlier > 0).then(|| format!("took {earlier} steps before"));
    let took = tried.iter().map(|step| format!("took the step `{step}`"));
    let planned = lease.plan.iter().map(|_| "handed in a plan".to_owned());
    let did = words(before.into_iter().chain(took).chain(planned).collect(), NOTHING);
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
        tried,
        errors,
        steps,
        missing,
        forbidden: work.packet.forbidden.clone(),
        artifacts,
        plan: lease.plan_approved(),
    };
    let texts = Texts::none()
        .with(TextName::TRIED, did)
        .with(TextName::BLOCKING, blocking)
        .with(TextName::NEXT, next);
    (handoff, texts)
}
