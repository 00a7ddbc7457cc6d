//! A task on its way through a collective.

use convoke_events::*;

use super::federation::*;
use super::history::*;

/// Submitted, triaged, convened: forge and mace are asked, helm is blocked; forge is to synthesise.
pub(super) fn convene(history: &mut History, name: &str) {
    submit(history, name);
    decide(history, name, Purpose::Triage, &[("scout", CandidateStanding::Eligible)]);
    start(history, name, Purpose::Triage, "scout");
    answer(history, name, Purpose::Triage, "scout", "bug");
    let (forge, mace) =
        (("forge", CandidateStanding::Eligible), ("mace", CandidateStanding::Eligible));
    let helm = ("helm", CandidateStanding::AgentInactive);
    let decision = decide(history, name, Purpose::Contribution, &[forge, mace, helm]);
    let because = BlockReason::VerbNotAllowed(policy("propose helm"));
    let blocked = AttemptBlocked {
        agent: agent("helm"),
        agent_version: 1,
        task: task(name),
        purpose: Purpose::Contribution,
        verb: Verb::Propose,
        artifact: word("implementation"),
        because: because.clone(),
    };
    history.on(name, blocked, Texts::none());
    let participant = |slug: &str, standing| Participant {
        agent: agent(slug),
        agent_version: 1,
        family: word(slug),
        invocation: call(name, "contribution", slug),
        standing,
    };
    let convened = CollectiveConvened {
        collective: collective(name),
        task: task(name),
        task_type: word("implementation"),
        artifact: word("implementation"),
        decision,
        participants: vec![
            participant("forge", ParticipantStanding::Invited),
            participant("mace", ParticipantStanding::Invited),
            participant("helm", ParticipantStanding::Blocked(because)),
        ],
        synthesiser: Some(Appointed {
            agent: agent("forge"),
            agent_version: 1,
            decision,
            invocation: call(name, "synthesis", "forge"),
            reservation: reservation(name, "synthesis", "forge"),
        }),
        judge: None,
        rules: RULES,
        settings: CollectiveRules::default(),
        seed: 7,
    };
    let title = Texts::none().with(TextName::TITLE, format!("{name} crashes"));
    history.on(name, convened, title);
}

pub(super) fn verdict(history: &mut History, name: &str, status: ConsensusStatus, leading: u32) {
    let verdict = match status {
        ConsensusStatus::Consensus => Verdict::Consensus { key: word("fix") },
        ConsensusStatus::Divergent => Verdict::Divergent { leading: vec![word("fix")] },
        ConsensusStatus::Pending | ConsensusStatus::Insufficient => {
            Verdict::Insufficient { because: Insufficiency::TooFew }
        }
    };
    let reached = VerdictReached {
        collective: collective(name),
        rule: VerdictRule::Classic,
        rule_version: 1,
        verdict,
        figures: VerdictFigures {
            share: 1.0,
            margin: 1.0,
            entropy: 0.0,
            weights: vec![1.0; usize::try_from(leading).unwrap()],
            leading,
            leading_families: leading,
            contributions: leading,
            keys: 1,
            families: 2,
            missing: 3 - leading,
        },
        basis: VerdictBasis {
            voices: Vec::new(),
            participants: 3,
            min_contributions: 2,
            one_failure_fails_all: false,
            allowed: 0,
            hub: Acceptance::default(),
        },
    };
    history.on(name, reached, Texts::none().with(TextName::REASON, "all name the same"));
}

fn credit(slug: &str, task_type: &str) -> Credit {
    Credit {
        agent: agent(slug),
        agent_version: 1,
        task_type: word(task_type),
        right: true,
        confidence: Confidence::new(0.9),
    }
}

/// The whole way of one task: agreed, synthesised, proposed and accepted by Grace.
pub(super) fn agreed(history: &mut History, name: &str) -> Position {
    convene(history, name);
    for slug in ["forge", "mace"] {
        start(history, name, Purpose::Contribution, slug);
    }
    for slug in ["forge", "mace"] {
        answer(history, name, Purpose::Contribution, slug, "fix");
    }
    verdict(history, name, ConsensusStatus::Consensus, 2);
    start(history, name, Purpose::Synthesis, "forge");
    answer(history, name, Purpose::Synthesis, "forge", "fix");
    let made = ProposalMade {
        proposal: proposal(name),
        task: task(name),
        collective: Some(collective(name)),
        task_type: word("implementation"),
        artifact: word("implementation"),
        basis: ProposalBasis::Synthesis {
            agent: agent("forge"),
            agent_version: 1,
            invocation: call(name, "synthesis", "forge"),
        },
        key: Some(word("fix")),
        confidence: Confidence::new(0.9),
        digest: Digest::of(b"fix it"),
        terms: ReviewTerms { reviewers: 1, expires_ms: None },
        blocked: None,
    };
    history.on(name, made, Texts::none().with(TextName::CONTENT, "fix it"));
    let (outcome, because) = (TaskOutcome::Proposed, Conclusion::Consensus);
    let concluded = TaskConcluded { task: task(name), outcome, because };
    history.on(name, concluded, Texts::none().with(TextName::REASON, "it waits for review"));
    history.by_person("Grace");
    let (proposal, reviewed) = (proposal(name), Digest::of(b"fix it"));
    let decision = ReviewDecision::Accepted;
    let review = ProposalReviewed {
        proposal,
        decision,
        reviewed,
        revised: None,
        key: None,
        credits: vec![credit("forge", "synthesis"), credit("forge", "implementation")],
    };
    let last = history.on(name, review, Texts::none().with(TextName::NOTE, "well done"));
    history.by_runtime();
    last
}
