//! Governance: what agents may do with artifacts, asked at one point before every call, every action
//! and every application.
//!
//! **Invariant.** [`enforce`] is the only way to a [`Grant`], and it never says no without the event
//! that records it.

mod setting;

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AgentId, ArtifactType, AttemptBlocked, BlockReason, GovernanceDefault, GovernanceEvent,
    PolicyRef, Purpose, TextName, Texts, TrustLevel, Verb,
};

pub(crate) use self::setting::{set_default, set_policy};
use crate::decision::{Draft, Story};
use crate::registry::Registry;
use crate::state::State;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Policy {
    at: PolicyRef,
    verbs: BTreeSet<Verb>,
    reviewers: u32,
    active: bool,
}

/// The governance policies of a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Governance {
    default: GovernanceDefault,
    policies: BTreeMap<(AgentId, ArtifactType), Policy>,
}

/// Governance's yes: only [`enforce`] gives one, and nothing can be sent or applied without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    agent: AgentId,
    verb: Verb,
    artifact: ArtifactType,
    by: Option<PolicyRef>,
}

impl Grant {
    pub(crate) const fn agent(&self) -> AgentId {
        self.agent
    }

    pub(crate) const fn verb(&self) -> Verb {
        self.verb
    }

    pub(crate) const fn artifact(&self) -> &ArtifactType {
        &self.artifact
    }

    /// The policy that grants it; none where the hub permits by default.
    pub(crate) const fn by(&self) -> Option<PolicyRef> {
        self.by
    }
}

impl Default for Governance {
    fn default() -> Self {
        Self { default: GovernanceDefault::Deny, policies: BTreeMap::new() }
    }
}

impl Governance {
    pub(crate) fn evolve(&mut self, event: &GovernanceEvent) {
        match event {
            GovernanceEvent::GovernanceDefaultSet(set) => self.default = set.default,
            GovernanceEvent::GovernancePolicySet(set) => {
                let policy = Policy {
                    at: set.policy,
                    verbs: set.verbs.clone(),
                    reviewers: set.reviewers,
                    active: set.active,
                };
                self.policies.insert((set.agent, set.artifact.clone()), policy);
            }
            GovernanceEvent::AttemptBlocked(_) => {}
        }
    }

    /// How many people have to agree to what this agent proposes.
    pub(crate) fn reviewers(&self, agent: AgentId, artifact: &ArtifactType) -> u32 {
        let policy = self.policies.get(&(agent, artifact.clone()));
        policy.filter(|policy| policy.active).map_or(1, |policy| policy.reviewers)
    }

    /// Whether somebody meant this agent's results to be applied without waiting.
    pub(crate) fn means_to_apply(&self, agent: AgentId, artifact: &ArtifactType) -> bool {
        let policy = self.policies.get(&(agent, artifact.clone()));
        policy.is_some_and(|policy| policy.verbs.contains(&Verb::AutoApply))
    }

    /// What would be said if the agent tried this now. It grants nothing: routing and what-if look
    /// ahead by it.
    pub(crate) fn foreseen(
        &self,
        registry: &Registry,
        agent: AgentId,
        verb: Verb,
        artifact: &ArtifactType,
    ) -> Result<(), BlockReason> {
        self.evaluate(registry, agent, verb, artifact).map(|_| ())
    }

    /// Whether the agent may do this: by which policy, or why not. Whatever is unclear is denied.
    fn evaluate(
        &self,
        registry: &Registry,
        agent: AgentId,
        verb: Verb,
        artifact: &ArtifactType,
    ) -> Result<Grant, BlockReason> {
        let known = registry.get(agent);
        if known.is_some_and(|known| known.revoked) {
            return Err(BlockReason::Revoked);
        }
        let trust = known.map(|known| known.profile.trust);
        let policy = self.policies.get(&(agent, artifact.clone()));
        // Nothing is applied without a person unless somebody said so of this very agent.
        let by_default = self.default == GovernanceDefault::Permit && verb != Verb::AutoApply;
        let granted_by = match policy {
            None if by_default => None,
            None => return Err(BlockReason::NoPolicy),
            Some(policy) if !policy.active && by_default => None,
            Some(policy) if !policy.active => return Err(BlockReason::PolicyInactive(policy.at)),
            Some(policy) if policy.verbs.contains(&verb) => Some(policy.at),
            Some(policy) => return Err(BlockReason::VerbNotAllowed(policy.at)),
        };
        match trust {
            Some(trust) if trust >= least_trust(verb) => {
                Ok(Grant { agent, verb, artifact: artifact.clone(), by: granted_by })
            }
            Some(trust) => Err(BlockReason::BeyondTrust { policy: granted_by, trust }),
            None => Err(BlockReason::NoPolicy),
        }
    }
}

/// What an agent is about to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) story: Story,
    pub(crate) purpose: Purpose,
    pub(crate) verb: Verb,
    pub(crate) artifact: &'a ArtifactType,
}

/// Governance's no.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a denied attempt is recorded"]
pub(crate) struct Denial {
    pub(crate) because: BlockReason,
    /// The `AttemptBlocked` that records it.
    pub(crate) record: Box<Draft>,
}

/// The one point where every call, every action and every application is checked, on the policies of
/// this moment.
pub(crate) fn enforce(
    state: &State,
    attempt: Attempt<'_>,
    agent: AgentId,
) -> Result<Grant, Denial> {
    let Attempt { verb, artifact, .. } = attempt;
    state.governance.evaluate(&state.registry, agent, verb, artifact).map_err(|because| {
        let record = Box::new(blocked(state, attempt, agent, because.clone()));
        Denial { because, record }
    })
}

/// Records that an attempt was denied.
fn blocked(state: &State, attempt: Attempt<'_>, agent: AgentId, because: BlockReason) -> Draft {
    let Attempt { story, purpose, verb, artifact } = attempt;
    let (slug, why) = (state.registry.slug(agent), in_words(&because));
    let reason = format!("{slug} may not {verb} `{artifact}`: {why}");
    let facts = AttemptBlocked {
        agent,
        agent_version: state.registry.get(agent).map_or(0, |known| known.version),
        task: story.task,
        purpose,
        verb,
        artifact: artifact.clone(),
        because,
    };
    story.on_task(facts, Texts::none().with(TextName::REASON, reason))
}

/// The least trust level that a verb can be granted to.
const fn least_trust(verb: Verb) -> TrustLevel {
    match verb {
        Verb::Read | Verb::Propose => TrustLevel::Advisory,
        Verb::Delegate => TrustLevel::Elevated,
        Verb::AutoApply => TrustLevel::Autonomous,
    }
}

/// Why an attempt was denied, in words.
pub(crate) fn in_words(because: &BlockReason) -> String {
    match because {
        BlockReason::NoPolicy => {
            "no policy speaks of this agent and artifact, and the hub denies by default".to_owned()
        }
        BlockReason::PolicyInactive(at) => {
            format!(
                "policy {} v{} is switched off, and the hub denies by default",
                at.id, at.version
            )
        }
        BlockReason::VerbNotAllowed(at) => {
            format!("policy {} v{} does not allow it", at.id, at.version)
        }
        BlockReason::Revoked => "it was revoked, and only a person reinstates it".to_owned(),
        BlockReason::BeyondTrust { trust, .. } => {
            format!("it is more than the trust level `{trust}` can be granted")
        }
    }
}
