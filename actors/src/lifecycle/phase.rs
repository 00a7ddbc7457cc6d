//! Phases: which one follows which, and what must stand before it does.

use convoke_events::{
    Conclusion, Digest, Permission, Phase, PhaseEntered, PlanDecided, PlanDecision, Principal,
    RevocationReason, TaskId, TaskOutcome, TextName, Texts, Timestamp, UseApproved, Violation,
};

use super::lease::{Ending, LeaseHeld, finish};
use super::revocation::{revoked_under, violated};
use super::{LifecycleRefusal, by_person};
use crate::decision::{Decision, Draft};
use crate::refusal::Refusal;
use crate::state::State;
use crate::task::concluded;

/// Enters a phase after BOOTSTRAP, if it follows the one the work is in.
pub(super) fn enter(state: &State, held: LeaseHeld<'_>, to: Phase, note: Texts) -> Decision {
    let from = held.lease.phase;
    // What was verified and found wanting is done again.
    let again = (from, to) == (Phase::Verify, Phase::Execute);
    let ahead = position(to).saturating_sub(position(from));
    if !again && position(to) <= position(from) {
        return LifecycleRefusal::PhaseOutOfOrder { from, to }.into();
    }
    if !again && ahead > 1 {
        return violated(state, held, Violation::PhaseSkipped { from, to });
    }
    if to == Phase::Execute && held.lease.plan_approved().is_none() {
        return violated(state, held, Violation::PlanNotApproved);
    }
    if to == Phase::Verify
        && let Some(artifact) = held.work.missing_artifacts().into_iter().next()
    {
        let because = RevocationReason::ArtifactMissing { artifact };
        let agent = state.registry.slug(held.lease.agent);
        return Decision {
            events: revoked_under(state, held, &because),
            answer: Err(LifecycleRefusal::Revoked { agent }.into()),
        };
    }
    if to == Phase::Package
        && let Some(step) = held.work.missing_steps().into_iter().next()
    {
        return violated(state, held, Violation::StepMissing { step });
    }
    let (lease, task, agent) = (held.lease.id, held.lease.task, held.lease.agent);
    let story = held.story();
    let mut drafts = vec![story.on_task(PhaseEntered { lease, task, agent, phase: to }, note)];
    if to == Phase::Exit {
        if !held.work.reported {
            return LifecycleRefusal::NotReported.into();
        }
        // What is set aside for a call is settled on its task's account, which ends with the task.
        if state.is_busy(story.task) {
            return Decision::from(Err(Refusal::TaskBusy { task: story.task }));
        }
        drafts.extend(finish(state, &state.tiers, held, Ending::Released).0);
        let reason = format!("{} reported what it did", state.registry.slug(agent));
        drafts.push(concluded(story, TaskOutcome::Proposed, Conclusion::Reported, &reason));
    }
    Decision::of(drafts)
}

fn position(phase: Phase) -> usize {
    Phase::ALL.iter().position(|one| *one == phase).unwrap_or(0)
}

/// A person's decision on the plan of the agent at work on a task.
pub(crate) fn decide_plan(
    state: &State,
    principal: &Principal,
    (task, plan): (TaskId, Option<Digest>),
    decision: PlanDecision,
    note: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Draft>, Refusal> {
    by_person(principal, "decide on a plan")?;
    let held = LeaseHeld::on(state, task).filter(|held| held.lease.expires > now);
    let waiting = held.and_then(|held| Some((held, held.lease.plan?)));
    let found = waiting.filter(|(_, (handed_in, decided))| {
        decided.is_none() && plan.is_none_or(|plan| plan == *handed_in)
    });
    let Some((held, (plan, _))) = found else {
        return Err(LifecycleRefusal::NoPlan { task }.into());
    };
    let decided = PlanDecided { lease: held.lease.id, plan, decision };
    let texts = Texts::none().with_some(TextName::NOTE, note);
    Ok(vec![held.story().on_task(decided, texts)])
}

/// A person lets the agent at work on a task use a permission once.
pub(crate) fn approve_use(
    state: &State,
    principal: &Principal,
    task: TaskId,
    permission: &Permission,
    reason: &str,
    now: Timestamp,
) -> Result<Vec<Draft>, Refusal> {
    by_person(principal, "approve a use")?;
    let held = LeaseHeld::on(state, task).filter(|held| held.lease.expires > now);
    let held = held.ok_or(LifecycleRefusal::NobodyAtWork { task })?;
    let approved = UseApproved { lease: held.lease.id, permission: permission.clone() };
    let texts = Texts::none().with(TextName::REASON, reason);
    Ok(vec![held.story().on_task(approved, texts)])
}
