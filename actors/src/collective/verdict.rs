//! Verdicts: pure, named and versioned functions of what was contributed.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{ConsensusStatus, Key, ModelFamily, TaskRules};

/// The name of [`classic`].
pub(super) const CLASSIC: &str = "classic";

/// The version of [`classic`]; a change to it is a new one, and the old stays.
pub(super) const CLASSIC_VERSION: u32 = 1;

/// What became of a collective, with the figures it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) status: ConsensusStatus,
    pub(super) key: Option<Key>,
    pub(super) leading: usize,
    pub(super) contributions: usize,
    pub(super) keys: usize,
    pub(super) families: usize,
    pub(super) missing: usize,
    needed: u32,
}

impl Verdict {
    pub(super) fn in_words(&self) -> String {
        let Self { leading, contributions, keys, missing, needed, .. } = self;
        match (self.status, &self.key) {
            (ConsensusStatus::Consensus, Some(key)) => {
                format!("all {contributions} contributions name `{key}`")
            }
            (ConsensusStatus::Divergent, _) => format!(
                "{contributions} contributions name {keys} recommendations, at most {leading} the same"
            ),
            _ => format!("{contributions} contributions of the {needed} needed, {missing} missing"),
        }
    }
}

/// All contributions name the same recommendation: consensus; else they diverge. Too few, or one
/// missing where that fails all: insufficient.
pub(super) fn classic(
    contributions: &[(&Key, &ModelFamily)],
    participants: usize,
    rules: &TaskRules,
) -> Verdict {
    let mut named: BTreeMap<&Key, usize> = BTreeMap::new();
    for (key, _) in contributions {
        let count = named.entry(*key).or_default();
        *count = count.saturating_add(1);
    }
    let families: BTreeSet<_> = contributions.iter().map(|(_, family)| *family).collect();
    let missing = participants.saturating_sub(contributions.len());
    let enough =
        usize::try_from(rules.min_contributions).is_ok_and(|least| contributions.len() >= least);
    let only = match named.len() {
        1 => named.keys().next().map(|key| (*key).clone()),
        _ => None,
    };
    let (status, key) = match only {
        _ if !enough || (rules.one_failure_fails_all && missing > 0) => {
            (ConsensusStatus::Insufficient, None)
        }
        Some(key) => (ConsensusStatus::Consensus, Some(key)),
        None => (ConsensusStatus::Divergent, None),
    };
    Verdict {
        status,
        key,
        leading: named.values().copied().max().unwrap_or(0),
        contributions: contributions.len(),
        keys: named.len(),
        families: families.len(),
        missing,
        needed: rules.min_contributions,
    }
}

#[cfg(test)]
mod tests {
    use convoke_events::Tokens;

    use super::*;

    fn check(
        keys: &[&str],
        participants: usize,
        one_failure_fails_all: bool,
    ) -> (ConsensusStatus, String) {
        let rules = TaskRules {
            deadline_ms: 1,
            max_output: Tokens::new(1),
            min_contributions: 2,
            one_failure_fails_all,
        };
        let family = ModelFamily::new("f").unwrap();
        let keys: Vec<Key> = keys.iter().map(|key| Key::new(key).unwrap()).collect();
        let named: Vec<_> = keys.iter().map(|key| (key, &family)).collect();
        let verdict = classic(&named, participants, &rules);
        assert_eq!(verdict.key.is_some(), verdict.status == ConsensusStatus::Consensus);
        (verdict.status, verdict.in_words())
    }

    #[test]
    fn contributions_that_name_one_thing_are_a_consensus() {
        let (status, words) = check(&["fix", "fix"], 3, false);
        assert_eq!(status, ConsensusStatus::Consensus);
        assert_eq!(words, "all 2 contributions name `fix`");
    }

    #[test]
    fn a_single_dissent_makes_a_collective_divergent() {
        assert_eq!(check(&["fix", "fix", "wait"], 3, false).0, ConsensusStatus::Divergent);
    }

    #[test]
    fn too_few_contributions_are_insufficient_even_if_they_agree() {
        assert_eq!(check(&["fix"], 3, false).0, ConsensusStatus::Insufficient);
    }

    #[test]
    fn one_missing_participant_is_insufficient_where_one_failure_fails_all() {
        assert_eq!(check(&["fix", "fix"], 3, true).0, ConsensusStatus::Insufficient);
        assert_eq!(check(&["fix", "fix"], 2, true).0, ConsensusStatus::Consensus);
    }

    #[test]
    fn no_contribution_is_insufficient() {
        assert_eq!(check(&[], 3, false).0, ConsensusStatus::Insufficient);
    }
}
