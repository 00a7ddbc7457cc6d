//! Samples of who is asked, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use super::federation::{agent, by_ada, decision, policy, reason, task};
use crate::testkit::{NOON, word};
use crate::{
    BidBasis, BidPlaced, BidRecord, BidRefusal, BidRefused, BidRule, BidStrategy, BiddingClosed,
    BiddingOpened, Candidate, CandidateStanding, CandidatesListed, Component, Event, EventId,
    Evidence, FoundWord, Matched, Measure, MicroUsd, Preference, PreferenceRule, ProviderName,
    Purpose, Rate, RoutingDecided, RoutingPolicySet, RoutingRules, RoutingRulesSet, Score, Scored,
    Strategy, TaskWordsFound, Texts, TieBreak, Way, Weights,
};

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let set = RoutingPolicySet {
        policy: policy(),
        task_type: word("implementation"),
        agent: agent(),
        priority: 2,
        active: true,
    };
    let listed = CandidatesListed {
        decision: decision(),
        task: task(),
        page: 2,
        candidates: vec![candidate(CandidateStanding::TooDear, 3)],
    };
    let found = TaskWordsFound {
        task: task(),
        words: vec![
            FoundWord { word: word("bug"), whole: true },
            FoundWord { word: word("ci"), whole: false },
        ],
    };
    let mut samples = vec![
        (set.into(), by_ada()),
        (decided().into(), reason()),
        (listed.into(), by_ada()),
        (rules().into(), by_ada()),
        (found.into(), by_ada()),
    ];
    samples.extend(bidding().map(|event| (event, by_ada())));
    samples
}

fn candidate(standing: CandidateStanding, priority: u32) -> Candidate {
    let scored = (standing == CandidateStanding::Eligible).then(scored);
    let policy = Some(policy());
    Candidate { agent: agent(), agent_version: 2, policy, priority, standing, scored }
}

fn scored() -> Scored {
    let matched = Matched {
        keywords: vec![word("bug"), word("fix")],
        capabilities: vec![word("code")],
        related: vec![word("implement")],
    };
    let strategy = BidStrategy {
        rate: Rate::new(40),
        in_field: true,
        jitter: -3,
        record: Some(BidRecord {
            bids: 9,
            won: 8,
            decided: 7,
            right: 6,
            word_wins: 5,
            word_failures: 1,
        }),
    };
    let basis = BidBasis::Strategy(strategy);
    let draw = Some(score(-0.25));
    let component = |input, value| Component { input, score: score(value) };
    Scored {
        components: vec![
            component(Measure::Match(matched), 0.9),
            component(Measure::Bid { amount: Rate::new(41), basis }, 0.65),
            component(Measure::Acceptance { right: 6, decided: 7, draw }, 0.8),
            component(Measure::Load { calls: 2 }, 0.1 + 0.2),
            component(Measure::Latency { answers: 5, total_us: 9_000_000 }, 0.5),
            component(Measure::Price { per_1000: Some(MicroUsd::new(2_000)) }, 1.0),
        ],
        combined: Some(score(0.7)),
    }
}

fn score(value: f64) -> Score {
    Score::new(value).unwrap()
}

fn decided() -> RoutingDecided {
    let rests_on = Some(EventId::mint(NOON, 9));
    RoutingDecided {
        decision: decision(),
        task: task(),
        purpose: Purpose::Contribution,
        task_type: word("implementation"),
        rule: word("informed"),
        rule_version: 1,
        most: Some(3),
        rules_version: Some(4),
        weights: Some(Weights::INFORMED),
        evidence: Some(Evidence { right: 60, decided: 70, rests_on }),
        candidates: vec![
            candidate(CandidateStanding::Eligible, 1),
            candidate(CandidateStanding::PolicyInactive, 2),
        ],
        more_pages: 1,
        selected: vec![agent()],
        rests_on,
        tie_break: TieBreak::EarlierBid,
        seed: Some(u64::MAX),
    }
}

fn rules() -> RoutingRulesSet {
    let preference =
        |model: &str| Preference { provider: ProviderName::OpenRouter, model: word(model) };
    let preferences = PreferenceRule {
        preferred: vec![preference("vendor/model-4.1")],
        fallbacks: vec![preference("vendor/model-4.1-mini")],
        max_cost: Some(MicroUsd::new(5_000)),
        most: Some(2),
    };
    let bids = BidRule {
        strategy: Strategy::Informed,
        window_ms: 15_000,
        standing_bids: true,
        most: None,
    };
    let ways = BTreeMap::from([
        (word("implementation"), Way::Bid(bids)),
        (word("triage"), Way::Rule(preferences)),
    ]);
    let (weights, prior, exploration) = (Weights::CLASSIC, 8, 1_000);
    let rules = RoutingRules { ways, weights, prior, exploration, jitter: 15, adaptive: true };
    RoutingRulesSet { version: 4, rules }
}

fn bidding() -> [Event; 4] {
    let (decision, task, agent, amount) = (decision(), task(), agent(), Rate::new(41));
    let (purpose, task_type) = (Purpose::Contribution, word("implementation"));
    let closes = NOON.plus(Duration::from_secs(15));
    let because = BidRefusal::Late;
    [
        BiddingOpened { decision, task, purpose, task_type, closes }.into(),
        BidPlaced { decision, task, agent, agent_version: 2, amount }.into(),
        BidRefused { decision, task, agent, amount, because }.into(),
        BiddingClosed { decision, task }.into(),
    ]
}
