//! How far a verdict can be trusted: the rule `weighted` beside plain majority.
//!
//! Random populations of 5 to 9 agents in 3 to 5 model families, each agent right on .55 to .85 of
//! all questions, are asked questions with 2 to 4 recommendations to choose from. RHO is how far
//! errors correlate within a family: a member answers by its family's draw with probability √RHO,
//! else by its own, so that two who are equally able err together at RHO. Each question is judged as
//! by a review, and what is known of an agent is its record at that moment, from nothing on.
//!
//! `false_consensus_RHO` is the share of consensuses that are wrong, `accuracy_RHO` how often the
//! leading recommendation is right, be it a consensus or not; of several that are tied, by lot.
//! Majority stands in the floor's place, and calls a consensus what at least so large a share of
//! heads agrees on that it does so as often as `weighted` does: to the question, by lot among those
//! of the same share.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench that cannot run has no figure"
)]

use std::collections::BTreeMap;

use convoke_actors::verdict::reach;
use convoke_benches::{Draws, Figure, float};
use convoke_events::evidence::Records;
use convoke_events::{
    Acceptance, AgentId, Credit, Key, ModelFamily, TaskType, Verdict, VerdictBasis, VerdictRule,
    Voice,
};

const POPULATIONS: u64 = 300;
const QUESTIONS: u32 = 400;

fn main() {
    for percent in [0, 10, 30, 50, 70] {
        let mut tally = Tally::default();
        for seed in 0..POPULATIONS {
            Population::new(seed, f64::from(percent) / 100.0).live(&mut tally);
        }
        let print = |name: &str, ours, floor| {
            let name = &format!("{name}_{percent}");
            Figure { name, ours, unit: "share", floor }.print();
        };
        let (ours, floor) = tally.false_consensus();
        print("false_consensus", ours, floor);
        let (ours, floor) = tally.accuracy();
        print("accuracy", ours, floor);
    }
}

/// Agents of hidden skill, and what is known of them.
struct Population {
    draws: Draws,
    rho: f64,
    families: u32,
    members: Vec<Member>,
    /// How many recommendations there are to choose from.
    keys: u32,
    task_type: TaskType,
    records: Records,
}

struct Member {
    agent: AgentId,
    family: u32,
    skill: f64,
}

/// What somebody would answer to a question.
#[derive(Clone, Copy)]
struct Drawn {
    /// Whoever has this much skill, or more, is right.
    hardness: f64,
    /// What those answer who are wrong.
    mistake: u32,
}

impl Drawn {
    /// Of the recommendations, 0 is the right one.
    fn of(draws: &mut Draws, keys: u32) -> Self {
        Self { hardness: draws.share(), mistake: draws.between(1, keys - 1) }
    }

    fn answer(self, skill: f64) -> u32 {
        if self.hardness < skill { 0 } else { self.mistake }
    }
}

impl Population {
    fn new(seed: u64, rho: f64) -> Self {
        let mut draws = Draws::of(seed + 1);
        let (agents, families) = (draws.between(5, 9), draws.between(3, 5));
        let members = (0..agents).map(|number| Member {
            agent: AgentId::derive(&[&number.to_string()]),
            // No family is without a member.
            family: if number < families { number } else { draws.between(0, families - 1) },
            skill: 0.55 + 0.30 * draws.share(),
        });
        let members = members.collect();
        let keys = draws.between(2, 4);
        let (task_type, records) = ("implementation".parse().unwrap(), Records::default());
        Self { draws, rho, families, members, keys, task_type, records }
    }

    fn live(mut self, tally: &mut Tally) {
        for _ in 0..QUESTIONS {
            let answers = self.ask();
            let reached = reach(VerdictRule::Weighted, &self.basis(&answers));
            tally.count(&reached.verdict, &answers);
            self.review(&answers);
        }
    }

    /// What everybody answers to a question.
    fn ask(&mut self) -> Vec<u32> {
        let Self { draws, keys, .. } = self;
        let shared: Vec<Drawn> = (0..self.families).map(|_| Drawn::of(draws, *keys)).collect();
        let answers = self.members.iter().map(|member| {
            let (own, by_own) = (Drawn::of(draws, *keys), draws.share() >= self.rho.sqrt());
            let family = shared[usize::try_from(member.family).unwrap()];
            let drawn = if by_own { own } else { family };
            drawn.answer(member.skill)
        });
        answers.collect()
    }

    /// What a verdict on these answers rests on.
    fn basis(&self, answers: &[u32]) -> VerdictBasis {
        let voices = self.members.iter().zip(answers).map(|(member, answer)| {
            let record = self.records.of(member.agent, 1, &self.task_type);
            Voice {
                agent: member.agent,
                agent_version: 1,
                family: format!("family-{}", member.family).parse::<ModelFamily>().unwrap(),
                key: key(*answer),
                acceptance: record.map(Acceptance::from).unwrap_or_default(),
            }
        });
        let hub = self.records.of_hub(&self.task_type);
        VerdictBasis {
            voices: voices.collect(),
            participants: u32::try_from(answers.len()).unwrap(),
            min_contributions: 1,
            one_failure_fails_all: false,
            allowed: self.keys,
            hub: hub.map(Acceptance::from).unwrap_or_default(),
        }
    }

    /// Credits everybody by whether it was right.
    fn review(&mut self, answers: &[u32]) {
        for (member, answer) in self.members.iter().zip(answers) {
            self.records.credit(&Credit {
                agent: member.agent,
                agent_version: 1,
                task_type: self.task_type.clone(),
                right: *answer == 0,
                confidence: None,
            });
        }
    }
}

fn key(answer: u32) -> Key {
    format!("key-{answer}").parse().unwrap()
}

/// What both rules made of the same questions.
#[derive(Default)]
struct Tally {
    questions: f64,
    /// What `weighted` calls a consensus, and what of it is wrong.
    agreed: f64,
    wrong: f64,
    /// How often what leads is right.
    leads_right: f64,
    /// By the share of heads that the leading recommendation has, in parts of 2,520, which 1 to 9
    /// all divide: how many questions, and on how many of them it is right.
    heads: BTreeMap<u32, (f64, f64)>,
}

impl Tally {
    fn count(&mut self, verdict: &Verdict, answers: &[u32]) {
        self.questions += 1.0;
        let right = key(0);
        self.leads_right += match verdict {
            Verdict::Consensus { key } => {
                self.agreed += 1.0;
                self.wrong += one_if(*key != right);
                one_if(*key == right)
            }
            Verdict::Divergent { leading } => {
                one_if(leading.contains(&right)) / float(u64::try_from(leading.len()).unwrap())
            }
            // Nobody is known to be any good: all alike may be right.
            Verdict::Insufficient { .. } => 0.0,
        };
        let mut heads: BTreeMap<u32, u32> = BTreeMap::new();
        for answer in answers {
            *heads.entry(*answer).or_default() += 1;
        }
        let most = *heads.values().max().unwrap();
        let tied = heads.values().filter(|count| **count == most).count();
        let leads = one_if(heads.get(&0) == Some(&most)) / float(u64::try_from(tied).unwrap());
        let share = most * 2_520 / u32::try_from(answers.len()).unwrap();
        let (questions, right) = self.heads.entry(share).or_default();
        *questions += 1.0;
        *right += leads;
    }

    /// Of what each rule calls a consensus, the share that is wrong.
    fn false_consensus(&self) -> (f64, f64) {
        let mut left = self.agreed;
        let mut wrong = 0.0;
        for (questions, right) in self.heads.values().rev() {
            let taken = left.min(*questions);
            wrong += taken * (1.0 - right / questions);
            left -= taken;
        }
        (self.wrong / self.agreed, wrong / self.agreed)
    }

    /// How often what leads is right, by each rule.
    fn accuracy(&self) -> (f64, f64) {
        let heads: f64 = self.heads.values().map(|(_, right)| right).sum();
        (self.leads_right / self.questions, heads / self.questions)
    }
}

fn one_if(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}
