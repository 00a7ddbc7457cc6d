//! What it costs not to know who is good: the informed strategy beside the classic one.
//!
//! Ten agents have a hidden skill in each of four fields; 2,000 tasks come, one field each, and
//! whoever is selected does the task and is reviewed. Regret is what the best agent's skill would
//! have brought more, summed up. Honest agents name the fields they are good at as theirs and ask
//! their rate; liars, half of the agents and the worst of them, name every field and ask next to
//! nothing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run has no figure"
)]

use convoke_actors::driver::scheduler::Dice;
use convoke_actors::routing::simulate::{Persona, Scoring, simulate};
use convoke_benches::{Figure, median};
use convoke_events::{AgentId, Keyword, Rate, RoutingRules, Strategy};

const TASKS: u64 = 2_000;
const AGENTS: usize = 10;
const WORLDS: u64 = 21;
const FIELDS: [[&str; 2]; 4] =
    [["compiler", "parser"], ["export", "spreadsheet"], ["login", "password"], ["layout", "font"]];

fn main() {
    for (name, liars) in [("regret_honest", 0), ("regret_liars", AGENTS / 2)] {
        let of = |strategy: Strategy| -> Vec<f64> {
            (0..WORLDS).map(|seed| World::new(seed, liars).regret(strategy, seed)).collect()
        };
        let (ours, floor) = (median(of(Strategy::Informed)), median(of(Strategy::Classic)));
        Figure { name, ours, unit: "tasks", floor }.print();
    }
}

/// Agents whose skill nobody knows.
struct World {
    dice: Dice,
    /// By agent and field, in thousandths.
    skills: Vec<[u32; 4]>,
    /// What each agent is known for and what its record is, by field.
    personas: Vec<Vec<Persona>>,
    rates: Vec<u64>,
}

impl World {
    fn new(seed: u64, liars: usize) -> Self {
        let mut dice = Dice::new(seed);
        let mut skills: Vec<[u32; 4]> = (0..AGENTS)
            .map(|_| [0; 4].map(|_| 200 + u32::try_from(dice.below(751)).unwrap()))
            .collect();
        // The worst lie.
        skills.sort_by_key(|skill| skill.iter().sum::<u32>());
        let rates = (0..AGENTS)
            .map(|agent| {
                let rate = 30 + u64::try_from(dice.below(31)).unwrap();
                if agent < liars { 1 } else { rate }
            })
            .collect();
        let persona = |agent: usize| {
            let claims = |field: &usize| agent < liars || skills[agent][*field] >= 600;
            let words = (0..FIELDS.len()).filter(claims).flat_map(|field| FIELDS[field]);
            Persona {
                agent: AgentId::derive(&[&agent.to_string()]),
                keywords: words.map(|word| word.parse::<Keyword>().unwrap()).collect(),
                capabilities: Vec::new(),
                right: 0,
                decided: 0,
            }
        };
        let personas = vec![(0..AGENTS).map(persona).collect(); FIELDS.len()];
        Self { dice, skills, personas, rates }
    }

    fn regret(mut self, strategy: Strategy, seed: u64) -> f64 {
        let mut scoring = Scoring { strategy, rules: RoutingRules::default(), seed };
        let mut regret = 0;
        for task in 0..TASKS {
            scoring.seed = seed.wrapping_mul(1_000_003).wrapping_add(task);
            let field = self.dice.below(FIELDS.len());
            let description = FIELDS[field][self.dice.below(2)];
            let personas = &mut self.personas[field];
            let asks = |(persona, rate): (&Persona, &u64)| {
                let in_field = persona.keywords.iter().any(|one| one.as_str() == description);
                let amount = if in_field { *rate } else { rate * 18 / 10 };
                (persona.agent, Rate::new(amount))
            };
            let bids: Vec<(AgentId, Rate)> = personas.iter().zip(&self.rates).map(asks).collect();
            let selected = simulate(&scoring, personas, description, &bids).selected.unwrap();
            let winner = personas.iter().position(|one| one.agent == selected).unwrap();
            let skill = self.skills[winner][field];
            let best = self.skills.iter().map(|skill| skill[field]).max().unwrap();
            regret += best - skill;
            let right = self.dice.below(1000) < usize::try_from(skill).unwrap();
            personas[winner].right += u32::from(right);
            personas[winner].decided += 1;
        }
        f64::from(regret) / 1000.0
    }
}
