//! Revocation: an agent is stopped, fenced, and what it leaves is handed over, in one append.

use convoke_events::{
    AgentId, AgentReinstated, AgentRevoked, Principal, ProcedureViolated, RevocationReason, Slug,
    StreamId, TextName, Texts, Violation,
};

use super::lease::{Ending, LeaseHeld, finish};
use super::tier::on_agent;
use super::{LifecycleRefusal, by_person};
use crate::decision::{Decision, Draft};
use crate::refusal::Refusal;
use crate::state::State;

/// Records a procedure violation, and revokes the agent where its budget of them is used up.
pub(super) fn violated(state: &State, held: LeaseHeld<'_>, violation: Violation) -> Decision {
    let (lease, task, agent) = (held.lease.id, held.lease.task, held.lease.agent);
    let why = in_words(&violation);
    let evidence = format!("{} in {}: {why}", state.registry.slug(agent), held.lease.phase);
    let (count, limit) =
        (held.lease.violations.saturating_add(1), held.work.packet.budget.violations);
    let because = match &violation {
        Violation::Forbidden { permission } => {
            Some(RevocationReason::ForbiddenAction { permission: permission.clone() })
        }
        Violation::PhaseSkipped { .. }
        | Violation::PlanNotApproved
        | Violation::BeyondTier { .. }
        | Violation::StepMissing { .. } => {
            (count >= limit).then_some(RevocationReason::Violations { count, limit })
        }
    };
    let facts = ProcedureViolated { lease, task, agent, violation };
    let texts = Texts::none().with(TextName::EVIDENCE, evidence);
    let mut events = vec![held.story().on_task(facts, texts)];
    if let Some(because) = because {
        events.extend(revoked_under(state, held, &because));
    }
    Decision { events, answer: Err(LifecycleRefusal::Violation { why }.into()) }
}

/// Revokes the agent for what happened under its lease.
pub(super) fn revoked_under(
    state: &State,
    held: LeaseHeld<'_>,
    because: &RevocationReason,
) -> Vec<Draft> {
    stop(state, held.lease.agent, Some(held), because, Texts::none())
}

/// Revokes an agent in a person's name.
pub(crate) fn revoke(
    state: &State,
    principal: &Principal,
    slug: &Slug,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    let agent = state.registry.by_slug(&state.hub, slug)?;
    by_person(principal, "revoke an agent")?;
    if state.registry.get(agent).is_some_and(|known| known.revoked) {
        return Ok(Vec::new());
    }
    let texts = Texts::none().with(TextName::REASON, reason);
    Ok(stop(state, agent, None, &RevocationReason::ByPerson, texts))
}

/// Lets a revoked agent be asked again, in a new epoch.
pub(crate) fn reinstate(
    state: &State,
    principal: &Principal,
    slug: &Slug,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    let agent = state.registry.by_slug(&state.hub, slug)?;
    by_person(principal, "reinstate an agent")?;
    let known = state.registry.get(agent).filter(|known| known.revoked);
    let known = known.ok_or_else(|| LifecycleRefusal::NotRevoked { agent: slug.to_string() })?;
    let facts = AgentReinstated { agent, epoch: known.epoch.saturating_add(1) };
    Ok(vec![on_agent(agent, facts, None, Texts::none().with(TextName::REASON, reason))])
}

/// The one append: the agent is revoked, each of its leases ends and is handed over. `under` is the
/// lease under which it happened, with what has just happened.
fn stop(
    state: &State,
    agent: AgentId,
    under: Option<LeaseHeld<'_>>,
    because: &RevocationReason,
    texts: Texts,
) -> Vec<Draft> {
    let known = state.registry.get(agent);
    let revoked = AgentRevoked {
        agent,
        agent_version: known.map_or(0, |known| known.version),
        epoch: known.map_or(1, |known| known.epoch),
        lease: under.map(|held| held.lease.id),
        because: because.clone(),
    };
    // What happened under a lease belongs to its task's story.
    let mut drafts = vec![match under {
        Some(held) => held.story().draft(StreamId::agent(agent), revoked, texts),
        None => on_agent(agent, revoked, None, texts),
    }];
    // Each run counts on what those before it leave: two that end at once count both.
    let mut tiers = state.tiers.clone();
    for lease in state.lifecycle.leases().filter(|lease| lease.agent == agent) {
        let held = under.filter(|held| held.lease.id == lease.id);
        let Some(held) = held.or_else(|| LeaseHeld::on(state, lease.task)) else {
            continue;
        };
        let (ended, _) = finish(state, &tiers, held, Ending::Revoked(because.clone()));
        for draft in &ended {
            tiers.fold(&draft.event);
        }
        drafts.extend(ended);
    }
    drafts
}

/// How the procedure was broken, in words.
fn in_words(violation: &Violation) -> String {
    match violation {
        Violation::PhaseSkipped { from, to } => format!("{to} does not follow {from}"),
        Violation::PlanNotApproved => "no plan is approved".to_owned(),
        Violation::Forbidden { permission } => format!("the packet forbids `{permission}`"),
        Violation::BeyondTier { permission } => {
            format!("the lease's tier does not have `{permission}`")
        }
        Violation::StepMissing { step } => format!("the step `{step}` was not taken"),
    }
}
