//! Governance: what agents may do with artifacts, asked at one point before every call.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AgentId, ArtifactType, BlockReason, CorrelationId, GovernanceDefault, GovernanceDefaultSet,
    GovernanceEvent, GovernancePolicySet, HubId, PolicyId, PolicyRef, Slug, StreamId, Texts,
    TrustLevel, Verb,
};

use crate::decision::Draft;
use crate::refusal::Refusal;
use crate::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Policy {
    at: PolicyRef,
    verbs: BTreeSet<Verb>,
    active: bool,
}

/// The governance policies of a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Governance {
    default: GovernanceDefault,
    policies: BTreeMap<(AgentId, ArtifactType), Policy>,
}

/// Governance's yes: only [`Governance::permit`] gives one, and no call can be sent without.
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
                let policy =
                    Policy { at: set.policy, verbs: set.verbs.clone(), active: set.active };
                self.policies.insert((set.agent, set.artifact.clone()), policy);
            }
            GovernanceEvent::AttemptBlocked(_) => {}
        }
    }

    /// Whether the agent may do this: by which policy, or why not. Whatever is unclear is denied.
    pub(crate) fn permit(
        &self,
        registry: &Registry,
        agent: AgentId,
        verb: Verb,
        artifact: &ArtifactType,
    ) -> Result<Grant, BlockReason> {
        if registry.get(agent).is_some_and(|known| known.revoked) {
            return Err(BlockReason::Revoked);
        }
        let trust = registry.get(agent).map(|known| known.profile.trust);
        let policy = self.policies.get(&(agent, artifact.clone()));
        let by_default = self.default == GovernanceDefault::Permit;
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

pub(crate) fn set_default(governance: &Governance, default: GovernanceDefault) -> Vec<Draft> {
    if governance.default == default {
        return Vec::new();
    }
    let stream = StreamId::hub();
    let correlation = CorrelationId::derive(&["governance default"]);
    let event = GovernanceDefaultSet { default }.into();
    vec![Draft { stream, correlation, cause: None, event, texts: Texts::none() }]
}

pub(crate) fn set_policy(
    hub: &HubId,
    (governance, registry): (&Governance, &Registry),
    slug: &Slug,
    artifact: &ArtifactType,
    verbs: &BTreeSet<Verb>,
    active: bool,
) -> Result<Vec<Draft>, Refusal> {
    let agent = registry.by_slug(hub, slug)?;
    let known = governance.policies.get(&(agent, artifact.clone()));
    if known.is_some_and(|known| known.verbs == *verbs && known.active == active) {
        return Ok(Vec::new());
    }
    let id = PolicyId::derive(&["governance", &agent.to_string(), artifact.as_str()]);
    let version = known.map_or(1, |known| known.at.version.saturating_add(1));
    let event = GovernancePolicySet {
        policy: PolicyRef { id, version },
        agent,
        artifact: artifact.clone(),
        verbs: verbs.clone(),
        active,
    };
    Ok(vec![Draft {
        stream: StreamId::policy(id),
        correlation: CorrelationId::of_agent(agent),
        cause: None,
        event: event.into(),
        texts: Texts::none(),
    }])
}
