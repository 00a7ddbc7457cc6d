//! The table `[lifecycle]`: by which rules the hub's agents live.

use convoke_events::{ErrorBudget, LifecycleRules, Permission, Tier, TierRules, Trial};

use super::fields::{Field, Fields, every};
use super::known::Known;

/// The most seconds that a lease may hold: a day.
const DAY: u64 = 86_400;

/// The most of one thing that may go wrong within a lease.
const MOST: u64 = 1_000;

/// Reads the table `[lifecycle]`; what it does not say is as usual.
pub(super) fn rules(field: &Field<'_>, known: &Known) -> Option<LifecycleRules> {
    let usual = LifecycleRules::default();
    let mut fields = field.table()?;
    let plans = fields.get("plans_need_a_person");
    let plans = plans.map_or(Some(usual.plans_need_a_person), |truth| truth.truth());
    let gate = fields.get("gate").map_or(Some(usual.gate), |gate| millionths(&gate));
    let budget = fields.get("budget").map_or(Some(usual.budget), |field| budget(&field));
    let tiers = match fields.get("tiers") {
        Some(field) => tiers(&field, usual.tiers),
        None => Some(usual.tiers),
    };
    let trials = fields.get("trials").map_or(Some(usual.trials), |field| trials(&field, known));
    fields.finish();
    Some(LifecycleRules {
        tiers: tiers?,
        budget: budget?,
        plans_need_a_person: plans?,
        gate: gate?,
        trials: trials?,
    })
}

/// Reads how much may go wrong within a lease; what it does not say is as usual.
pub(super) fn budget(field: &Field<'_>) -> Option<ErrorBudget> {
    let usual = ErrorBudget::default();
    let mut fields = field.table()?;
    let mut count = |name, usual: u32| {
        let number = fields.get(name).map_or(Some(usual.into()), |one| one.number(1..=MOST));
        number.and_then(|number| u32::try_from(number).ok())
    };
    let errors = count("errors", usual.errors);
    let repeats = count("repeats", usual.repeats);
    let violations = count("violations", usual.violations);
    fields.finish();
    Some(ErrorBudget { errors: errors?, repeats: repeats?, violations: violations? })
}

/// The tiers, each as usual as far as the table does not say otherwise.
fn tiers(field: &Field<'_>, usual: Vec<TierRules>) -> Option<Vec<TierRules>> {
    let mut fields = field.table()?;
    let tiers = every(usual.into_iter().map(|usual| match fields.get(usual.tier.as_str()) {
        Some(field) => tier(&field, usual),
        None => Some(usual),
    }));
    fields.finish();
    tiers
}

fn tier(field: &Field<'_>, usual: TierRules) -> Option<TierRules> {
    let mut fields = field.table()?;
    let permissions = match fields.get("permissions") {
        Some(list) => list.words::<Permission>(0..=64).map(|words| words.into_iter().collect()),
        None => Some(usual.permissions),
    };
    let lease_ms = fields.get("lease_s").map_or(Some(usual.lease_ms), |lease| {
        lease.number(1..=DAY).map(|seconds| seconds.saturating_mul(1_000))
    });
    let each = fields.get("approve_each_use");
    let each = each.map_or(Some(usual.approve_each_use), |truth| truth.truth());
    fields.finish();
    let tier: Tier = usual.tier;
    Some(TierRules {
        tier,
        permissions: permissions?,
        lease_ms: lease_ms?,
        approve_each_use: each?,
    })
}

fn trials(field: &Field<'_>, known: &Known) -> Option<Vec<Trial>> {
    every(field.table()?.all().iter().map(|(name, field)| {
        let task_type = known.task_type_of(name, field);
        let mut fields = field.table()?;
        let borne = rate(&mut fields, "borne");
        let unborne = rate(&mut fields, "unborne");
        fields.finish();
        let (task_type, borne, unborne) = (task_type?, borne?, unborne?);
        if borne >= unborne {
            let found = "a rate that is borne and is not the smaller";
            field.mistake(found, "`borne` below `unborne`");
            return None;
        }
        Some(Trial { task_type, borne, unborne })
    }))
}

fn rate(fields: &mut Fields<'_>, name: &'static str) -> Option<u32> {
    fields.need(name).and_then(|rate| millionths(&rate))
}

/// A share between 0 and 1, in millionths.
fn millionths(field: &Field<'_>) -> Option<u32> {
    let share = field.share()?;
    let number = format!("{:.0}", share * 1e6).parse().ok();
    let number = number.filter(|number| (1..1_000_000).contains(number));
    if number.is_none() {
        field.unlike("a share above 0 and below 1");
    }
    number
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use convoke_events::{ErrorBudget, LifecycleRules, Tier};

    use crate::config::{ConfigError, parse_scenario};

    const EXAMPLE: &str = include_str!("../../examples/intake.toml");

    fn with(rules: &str) -> Result<Option<LifecycleRules>, ConfigError> {
        let text = format!("{EXAMPLE}\n{rules}\n");
        parse_scenario(Path::new("s.toml"), &text).map(|scenario| scenario.lifecycle)
    }

    #[test]
    fn what_lifecycle_rules_do_not_say_is_as_usual() {
        assert_eq!(with("").unwrap(), None);
        assert_eq!(with("[lifecycle]").unwrap(), Some(LifecycleRules::default()));
        let rules = with(
            "[lifecycle]\nplans_need_a_person = false\ngate = 0.9\nbudget = { repeats = 3 }\n\
             [lifecycle.tiers.T1]\nlease_s = 60\n\
             [lifecycle.tiers.T4]\npermissions = [\"read\", \"paint\"]\napprove_each_use = false\n\
             [lifecycle.trials.implementation]\nborne = 0.01\nunborne = 0.1\n",
        );
        let (rules, usual) = (rules.unwrap().unwrap(), LifecycleRules::default());
        assert!(!rules.plans_need_a_person);
        assert_eq!(
            (rules.gate, rules.budget),
            (900_000, ErrorBudget { repeats: 3, ..usual.budget })
        );
        assert_eq!(rules.tiers[0], usual.tiers[0]);
        assert_eq!(rules.tiers[1].lease_ms, 60_000);
        assert_eq!(rules.tiers[1].permissions, usual.tiers[1].permissions);
        let top = &rules.tiers[4];
        assert_eq!((top.tier, top.permissions.len()), (Tier::T4, 2));
        assert!(!top.approve_each_use);
        let trial = &rules.trials[0];
        assert_eq!(
            (trial.task_type.as_str(), trial.borne, trial.unborne),
            ("implementation", 10_000, 100_000)
        );
    }

    #[test]
    fn every_mistake_in_lifecycle_rules_is_named_with_its_table() {
        for (rules, words) in [
            ("gate = 1", "lifecycle.gate: found `1`, expected a share above 0 and below 1"),
            ("gate = 7", "lifecycle.gate: found `7`, expected a number from 0 to 1"),
            ("budget = { errors = 0 }", "lifecycle.budget.errors: found `0`"),
            ("tiers.T5 = {}", "lifecycle.tiers.T5: found the unknown field `T5`"),
            ("tiers.T1.lease_s = 0", "lifecycle.tiers.T1.lease_s: found `0`"),
            ("tiers.T1.permissions = [1]", "lifecycle.tiers.T1.permissions[0]: found `1`"),
            ("trials.poems = { borne = 0.1, unborne = 0.2 }", "found the task type `poems`"),
            ("trials.triage = { borne = 0.2, unborne = 0.2 }", "expected `borne` below `unborne`"),
            ("patience = 3", "lifecycle.patience: found the unknown field `patience`"),
        ] {
            let error = with(&format!("[lifecycle]\n{rules}")).unwrap_err().to_string();
            assert!(error.contains(words), "{words} is not in {error}");
        }
    }
}
