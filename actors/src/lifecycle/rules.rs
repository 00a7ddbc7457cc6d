//! Rules: what the tiers allow and what ends a lease, as the hub chose it.

use std::collections::BTreeSet;

use convoke_events::{
    CorrelationId, ErrorBudget, LifecycleRules, LifecycleRulesSet, Permission, StreamId, Texts,
    Tier, TierRules,
};

use super::{Lifecycle, LifecycleRefusal};
use crate::decision::Draft;
use crate::refusal::Refusal;

const MINUTE: u64 = 60_000;

/// What each tier adds to those below it, and how long its leases hold (§9).
const TIERS: [(Tier, &[&str], u64, bool); 5] = [
    (Tier::T0, &["read", "plan"], 60 * MINUTE, false),
    (Tier::T1, &["sandbox", "check-mode"], 30 * MINUTE, false),
    (Tier::T2, &["sandbox-admin"], 30 * MINUTE, false),
    (Tier::T3, &["staging", "production-read"], 15 * MINUTE, false),
    (Tier::T4, &["policy-read", "governance-write"], 15 * MINUTE, true),
];

/// The rules of a hub that chose none.
pub(crate) fn default_rules() -> LifecycleRules {
    let mut permissions: BTreeSet<Permission> = BTreeSet::new();
    let tiers = TIERS.iter().map(|(tier, more, lease_ms, approve_each_use)| {
        permissions.extend(more.iter().filter_map(|word| Permission::new(word).ok()));
        TierRules {
            tier: *tier,
            permissions: permissions.clone(),
            lease_ms: *lease_ms,
            approve_each_use: *approve_each_use,
        }
    });
    LifecycleRules {
        tiers: tiers.collect(),
        budget: ErrorBudget::default(),
        plans_need_a_person: true,
        stuck_ms: 30_000,
        gate: 920_000,
        trials: Vec::new(),
    }
}

/// What an agent may do in any phase, with no plan: look and think.
pub(super) fn needs_no_plan(permission: &Permission) -> bool {
    TIERS.first().is_some_and(|(_, lowest, ..)| lowest.contains(&permission.as_str()))
}

/// Chooses the rules by which agents live.
pub(crate) fn set_rules(
    lifecycle: &Lifecycle,
    rules: &LifecycleRules,
) -> Result<Vec<Draft>, Refusal> {
    check(rules)?;
    if lifecycle.rules == *rules {
        return Ok(Vec::new());
    }
    let event = LifecycleRulesSet { rules: rules.clone() };
    let correlation = CorrelationId::derive(&["hub", "LifecycleRulesSet"]);
    let (stream, event) = (StreamId::hub(), event.into());
    Ok(vec![Draft { stream, correlation, cause: None, event, texts: Texts::none() }])
}

fn check(rules: &LifecycleRules) -> Result<(), LifecycleRefusal> {
    let unfit = |why: &'static str| Err(LifecycleRefusal::RulesUnfit { why });
    let named: Vec<Tier> = rules.tiers.iter().map(|one| one.tier).collect();
    if named != Tier::ALL {
        return unfit("every tier from T0 to T4 is named once, in order");
    }
    if rules.tiers.iter().any(|one| one.lease_ms == 0) {
        return unfit("a lease holds for 1 millisecond or more");
    }
    let ErrorBudget { errors, repeats, violations } = rules.budget;
    if errors == 0 || repeats == 0 || violations == 0 {
        return unfit("each number of an error budget is 1 or more");
    }
    if rules.stuck_ms == 0 {
        return unfit("an agent is stuck after 1 millisecond or more");
    }
    let million = 1..1_000_000;
    if !million.contains(&rules.gate) {
        return unfit("the gate lies between 0 and 1");
    }
    let fits = |borne, unborne| million.contains(&borne) && million.contains(&unborne);
    if rules.trials.iter().any(|one| !fits(one.borne, one.unborne) || one.borne >= one.unborne) {
        return unfit("of two failure rates between 0 and 1 the one that is borne is the smaller");
    }
    Ok(())
}
