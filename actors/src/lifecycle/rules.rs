//! Rules: what the tiers allow and what ends a lease, as the hub chose it.

use convoke_events::{
    CorrelationId, ErrorBudget, LifecycleRules, LifecycleRulesSet, Permission, StreamId, Texts,
    Tier,
};

use super::{Lifecycle, LifecycleRefusal};
use crate::decision::Draft;
use crate::refusal::Refusal;

/// What takes no plan, whatever tiers have it: to look and to think.
const LOOKING: [&str; 2] = ["read", "plan"];

/// What an agent may do in any phase, with no plan: look and think.
pub(super) fn needs_no_plan(permission: &Permission) -> bool {
    LOOKING.contains(&permission.as_str())
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
