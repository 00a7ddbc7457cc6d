//! The governed life of an agent on a task, in words.

use convoke_events::{
    AgentId, HandoffOpened, LeaseEnd, LeaseId, LifecycleEvent, PacketIssued, Phase, PlanDecision,
    Recorded, RevocationReason, TextName, TierEvidence, Violation,
};

use super::because;
use super::told::Told;
use crate::wording::{count, first_lines, short};

pub(super) fn tell(recorded: &Recorded, event: &LifecycleEvent, told: &Told) -> String {
    let text = |name| recorded.texts.get(&name);
    let reason = || because(text(TextName::REASON));
    let note = || because(text(TextName::NOTE));
    let who = |lease| told.leased(lease);
    match event {
        LifecycleEvent::LifecycleRulesSet(_) => {
            format!("the hub chose by which rules its agents live{}", reason())
        }
        LifecycleEvent::PacketIssued(facts) => packet(recorded, facts, told),
        LifecycleEvent::LeaseIssued(facts) => format!(
            "{} holds the task's lock under lease {} of tier {} until {}",
            told.agent(facts.agent, facts.agent_version),
            short(facts.lease),
            facts.tier,
            facts.expires,
        ),
        LifecycleEvent::LeaseRenewed(facts) => {
            format!("the lease of {} holds until {}", who(facts.lease), facts.expires)
        }
        LifecycleEvent::LeaseEnded(facts) => {
            let how = match facts.because {
                LeaseEnd::Released => "gave the lock back",
                LeaseEnd::Expired => "lost the lock: its lease expired",
                LeaseEnd::Revoked => "lost the lock: it was revoked",
            };
            let kept = if facts.compliant { "kept every rule" } else { "did not keep every rule" };
            format!("{} {how}; the run {kept}", told.agent(facts.agent, facts.agent_version))
        }
        LifecycleEvent::PhaseEntered(facts) => {
            format!("{} entered {}{}", told.newest(facts.agent), facts.phase, note())
        }
        LifecycleEvent::StepTaken(facts) => {
            format!("{} took the step `{}`{}", who(facts.lease), facts.step, note())
        }
        LifecycleEvent::PlanHandedIn(facts) => {
            let plan = text(TextName::CONTENT).map(first_lines).unwrap_or_default();
            format!("{} handed in a plan: {plan}", who(facts.lease))
        }
        LifecycleEvent::PlanDecided(facts) => {
            let decided = match facts.decision {
                PlanDecision::Approved => "approved",
                PlanDecision::Rejected => "rejected",
            };
            let by = told.principal(&recorded.envelope.principal);
            format!("the plan of {} was {decided} by {by}{}", who(facts.lease), note())
        }
        LifecycleEvent::ArtifactHandedIn(facts) => {
            format!("{} handed in `{}`", who(facts.lease), facts.artifact)
        }
        LifecycleEvent::UseApproved(facts) => {
            let by = told.principal(&recorded.envelope.principal);
            let who = who(facts.lease);
            format!("{by} let {who} use `{}` once{}", facts.permission, reason())
        }
        LifecycleEvent::PermissionUsed(facts) => {
            format!("{} used `{}`{}", who(facts.lease), facts.permission, note())
        }
        LifecycleEvent::ErrorReported(facts) => {
            format!("{} met the error `{}`{}", who(facts.lease), facts.class, reason())
        }
        LifecycleEvent::ProcedureViolated(facts) => {
            let evidence = because(text(TextName::EVIDENCE));
            let how = violation(&facts.violation);
            format!("{} broke the procedure: {how}{evidence}", told.newest(facts.agent))
        }
        LifecycleEvent::AgentStuck(facts) => format!(
            "{} is stuck: nothing was heard of it for {} s",
            told.newest(facts.agent),
            facts.silent_ms.div_euclid(1_000),
        ),
        LifecycleEvent::AgentRevoked(facts) => format!(
            "{} was revoked: {}; nothing of it is taken until a person reinstates it{}",
            told.agent(facts.agent, facts.agent_version),
            revocation(&facts.because),
            reason(),
        ),
        LifecycleEvent::AgentReinstated(facts) => {
            format!("{} may be asked again{}", told.newest(facts.agent), reason())
        }
        LifecycleEvent::HandoffOpened(facts) => handoff(recorded, facts, told),
        LifecycleEvent::PromotionDue(facts) => format!(
            "{} has earned tier {} on `{}`, which a person gives: {}",
            told.agent(facts.agent, facts.agent_version),
            facts.to,
            facts.task_type,
            evidence(&facts.evidence),
        ),
        LifecycleEvent::TierChanged(facts) => {
            let way = if facts.to > facts.from { "up" } else { "down" };
            format!(
                "{} went {way} from tier {} to {} on `{}`: {}{}",
                told.agent(facts.agent, facts.agent_version),
                facts.from,
                facts.to,
                facts.task_type,
                evidence(&facts.evidence),
                reason(),
            )
        }
    }
}

fn packet(recorded: &Recorded, facts: &PacketIssued, told: &Told) -> String {
    let objective = recorded.texts.get(&TextName::OBJECTIVE).map(first_lines).unwrap_or_default();
    let taken_up = facts.continues.map(|_| ", taking up what was left").unwrap_or_default();
    let agent = told.agent(facts.agent, facts.agent_version);
    format!("{agent} was told to work on it at tier {}{taken_up}: {objective}", facts.tier)
}

fn handoff(recorded: &Recorded, facts: &HandoffOpened, told: &Told) -> String {
    let next = because(recorded.texts.get(&TextName::NEXT));
    let met = facts.errors.iter().map(|met| met.count).fold(0_u32, u32::saturating_add);
    format!(
        "{} leaves the task in {} with {} taken, {} handed in and {} met; next{next}",
        told.newest(facts.from),
        facts.phase,
        count(len(&facts.tried), "step", "steps"),
        count(len(&facts.artifacts), "artifact", "artifacts"),
        count(met.into(), "error", "errors"),
    )
}

fn len<T>(list: &[T]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}

fn violation(violation: &Violation) -> String {
    match violation {
        Violation::PhaseSkipped { from, to } => format!("it went from {from} to {to}"),
        Violation::PlanNotApproved => {
            format!("it went on to {} without an approved plan", Phase::Execute)
        }
        Violation::Forbidden { permission } => format!("its packet forbids `{permission}`"),
        Violation::BeyondTier { permission } => format!("its tier does not have `{permission}`"),
        Violation::StepMissing { step } => format!("it left out the step `{step}`"),
    }
}

pub(crate) fn revocation(because: &RevocationReason) -> String {
    match because {
        RevocationReason::Violations { count: found, limit } => {
            let found = count((*found).into(), "procedure violation", "procedure violations");
            format!("{found} of the {limit} that end a lease")
        }
        RevocationReason::SameError { class, count: found, limit } => {
            let found = count((*found).into(), "repeat", "repeats");
            format!("{found} of the error `{class}`, of the {limit} that end a lease")
        }
        RevocationReason::Errors { count: found, limit } => {
            let found = count((*found).into(), "error", "errors");
            format!("{found} of the {limit} that end a lease")
        }
        RevocationReason::ArtifactMissing { artifact } => {
            format!("it left {} without handing in `{artifact}`", Phase::Execute)
        }
        RevocationReason::ForbiddenAction { permission } => {
            format!("it reached for `{permission}`, which its packet forbids")
        }
        RevocationReason::ByPerson => "a person decided so".to_owned(),
    }
}

fn evidence(evidence: &TierEvidence) -> String {
    let percent = |millionths: u32| {
        let tenths = millionths.div_euclid(1_000);
        format!("{}.{} %", tenths.div_euclid(10), tenths.rem_euclid(10))
    };
    match evidence {
        TierEvidence::Conduct { runs, compliant, bound, gate } => format!(
            "{compliant} of {runs} runs kept every rule, surely more than {} where {} are asked",
            percent(*bound),
            percent(*gate),
        ),
        TierEvidence::Failures { runs, compliant, .. } => {
            format!("{compliant} of {runs} runs kept every rule, which cannot be borne")
        }
        TierEvidence::Person => "a person decided so".to_owned(),
    }
}

/// The agent that an event is about, where it names one itself.
pub(super) fn names(event: &LifecycleEvent, told: &Told) -> Option<AgentId> {
    let lease: LeaseId = match event {
        LifecycleEvent::LifecycleRulesSet(_) => return None,
        LifecycleEvent::PacketIssued(facts) => return Some(facts.agent),
        LifecycleEvent::LeaseIssued(facts) => return Some(facts.agent),
        LifecycleEvent::LeaseEnded(facts) => return Some(facts.agent),
        LifecycleEvent::PhaseEntered(facts) => return Some(facts.agent),
        LifecycleEvent::ProcedureViolated(facts) => return Some(facts.agent),
        LifecycleEvent::AgentStuck(facts) => return Some(facts.agent),
        LifecycleEvent::AgentRevoked(facts) => return Some(facts.agent),
        LifecycleEvent::AgentReinstated(facts) => return Some(facts.agent),
        LifecycleEvent::HandoffOpened(facts) => return Some(facts.from),
        LifecycleEvent::PromotionDue(facts) => return Some(facts.agent),
        LifecycleEvent::TierChanged(facts) => return Some(facts.agent),
        LifecycleEvent::LeaseRenewed(facts) => facts.lease,
        LifecycleEvent::StepTaken(facts) => facts.lease,
        LifecycleEvent::PlanHandedIn(facts) => facts.lease,
        LifecycleEvent::PlanDecided(facts) => facts.lease,
        LifecycleEvent::ArtifactHandedIn(facts) => facts.lease,
        LifecycleEvent::UseApproved(facts) => facts.lease,
        LifecycleEvent::PermissionUsed(facts) => facts.lease,
        LifecycleEvent::ErrorReported(facts) => facts.lease,
    };
    told.lessee(lease)
}
