//! The table `[collective]`: how the hub's collectives come to a verdict.

use convoke_events::{CollectiveRules, TaskRules};

use super::fields::{Field, Fields};
use super::known::Known;
use super::mistake::quoted;
use super::policies::Route;

/// How the hub's collectives come to a verdict; the usual way where the file does not say.
pub(super) fn rules(fields: &mut Fields<'_>, known: &Known) -> Option<CollectiveRules> {
    let usual = CollectiveRules::default();
    let Some(field) = fields.get("collective") else { return Some(usual) };
    let mut fields = field.table()?;
    let verdict = fields.get("verdict").map_or(Some(usual.verdict), |rule| rule.word());
    let judge = fields.get("judge").map_or(Some(None), |judge| known.agent(&judge).map(Some));
    let on_divergence =
        fields.get("on_divergence").map_or(Some(usual.on_divergence), |way| way.word());
    fields.finish();
    Some(CollectiveRules { verdict: verdict?, judge: judge?, on_divergence: on_divergence? })
}

/// Whether a collective can wait for some of its participants only: not where one failure fails all.
pub(super) fn can_wait_for_some(quorum: &Field<'_>, one_fails_all: Option<bool>) -> Option<()> {
    if one_fails_all == Some(true) {
        quorum.mistake(
            "`quorum` beside `one_failure_fails_all = true`",
            "one of the two: who is not waited for would be missing",
        );
        return None;
    }
    Some(())
}

/// Whether so many contributions can come from those routed to the task types that collectives are
/// convened by; `field` is where that number stands.
pub(super) fn can_be_had<'a>(
    field: &Field<'_>,
    rules: &TaskRules,
    convened: impl Iterator<Item = &'a Route>,
) -> bool {
    let needed = usize::try_from(rules.min_contributions).unwrap_or(usize::MAX);
    for route in convened {
        let routed = route.agents.len();
        if routed < needed {
            let task_type = quoted(route.task_type.as_str());
            field.unlike(format!(
                "at most {routed}, as many agents as are routed to {task_type}: with more, none of \
                 its collectives could reach a verdict"
            ));
            return false;
        }
    }
    true
}
