//! Samples of what happens to collectives.

use super::federation::{agent, decision, invocation, policy, reason, reservation, task};
use super::work::{answer, confidence, rules};
use crate::testkit::word;
use crate::{
    Acceptance, Amount, Appointed, BlockReason, CollectiveConvened, CollectiveId, CollectiveRules,
    CollectiveRulesSet, ContributionRecorded, Event, Key, KeyGroup, KeysGrouped, MicroUsd,
    OnDivergence, Participant, ParticipantStanding, TextName, Texts, Tokens, Verdict, VerdictBasis,
    VerdictFigures, VerdictReached, VerdictRule, Voice,
};

pub(super) fn collective() -> CollectiveId {
    CollectiveId::derive(&["sample"])
}

fn settings() -> CollectiveRules {
    let (verdict, on_divergence) = (VerdictRule::Weighted, OnDivergence::Agent);
    CollectiveRules { verdict, judge: Some(word("scout")), on_divergence }
}

fn appointed() -> Appointed {
    Appointed {
        agent: agent(),
        agent_version: 2,
        decision: decision(),
        invocation: invocation(),
        reservation: reservation(),
    }
}

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let participant = |standing| Participant {
        agent: agent(),
        agent_version: 2,
        family: word("model"),
        invocation: invocation(),
        standing,
    };
    let needed = Amount { tokens: Tokens::new(9_000), money: MicroUsd::new(9) };
    let convened = CollectiveConvened {
        collective: collective(),
        task: task(),
        task_type: word("implementation"),
        artifact: word("implementation"),
        decision: decision(),
        participants: vec![
            participant(ParticipantStanding::Invited),
            participant(ParticipantStanding::Blocked(BlockReason::VerbNotAllowed(policy()))),
            participant(ParticipantStanding::OverBudget { needed }),
            participant(ParticipantStanding::NotAsked),
        ],
        synthesiser: Some(appointed()),
        judge: Some(appointed()),
        rules: rules(),
        settings: settings(),
        seed: 4_711,
    };
    let contribution = ContributionRecorded {
        collective: collective(),
        agent: agent(),
        agent_version: 2,
        invocation: invocation(),
        key: word("fix-it"),
        confidence: confidence(),
    };
    let key: Key = word("fix-it");
    let grouped = KeysGrouped {
        collective: collective(),
        agent: agent(),
        agent_version: 2,
        invocation: invocation(),
        groups: vec![KeyGroup { key: key.clone(), members: vec![key, word("repair")] }],
    };
    let set = CollectiveRulesSet { rules: settings() };
    let title = Texts::none().with(TextName::TITLE, "it crashes");
    vec![
        (convened.into(), title),
        (contribution.into(), answer()),
        (verdict().into(), reason()),
        (grouped.into(), answer()),
        (set.into(), reason()),
    ]
}

fn verdict() -> VerdictReached {
    let acceptance = Acceptance { right: 8, judged: 11 };
    let voice = Voice {
        agent: agent(),
        agent_version: 2,
        family: word("model"),
        key: word("fix-it"),
        acceptance,
    };
    VerdictReached {
        collective: collective(),
        rule: VerdictRule::Weighted,
        rule_version: 1,
        verdict: Verdict::Consensus { key: word("fix-it") },
        figures: VerdictFigures {
            share: 0.75,
            margin: 0.5,
            entropy: 0.811_278_124_459_132_8,
            weights: vec![0.1, 0.2],
            leading: 3,
            leading_families: 2,
            contributions: 4,
            keys: 2,
            families: 3,
            missing: 1,
        },
        basis: VerdictBasis {
            voices: vec![voice],
            participants: 5,
            min_contributions: 3,
            one_failure_fails_all: true,
            allowed: 2,
            hub: Acceptance { right: 80, judged: 110 },
        },
    }
}
