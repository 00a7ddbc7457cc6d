//! Bidders: everyone a hub could ask, scored by what they can do and what they ask.

use convoke_events::evidence::Tally;
use convoke_events::{
    AgentId, ArtifactType, BidBasis, BidRule, BidStrategy, Candidate, CandidateStanding, Evidence,
    Matched, Measure, Strategy, TieBreak,
};

use super::{Choice, Chosen, Grounds, Sought};
use crate::registry::Agent;
use crate::routing::words::{Found, Vocabulary};
use crate::routing::{bid, score};

const VERSION: u32 = 1;

/// Everyone in the hub: who placed a bid in the order of bids, then the others by slug. Of those that
/// bid, themselves or by their strategy, the ones with the highest scores are asked.
pub(in crate::routing) fn by_bid(
    grounds: Grounds<'_>,
    sought: Sought<'_>,
    rule: &BidRule,
    choice: Choice,
) -> Chosen {
    let Grounds { state, rules, seed, .. } = grounds;
    let nothing = Found::new();
    let on_record = state.routing.words.get(&sought.task).unwrap_or(&nothing);
    let scorer = Scorer {
        grounds,
        sought,
        rule,
        artifact: grounds.artifact(sought),
        found: grounds.words.unwrap_or(on_record),
        evidence: (rule.strategy == Strategy::Informed).then(|| evidence(grounds, sought)),
    };
    let placed = state.routing.biddings.bids(sought);
    let early = placed.iter().filter_map(|(agent, _)| Some((*agent, state.registry.get(*agent)?)));
    let others = state.registry.by_slugs();
    let others = others.filter(|(agent, _)| placed.iter().all(|(bidder, _)| bidder != agent));
    let candidates = (1..)
        .zip(early.chain(others))
        .map(|(place, (agent, known))| scorer.candidate(place, agent, known));
    let candidates: Vec<Candidate> = candidates.collect();
    let most = if choice == Choice::First { Some(1) } else { rule.most };
    let draws = rules.jitter > 0 || scorer.explores();
    Chosen {
        rule: rule.strategy.as_str(),
        version: VERSION,
        most,
        rules_version: grounds.rules_version,
        weights: Some(score::weights(rule.strategy, rules)),
        evidence: scorer.evidence.clone(),
        selected: score::ranked(&candidates, most),
        candidates,
        rests_on: state.routing.last,
        tie_break: TieBreak::EarlierBid,
        seed: draws.then_some(seed),
    }
}

/// What everybody's work on the task type was worth.
fn evidence(grounds: Grounds<'_>, sought: Sought<'_>) -> Evidence {
    let tally = grounds.state.records.of_hub(sought.task_type);
    Evidence {
        right: tally.map_or(0, Tally::right),
        decided: tally.map_or(0, Tally::judged),
        rests_on: grounds.state.routing.track.newest_review(sought.task_type),
    }
}

/// Scores the agents of a hub for one task.
struct Scorer<'a> {
    grounds: Grounds<'a>,
    sought: Sought<'a>,
    rule: &'a BidRule,
    artifact: Option<ArtifactType>,
    found: &'a Found,
    evidence: Option<Evidence>,
}

impl Scorer<'_> {
    fn explores(&self) -> bool {
        self.rule.strategy == Strategy::Informed && self.grounds.rules.exploration > 0
    }

    fn candidate(&self, place: u32, agent: AgentId, known: &Agent) -> Candidate {
        let Self { grounds, sought, rule, .. } = self;
        let vocabulary = Vocabulary::from(&known.profile);
        let matched = vocabulary.matched(self.found, rule.strategy);
        let bid = known.works().then(|| self.bid(agent, known, &matched)).flatten();
        let standing = grounds.standing(*sought, self.artifact.as_ref(), agent, known);
        let silent = standing == CandidateStanding::Eligible && bid.is_none();
        let standing = if silent { CandidateStanding::NoBid } else { standing };
        let mut inputs = Vec::with_capacity(6);
        inputs.push(Measure::Match(matched));
        inputs.extend(bid);
        if rule.strategy == Strategy::Informed {
            inputs.extend(self.record(agent, known));
        }
        let weights = score::weights(rule.strategy, grounds.rules);
        let scored = score::scored(inputs, weights, grounds.rules, self.evidence.as_ref());
        Candidate {
            agent,
            agent_version: known.version,
            policy: None,
            priority: place,
            standing,
            scored: Some(scored),
        }
    }

    /// What the agent asks.
    fn bid(&self, agent: AgentId, known: &Agent, matched: &Matched) -> Option<Measure> {
        let Grounds { state, rules, seed, .. } = self.grounds;
        let placed = state.routing.biddings.bids(self.sought);
        if let Some((_, amount)) = placed.iter().find(|(bidder, _)| *bidder == agent) {
            return Some(Measure::Bid { amount: *amount, basis: BidBasis::Placed });
        }
        if !self.rule.standing_bids {
            return None;
        }
        let learned = || state.routing.track.bids_of(agent, self.found);
        Some(bid::by_strategy(BidStrategy {
            rate: known.profile.rate,
            in_field: !matched.keywords.is_empty(),
            jitter: bid::jitter(rules, seed, agent),
            record: rules.adaptive.then(learned),
        }))
    }

    /// What is known of the agent's work.
    fn record(&self, agent: AgentId, known: &Agent) -> [Measure; 4] {
        let Grounds { state, seed, .. } = self.grounds;
        let tally = state.records.of(agent, known.version, self.sought.task_type);
        let (right, decided) = tally.map_or((0, 0), |tally| (tally.right(), tally.judged()));
        let draw = self.explores().then(|| bid::deviate(seed, agent));
        let [load, latency] = state.routing.track.pace(agent);
        [
            Measure::Acceptance { right, decided, draw },
            load,
            latency,
            Measure::Price { per_1000: self.grounds.price(known) },
        ]
    }
}
