//! Phases: which one follows which, and what must stand before it does.

use convoke_events::{
    Conclusion, Digest, Permission, Phase, PhaseEntered, PlanDecided, PlanDecision, Principal,
    RevocationReason, TaskId, TaskOutcome, TextName, Texts, Timestamp, UseApproved, Violation,
};

use super::LifecycleRefusal;
use super::lease::{Ending, LeaseHeld, finish};
use super::revocation::{revoked_for, violated};
use crate::decision::{Decision, Draft};
use crate::refusal::Refusal;
use crate::state::State;
use crate::task::concluded;

/// Enters a phase after BOOTSTRAP, if it follows the one the work is in.
pub(super) fn enter(state: &State, held: LeaseHeld<'_>, to: Phase, note: Texts) -> Decision {
    let from = held.lease.phase;
    let refused = |refusal: LifecycleRefusal| Decision::from(Err(Refusal::from(refusal)));
    // What was verified and found wanting is done again.
    let again = (from, to) == (Phase::Verify, Phase::Execute);
    let ahead = position(to).saturating_sub(position(from));
    if !again && position(to) <= position(from) {
        return refused(LifecycleRefusal::PhaseOutOfOrder { from, to });
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
        return revoked_for(state, held, &because, Vec::new());
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
            return refused(LifecycleRefusal::NotReported);
        }
        // What is set aside for a call is settled on its task's account, which ends with the task.
        if state.is_busy(story.task) {
            return Decision::from(Err(Refusal::TaskBusy { task: story.task }));
        }
        drafts.extend(finish(state, held, Ending::Released).0);
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
    if !matches!(principal, Principal::Person(_)) {
        return Err(LifecycleRefusal::NotAPerson { what: "decide on a plan" }.into());
    }
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
) -> Result<Vec<Draft>, Refusal> {
    if !matches!(principal, Principal::Person(_)) {
        return Err(LifecycleRefusal::NotAPerson { what: "approve a use" }.into());
    }
    let Some(held) = LeaseHeld::on(state, task) else {
        return Err(LifecycleRefusal::NotByPacket { task }.into());
    };
    let approved = UseApproved { lease: held.lease.id, permission: permission.clone() };
    let texts = Texts::none().with(TextName::REASON, reason);
    Ok(vec![held.story().on_task(approved, texts)])
}
