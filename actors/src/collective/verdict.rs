//! Verdicts: pure, named and versioned functions of what was contributed.
//!
//! **Invariants.**
//! 1. A verdict is a function of its rule and its [`VerdictBasis`] alone: reached again from the
//!    recorded basis it is equal bit for bit, figures included.
//! 2. What is recommended can only be read out of a consensus.
//! 3. A change to a rule is a new version of it, and the old one stays.

mod classic;
mod explaining;
mod weighted;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::evidence::normalised_entropy_among;
use convoke_events::{Insufficiency, Key, Verdict, VerdictBasis, VerdictFigures, VerdictRule};

pub use self::explaining::{ExplainError, Explanation, explain};

/// Weights that differ by less than this part of the whole are equal: sums of the same weights may
/// differ in their last digits.
const EQUAL: f64 = 1e-12;

/// A verdict with the figures beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// By which rule.
    pub rule: VerdictRule,
    /// In which version.
    pub version: u32,
    /// What it is.
    pub verdict: Verdict,
    /// The figures beside it.
    pub figures: VerdictFigures,
}

/// The newest version of a rule.
pub const fn version_of(rule: VerdictRule) -> u32 {
    match rule {
        VerdictRule::Classic => classic::VERSION,
        VerdictRule::Weighted => weighted::VERSION,
    }
}

/// Reaches the verdict by the newest version of a rule. The same basis always gives the same
/// verdict, and the same bits of every figure.
pub fn reach(rule: VerdictRule, basis: &VerdictBasis) -> Reached {
    let weights = match rule {
        VerdictRule::Classic => classic::weights(basis),
        VerdictRule::Weighted => weighted::weights(basis),
    };
    let tally = Tally::of(basis, &weights);
    let verdict = match insufficiency(basis) {
        Some(because) => Verdict::Insufficient { because },
        None if tally.total <= 0.0 => Verdict::Insufficient { because: Insufficiency::NoWeight },
        None => {
            let agreed = match rule {
                VerdictRule::Classic => classic::agrees(&tally),
                VerdictRule::Weighted => weighted::agrees(&tally),
            };
            match tally.leading.as_slice() {
                [key] if agreed => Verdict::Consensus { key: (*key).clone() },
                leading => {
                    Verdict::Divergent { leading: leading.iter().copied().cloned().collect() }
                }
            }
        }
    };
    let figures = tally.figures(basis, weights);
    Reached { rule, version: version_of(rule), verdict, figures }
}

/// Why there cannot be a verdict, whatever was contributed.
fn insufficiency(basis: &VerdictBasis) -> Option<Insufficiency> {
    let contributions = count(basis.voices.len());
    if contributions == 0 || contributions < basis.min_contributions {
        return Some(Insufficiency::TooFew);
    }
    let one_missing = basis.one_failure_fails_all && contributions < basis.participants;
    one_missing.then_some(Insufficiency::OneMissing)
}

/// What the recommendations hold of the weight.
struct Tally<'a> {
    total: f64,
    held: BTreeMap<&'a Key, f64>,
    /// Those that hold most, several where they are tied.
    leading: Vec<&'a Key>,
    families: BTreeSet<&'a str>,
    leading_families: BTreeSet<&'a str>,
}

impl<'a> Tally<'a> {
    fn of(basis: &'a VerdictBasis, weights: &[f64]) -> Self {
        let mut held: BTreeMap<&Key, f64> = BTreeMap::new();
        let mut total = 0.0;
        for (voice, weight) in basis.voices.iter().zip(weights) {
            *held.entry(&voice.key).or_default() += weight;
            total += weight;
        }
        let most = held.values().copied().fold(0.0, f64::max);
        let leading: Vec<&Key> = held
            .iter()
            .filter(|(_, weight)| most - **weight <= EQUAL * total)
            .map(|(key, _)| *key)
            .collect();
        let families = basis.voices.iter().map(|voice| voice.family.as_str()).collect();
        let leading_families = basis
            .voices
            .iter()
            .filter(|voice| leading.first() == Some(&&voice.key))
            .map(|voice| voice.family.as_str())
            .collect();
        Self { total, held, leading, families, leading_families }
    }

    /// The part of the weight that the leading recommendation holds.
    fn share(&self) -> f64 {
        let most = self.held.values().copied().fold(0.0, f64::max);
        if self.total > 0.0 { most / self.total } else { 0.0 }
    }

    fn margin(&self) -> f64 {
        if self.total <= 0.0 || self.leading.len() > 1 {
            return 0.0;
        }
        let rest = self.held.iter().filter(|(key, _)| self.leading.first() != Some(key));
        let next = rest.map(|(_, weight)| *weight).fold(0.0, f64::max);
        self.share() - next / self.total
    }

    /// How spread the weight is among so many keys to choose from.
    fn entropy(&self, keys: u32) -> f64 {
        let held: Vec<f64> = self.held.values().copied().collect();
        normalised_entropy_among(&held, keys)
    }

    fn figures(&self, basis: &VerdictBasis, weights: Vec<f64>) -> VerdictFigures {
        let names_it = |key: &&Key| self.leading.first() == Some(key);
        let leading = basis.voices.iter().filter(|voice| names_it(&&voice.key)).count();
        let contributions = count(basis.voices.len());
        VerdictFigures {
            share: self.share(),
            margin: self.margin(),
            entropy: self.entropy(keys_to_choose_from(basis)),
            weights,
            leading: count(leading),
            leading_families: count(self.leading_families.len()),
            contributions,
            keys: count(self.held.len()),
            families: count(self.families.len()),
            missing: basis.participants.saturating_sub(contributions),
        }
    }
}

/// How many recommendations there were to choose from: the allowed ones, else those named; at least
/// two.
fn keys_to_choose_from(basis: &VerdictBasis) -> u32 {
    let named: BTreeSet<&Key> = basis.voices.iter().map(|voice| &voice.key).collect();
    let named = count(named.len());
    if basis.allowed == 0 { named.max(2) } else { basis.allowed.max(named).max(2) }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A verdict in words.
pub(crate) fn in_words(reached: &Reached, basis: &VerdictBasis) -> String {
    let VerdictFigures { contributions, keys, leading, missing, leading_families, share, .. } =
        &reached.figures;
    let percent = share * 100.0;
    match &reached.verdict {
        Verdict::Consensus { key } if *keys == 1 => {
            format!("all {contributions} contributions name `{key}`")
        }
        Verdict::Consensus { key } => format!(
            "{leading} of {contributions} contributions name `{key}`, with {percent:.1} % of the \
             weight and {leading_families} model families"
        ),
        Verdict::Divergent { leading: tied } if tied.len() > 1 => format!(
            "{contributions} contributions name {keys} recommendations, and {} of them are tied",
            tied.len()
        ),
        Verdict::Divergent { .. } if *leading_families < 2 => format!(
            "{leading} of {contributions} contributions name the leading recommendation, all of \
             one model family"
        ),
        Verdict::Divergent { .. } => format!(
            "{contributions} contributions name {keys} recommendations, at most {leading} the \
             same, with {percent:.1} % of the weight"
        ),
        Verdict::Insufficient { because } => match because {
            Insufficiency::TooFew => format!(
                "{contributions} contributions of the {} needed, {missing} missing",
                basis.min_contributions
            ),
            Insufficiency::OneMissing => {
                format!("{missing} of {} are missing, and one fails all", basis.participants)
            }
            Insufficiency::NoWeight => {
                "what is known of those who contributed gives none of them any weight".to_owned()
            }
        },
    }
}

#[cfg(test)]
mod tests;
