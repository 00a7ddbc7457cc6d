//! A governance policy, as it is set.

use std::collections::BTreeSet;

use convoke_events::{ArtifactType, Slug, Verb};
use serde::Serialize;

/// What an agent may do with an artifact type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyRule {
    /// Which agent.
    pub agent: Slug,
    /// Which artifacts.
    pub artifact: ArtifactType,
    /// What it may do, as far as its trust level goes.
    pub verbs: BTreeSet<Verb>,
    /// How many people have to agree to what it proposes: 1 or 2.
    pub reviewers: u32,
    /// Whether the policy holds.
    pub active: bool,
}

impl PolicyRule {
    /// A policy that holds, under which one person decides.
    pub const fn new(agent: Slug, artifact: ArtifactType, verbs: BTreeSet<Verb>) -> Self {
        Self { agent, artifact, verbs, reviewers: 1, active: true }
    }
}
