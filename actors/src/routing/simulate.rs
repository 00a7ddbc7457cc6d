//! Simulation: what routing by bid would decide, of agents and bids that are in no log.

use convoke_events::{
    AgentId, BidBasis, Candidate, CandidateStanding, Capability, Evidence, Keyword, Measure, Rate,
    RoutingRules, Score, Strategy,
};

use super::words::{Lexicon, Vocabulary};
use super::{bid, score};

/// An agent as a simulation knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Persona {
    /// Which agent.
    pub agent: AgentId,
    /// Words that mark its field.
    pub keywords: Vec<Keyword>,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// Reviews that found its work right.
    pub right: u32,
    /// All reviews of its work.
    pub decided: u32,
}

impl Persona {
    fn vocabulary(&self) -> Vocabulary<'_> {
        Vocabulary { keywords: &self.keywords, capabilities: &self.capabilities }
    }
}

/// How a simulation scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Scoring {
    /// How candidates are scored.
    pub strategy: Strategy,
    /// The hub's weights, prior and exploration.
    pub rules: RoutingRules,
    /// What chance is drawn from, where the strategy draws.
    pub seed: u64,
}

/// What a simulation decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Simulated {
    /// Who would be asked; nobody where nobody bid.
    pub selected: Option<AgentId>,
    /// Everyone's match of words, in the order of the personas.
    pub matches: Vec<(AgentId, Score)>,
    /// The sums of those that bid, in bidding order.
    pub combined: Vec<(AgentId, Score)>,
}

/// What would be decided on a task of this description, with these bids in bidding order. Who is not
/// among the personas cannot win.
pub fn simulate(
    scoring: &Scoring,
    personas: &[Persona],
    description: &str,
    bids: &[(AgentId, Rate)],
) -> Simulated {
    let Scoring { strategy, rules, seed } = scoring;
    let lexicon: Lexicon = personas.iter().map(Persona::vocabulary).collect();
    let found = lexicon.found_in(description);
    let evidence = Evidence {
        right: personas.iter().map(|one| one.right).fold(0, u32::saturating_add),
        decided: personas.iter().map(|one| one.decided).fold(0, u32::saturating_add),
        rests_on: None,
    };
    let weights = score::weights(*strategy, rules);
    let explores = *strategy == Strategy::Informed && rules.exploration > 0;
    let candidate = |persona: &Persona, amount: Option<Rate>| {
        let matched = persona.vocabulary().matched(&found, *strategy);
        let mut inputs = vec![Measure::Match(matched)];
        inputs.extend(amount.map(|amount| Measure::Bid { amount, basis: BidBasis::Placed }));
        if *strategy == Strategy::Informed {
            let draw = explores.then(|| bid::deviate(*seed, persona.agent));
            let (right, decided) = (persona.right, persona.decided);
            inputs.push(Measure::Acceptance { right, decided, draw });
        }
        Candidate {
            agent: persona.agent,
            agent_version: 1,
            policy: None,
            priority: 1,
            standing: CandidateStanding::Eligible,
            scored: Some(score::scored(inputs, weights, rules, Some(&evidence))),
        }
    };
    let matches = personas.iter().map(|persona| {
        let scored = candidate(persona, None).scored;
        let first = scored.and_then(|scored| scored.components.first().map(|one| one.score));
        (persona.agent, first.unwrap_or(Score::ZERO))
    });
    let matches = matches.collect();
    let bidders: Vec<Candidate> = bids
        .iter()
        .filter_map(|(agent, amount)| {
            let persona = personas.iter().find(|persona| persona.agent == *agent)?;
            Some(candidate(persona, Some(*amount)))
        })
        .collect();
    let combined = bidders
        .iter()
        .filter_map(|one| Some((one.agent, one.scored.as_ref()?.combined?)))
        .collect();
    let selected = score::ranked(&bidders, Some(1)).first().copied();
    Simulated { selected, matches, combined }
}
