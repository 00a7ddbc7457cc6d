//! Setting: policies come and change.

use convoke_events::{
    CorrelationId, GovernanceDefault, GovernanceDefaultSet, GovernancePolicySet, HubId, PolicyId,
    PolicyRef, StreamId, Texts, Verb,
};

use super::{Governance, Policy};
use crate::command::PolicyRule;
use crate::decision::Draft;
use crate::refusal::Refusal;
use crate::registry::Registry;

/// Chooses what holds where no policy speaks.
pub(crate) fn set_default(governance: &Governance, default: GovernanceDefault) -> Vec<Draft> {
    if governance.default == default {
        return Vec::new();
    }
    let stream = StreamId::hub();
    let correlation = CorrelationId::derive(&["governance default"]);
    let event = GovernanceDefaultSet { default }.into();
    vec![Draft { stream, correlation, cause: None, event, texts: Texts::none() }]
}

/// Sets what an agent may do with an artifact type, or does nothing where that holds.
pub(crate) fn set_policy(
    hub: &HubId,
    (governance, registry): (&Governance, &Registry),
    rule: &PolicyRule,
) -> Result<Vec<Draft>, Refusal> {
    let PolicyRule { agent: slug, artifact, verbs, reviewers, active } = rule;
    let (reviewers, active) = (*reviewers, *active);
    if !(1..=2).contains(&reviewers) {
        return Err(Refusal::ReviewersOutOfBounds { reviewers });
    }
    if reviewers > 1 && verbs.contains(&Verb::AutoApply) {
        return Err(Refusal::ReviewersOfNothing);
    }
    let agent = registry.by_slug(hub, slug)?;
    let known = governance.policies.get(&(agent, artifact.clone()));
    let same = |known: &Policy| {
        known.verbs == *verbs && known.reviewers == reviewers && known.active == active
    };
    if known.is_some_and(same) {
        return Ok(Vec::new());
    }
    let id = PolicyId::derive(&["governance", &agent.to_string(), artifact.as_str()]);
    let version = known.map_or(1, |known| known.at.version.saturating_add(1));
    let event = GovernancePolicySet {
        policy: PolicyRef { id, version },
        agent,
        artifact: artifact.clone(),
        verbs: verbs.clone(),
        reviewers,
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
