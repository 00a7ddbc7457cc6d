//! Conduct: what an agent does under its lease, judged at the moment it does it.

use convoke_events::{
    AgentId, ArtifactHandedIn, ArtifactName, Confidence, Digest, ErrorReported, Key, Permission,
    PermissionUsed, Phase, PlanDecided, PlanDecision, PlanHandedIn, ProposalBasis,
    RevocationReason, StepName, StepTaken, TaskId, TextName, Texts, Tier, Timestamp, Verb,
    Violation,
};
use serde::{Deserialize, Serialize};

use super::lease::{LeaseHeld, renew, take};
use super::revocation::{revoked_under, violated};
use super::rules::needs_no_plan;
use super::{LifecycleRefusal, class_of, fit, of_tier, phase};
use crate::decision::{Decision, Draft};
use crate::proposal;
use crate::refusal::Refusal;
use crate::state::State;

/// What an agent does on a task that it has an instruction packet for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WorkAction {
    /// Enter the next phase; BOOTSTRAP takes the lease, EXIT gives it back.
    EnterPhase {
        /// Which.
        phase: Phase,
        /// What there is to note.
        #[serde(default)]
        note: Option<String>,
    },
    /// Say that a step is done.
    TakeStep {
        /// Which.
        step: StepName,
        /// What there is to note.
        #[serde(default)]
        note: Option<String>,
    },
    /// Hand in the plan, in PLAN.
    HandInPlan {
        /// The plan.
        content: String,
    },
    /// Hand in an artifact, in EXECUTE, VERIFY or PACKAGE.
    HandIn {
        /// Which.
        artifact: ArtifactName,
        /// Its content.
        content: String,
    },
    /// Use a permission of its tier.
    UsePermission {
        /// Which.
        permission: Permission,
        /// What for.
        #[serde(default)]
        note: Option<String>,
    },
    /// Say that something went wrong.
    ReportError {
        /// What, as it was met.
        message: String,
    },
    /// Let the lease hold for its tier's time from now on.
    RenewLease {},
    /// Say what was done, in REPORT: a proposal like any other.
    Report {
        /// What is recommended, in one to four words.
        recommendation: String,
        /// The report.
        content: String,
        /// How sure the agent is, from 0 to 1.
        #[serde(default)]
        confidence: Option<f64>,
    },
}

impl WorkAction {
    /// How many bytes the agent says in it.
    pub(crate) fn size(&self) -> usize {
        let noted = |note: &Option<String>| note.as_ref().map_or(0, String::len);
        match self {
            Self::EnterPhase { note, .. }
            | Self::TakeStep { note, .. }
            | Self::UsePermission { note, .. } => noted(note),
            Self::HandInPlan { content } | Self::HandIn { content, .. } => content.len(),
            Self::ReportError { message } => message.len(),
            Self::RenewLease {} => 0,
            Self::Report { recommendation, content, .. } => {
                recommendation.len().saturating_add(content.len())
            }
        }
    }

    /// What governance must allow for it.
    pub const fn verb(&self) -> Verb {
        match self {
            Self::HandIn { .. } | Self::HandInPlan { .. } | Self::Report { .. } => Verb::Propose,
            Self::EnterPhase { .. }
            | Self::TakeStep { .. }
            | Self::UsePermission { .. }
            | Self::ReportError { .. }
            | Self::RenewLease {} => Verb::Read,
        }
    }
}

/// Does what an agent asks for on a task, or refuses it.
pub(crate) fn act(
    state: &State,
    agent: AgentId,
    task: TaskId,
    action: &WorkAction,
    now: Timestamp,
) -> Decision {
    let slug = state.registry.slug(agent);
    if let Err(refusal) = fit(state, agent) {
        return refusal.into();
    }
    let work = state.lifecycle.work.get(&task).filter(|work| work.packet.agent == agent);
    let Some(work) = work else {
        return LifecycleRefusal::NoPacket { agent: slug, task }.into();
    };
    if let WorkAction::EnterPhase { phase: Phase::Bootstrap, note } = action {
        return take(state, work, noted(note.as_deref()), now);
    }
    let Some(held) = LeaseHeld::on(state, task) else {
        return LifecycleRefusal::NoLease { agent: slug, task }.into();
    };
    if held.lease.expires <= now {
        let (lease, at) = (held.lease.id, held.lease.expires);
        return LifecycleRefusal::LeaseExpired { lease, at }.into();
    }
    let done = match action {
        WorkAction::EnterPhase { phase, note } => {
            return phase::enter(state, held, *phase, noted(note.as_deref()));
        }
        WorkAction::UsePermission { permission, note } => {
            return reach_for(state, held, permission, noted(note.as_deref()));
        }
        WorkAction::ReportError { message } => return met(state, held, message),
        WorkAction::RenewLease {} => Ok(renew(state, held, now)),
        WorkAction::TakeStep { step, note } => {
            let taken = StepTaken { lease: held.lease.id, step: step.clone() };
            Ok(vec![held.story().on_task(taken, noted(note.as_deref()))])
        }
        WorkAction::HandInPlan { content } => plan(state, held, content),
        WorkAction::HandIn { artifact, content } => hand_in(held, artifact, content),
        WorkAction::Report { recommendation, content, confidence } => {
            report(state, held, recommendation, content, *confidence)
        }
    };
    done.map_err(Refusal::from).into()
}

fn noted(note: Option<&str>) -> Texts {
    Texts::none().with_some(TextName::NOTE, note)
}

fn at_phase(
    held: LeaseHeld<'_>,
    what: &'static str,
    allowed: &[Phase],
) -> Result<(), LifecycleRefusal> {
    let now = held.lease.phase;
    match allowed.first() {
        Some(phase) if !allowed.contains(&now) => {
            Err(LifecycleRefusal::NotInThisPhase { what, phase: *phase, now })
        }
        _ => Ok(()),
    }
}

fn said(what: &'static str, content: &str) -> Result<Digest, LifecycleRefusal> {
    if content.trim().is_empty() {
        return Err(LifecycleRefusal::Empty { what });
    }
    Ok(Digest::of(content.as_bytes()))
}

fn plan(state: &State, held: LeaseHeld<'_>, content: &str) -> Result<Vec<Draft>, LifecycleRefusal> {
    at_phase(held, "a plan", &[Phase::Plan])?;
    let (lease, plan) = (held.lease.id, said("a plan", content)?);
    let texts = Texts::none().with(TextName::CONTENT, content);
    let mut drafts = vec![held.story().on_task(PlanHandedIn { lease, plan }, texts)];
    if !state.lifecycle.rules().plans_need_a_person {
        let decision = PlanDecision::Approved;
        let texts = noted(Some("the hub's rules ask for nobody"));
        drafts.push(held.story().on_task(PlanDecided { lease, plan, decision }, texts));
    }
    Ok(drafts)
}

fn hand_in(
    held: LeaseHeld<'_>,
    artifact: &ArtifactName,
    content: &str,
) -> Result<Vec<Draft>, LifecycleRefusal> {
    at_phase(held, "an artifact", &[Phase::Execute, Phase::Verify, Phase::Package])?;
    let digest = said("an artifact", content)?;
    let artifact = artifact.clone();
    let handed_in = ArtifactHandedIn { lease: held.lease.id, artifact, content: digest };
    let texts = Texts::none().with(TextName::CONTENT, content);
    Ok(vec![held.story().on_task(handed_in, texts)])
}

fn report(
    state: &State,
    held: LeaseHeld<'_>,
    recommendation: &str,
    content: &str,
    confidence: Option<f64>,
) -> Result<Vec<Draft>, LifecycleRefusal> {
    at_phase(held, "a report", &[Phase::Report])?;
    if held.work.reported {
        return Err(LifecycleRefusal::ReportedBefore);
    }
    said("a report", content)?;
    let empty = LifecycleRefusal::Empty { what: "a recommendation" };
    let key = Key::canonical(recommendation).ok_or(empty)?;
    let confidence = match confidence {
        None => None,
        Some(share) => Some(Confidence::new(share).ok_or(LifecycleRefusal::ConfidenceUnfit)?),
    };
    let basis = ProposalBasis::Report {
        agent: held.lease.agent,
        agent_version: held.lease.agent_version,
        lease: held.lease.id,
    };
    let unknown = |_| LifecycleRefusal::NotByPacket { task: held.lease.task };
    let task_type = &held.work.packet.task_type;
    let artifact = state.registry.artifact_of(task_type).map_err(unknown)?;
    let made = proposal::Made {
        collective: None,
        task_type,
        artifact: &artifact,
        basis,
        key: Some(key),
        confidence,
    };
    Ok(proposal::make(state, held.story(), made, content.to_owned()))
}

/// Uses a permission, if the packet, the tier, the phase and, where it takes one, a person allow it.
fn reach_for(state: &State, held: LeaseHeld<'_>, permission: &Permission, note: Texts) -> Decision {
    let permission = permission.clone();
    if held.work.packet.forbidden.contains(&permission) {
        return violated(state, held, Violation::Forbidden { permission });
    }
    let (rules, tier) = (state.lifecycle.rules(), held.work.packet.tier);
    let own = of_tier(rules, tier);
    if !own.is_some_and(|own| own.permissions.contains(&permission)) {
        return violated(state, held, Violation::BeyondTier { permission });
    }
    let acting = matches!(held.lease.phase, Phase::Execute | Phase::Verify);
    if !acting && !needs_no_plan(&permission) {
        if held.lease.plan_approved().is_none() {
            return violated(state, held, Violation::PlanNotApproved);
        }
        let (what, phase, now) = ("using it", Phase::Execute, held.lease.phase);
        return LifecycleRefusal::NotInThisPhase { what, phase, now }.into();
    }
    let each = own.is_some_and(|own| own.approve_each_use);
    let below = Tier::ALL.iter().rev().find(|one| **one < tier);
    let below = below.and_then(|below| of_tier(rules, *below));
    let of_this_tier = !below.is_some_and(|below| below.permissions.contains(&permission));
    let approved = held.lease.approved.get(&permission).is_some_and(|uses| *uses > 0);
    if each && of_this_tier && !approved {
        return LifecycleRefusal::NotApproved { permission, tier }.into();
    }
    let used = PermissionUsed { lease: held.lease.id, permission };
    Decision::of(vec![held.story().on_task(used, note)])
}

/// Records an error, and revokes the agent where its budget of them is used up.
fn met(state: &State, held: LeaseHeld<'_>, message: &str) -> Decision {
    if message.trim().is_empty() {
        return LifecycleRefusal::Empty { what: "an error" }.into();
    }
    let (class, fingerprint) = class_of(message);
    let budget = held.work.packet.budget;
    // The first time is no repeat.
    let repeats = held.lease.errors.get(&fingerprint).map_or(0, |met| met.count);
    let all = held.lease.errors.values().map(|met| met.count);
    let all = all.fold(1_u32, u32::saturating_add);
    let because = if repeats >= budget.repeats {
        let (count, limit) = (repeats, budget.repeats);
        Some(RevocationReason::SameError { class: class.clone(), count, limit })
    } else if all >= budget.errors {
        Some(RevocationReason::Errors { count: all, limit: budget.errors })
    } else {
        None
    };
    let facts = ErrorReported { lease: held.lease.id, class: class.clone(), fingerprint };
    let texts = Texts::none().with(TextName::REASON, message);
    let mut drafts = vec![held.story().on_task(facts, texts)];
    if let Some(because) = because {
        // What the agent leaves says this error too.
        let mut lease = held.lease.clone();
        lease.meet(class, fingerprint);
        drafts.extend(revoked_under(state, LeaseHeld { lease: &lease, ..held }, &because));
    }
    // The report itself was taken; what follows from it is on record.
    Decision::of(drafts)
}
