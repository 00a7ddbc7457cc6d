//! Briefs: what whoever puts contributions together is shown of them, and is held to.

use std::collections::BTreeSet;

use convoke_events::{Key, Participant, Slug, Verdict};

use super::Collective;
use crate::registry::Registry;

/// One contribution, by who made it and what it recommends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contribution {
    pub(crate) by: Slug,
    pub(crate) key: Key,
}

/// What an answer that puts contributions together may recommend and cite, and has to account for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Brief {
    /// What it may recommend: the verdict's key, or what was named and is allowed where there is
    /// none.
    pub(crate) keys: Vec<Key>,
    /// Every contribution, in the order of the participants.
    pub(crate) contributions: Vec<Contribution>,
}

impl Brief {
    /// What follows from a verdict on these contributions, which could choose from the allowed
    /// recommendations, or from any where none are.
    pub(crate) fn new(
        verdict: &Verdict,
        contributions: Vec<Contribution>,
        allowed: &[Key],
    ) -> Self {
        let named = || {
            let keys = contributions.iter().map(|contribution| &contribution.key);
            let keys = keys.filter(|key| allowed.is_empty() || allowed.contains(key));
            keys.cloned().collect::<BTreeSet<_>>().into_iter().collect()
        };
        let keys = verdict.key().map_or_else(named, |key| vec![key.clone()]);
        Self { keys, contributions }
    }

    /// What is asked of the answer to a collective that has its verdict.
    pub(super) fn of(collective: &Collective, registry: &Registry) -> Option<Self> {
        let contributions = collective.in_order().map(|(participant, contribution)| {
            let key = collective.meaning(&contribution.key).clone();
            Some(Contribution { by: slug(registry, participant)?, key })
        });
        let contributions = contributions.collect::<Option<_>>()?;
        Some(Self::new(collective.verdict.as_ref()?, contributions, collective.allowed()))
    }

    /// The recommendations that were named and are not this one.
    pub(crate) fn losing<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = &'a Key> {
        let keys = self.contributions.iter().map(|contribution| &contribution.key);
        keys.filter(move |named| *named != key)
    }
}

fn slug(registry: &Registry, participant: &Participant) -> Option<Slug> {
    registry.get(participant.agent).map(|agent| agent.profile.slug.clone())
}

/// Bytes that a contribution of this author takes in a request beside its content: the lines that
/// set it apart and its id.
pub(crate) fn document_overhead(by: &Slug) -> u64 {
    const LINES: u64 = 64;
    let by = u64::try_from(by.as_str().len()).unwrap_or(u64::MAX);
    by.saturating_mul(2).saturating_add(LINES)
}
