//! Rules: how a hub's collectives come to a verdict, as it is set.

use convoke_events::{CollectiveRules, CollectiveRulesSet, CorrelationId, StreamId, Texts};

use crate::decision::Draft;
use crate::refusal::Refusal;
use crate::state::State;

/// Says how the hub's collectives come to a verdict from now on, where it differs.
pub(crate) fn set_rules(state: &State, rules: &CollectiveRules) -> Result<Vec<Draft>, Refusal> {
    if let Some(judge) = &rules.judge {
        state.registry.by_slug(&state.hub, judge)?;
    }
    if state.collectives.rules == *rules {
        return Ok(Vec::new());
    }
    let event = CollectiveRulesSet { rules: rules.clone() }.into();
    let correlation = CorrelationId::derive(&["collective rules"]);
    Ok(vec![Draft {
        stream: StreamId::hub(),
        correlation,
        cause: None,
        event,
        texts: Texts::none(),
    }])
}
