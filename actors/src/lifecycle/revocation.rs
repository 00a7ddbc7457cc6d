//! Revocation: an agent is stopped, fenced, and what it leaves is handed over, in one append.

use convoke_events::{
    AgentId, AgentReinstated, AgentRevoked, Principal, ProcedureViolated, RevocationReason, Slug,
    TextName, Texts, Violation,
};

use super::LifecycleRefusal;
use super::lease::{Ending, LeaseHeld, finish};
use super::tier::on_agent;
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
    let drafts = vec![held.story().on_task(facts, texts)];
    let decision = match because {
        Some(because) => {
            let mut lease = held.lease.clone();
            lease.violations = count;
            revoked_for(state, LeaseHeld { lease: &lease, ..held }, &because, drafts)
        }
        None => Decision::of(drafts),
    };
    let refusal = LifecycleRefusal::Violation { why };
    Decision { answer: Err(refusal.into()), ..decision }
}

/// Revokes the agent for what happened under its lease.
pub(super) fn revoked_for(
    state: &State,
    held: LeaseHeld<'_>,
    because: &RevocationReason,
    mut drafts: Vec<Draft>,
) -> Decision {
    let agent = held.lease.agent;
    drafts.extend(stop(state, agent, Some(held), because, Texts::none()));
    let refusal = LifecycleRefusal::Revoked { agent: state.registry.slug(agent) };
    Decision { events: drafts, answer: Err(refusal.into()) }
}

/// Revokes an agent in a person's name.
pub(crate) fn revoke(
    state: &State,
    principal: &Principal,
    slug: &Slug,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    let agent = state.registry.by_slug(&state.hub, slug)?;
    if !matches!(principal, Principal::Person(_)) {
        return Err(LifecycleRefusal::NotAPerson { what: "revoke an agent" }.into());
    }
    let standing = state.lifecycle.standings().get(agent);
    if standing.is_none_or(|standing| standing.revoked) {
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
    if !matches!(principal, Principal::Person(_)) {
        return Err(LifecycleRefusal::NotAPerson { what: "reinstate an agent" }.into());
    }
    let standing = state.lifecycle.standings().get(agent).filter(|standing| standing.revoked);
    let Some(standing) = standing else {
        return Err(LifecycleRefusal::NotRevoked { agent: slug.to_string() }.into());
    };
    let facts = AgentReinstated { agent, epoch: standing.epoch.saturating_add(1) };
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
    let revoked = AgentRevoked {
        agent,
        agent_version: state.registry.get(agent).map_or(0, |known| known.version),
        epoch: state.lifecycle.standings().get(agent).map_or(1, |standing| standing.epoch),
        lease: under.map(|held| held.lease.id),
        because: because.clone(),
    };
    let draft = on_agent(agent, revoked, None, texts);
    // What happened under a lease belongs to its task's story.
    let draft = match under {
        Some(held) => held.story().draft(draft.stream, draft.event, draft.texts),
        None => draft,
    };
    let mut drafts = vec![draft];
    for lease in state.lifecycle.leases().filter(|lease| lease.agent == agent) {
        let held = under.filter(|held| held.lease.id == lease.id);
        let Some(held) = held.or_else(|| LeaseHeld::on(state, lease.task)) else {
            continue;
        };
        for draft in finish(state, held, Ending::Revoked(because.clone())).0 {
            // Two runs that end at once move a tier once.
            if !drafts.contains(&draft) {
                drafts.push(draft);
            }
        }
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
