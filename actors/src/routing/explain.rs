//! Explaining: a recorded decision made again from the log alone, and held against the record.
//!
//! Nothing of the record goes into the decision that is made again, but what was asked (task,
//! purpose, task type, and the receiver that a sender named), the rule with its version, and the
//! seed. Everything else comes from the events before it, by the code that decided then.

use convoke_events::{
    AgentId, CandidatesListed, DecisionId, Event, Purpose, Recorded, RoutingDecided, RoutingEvent,
    TextName,
};
use serde::Serialize;

use super::choose::{
    Choice, Chosen, Grounds, NAMED, NAMED_SET, POLICY, PREFERENCE, Question, SYNTHESISER, Sought,
    by_way, first_participant, the_named, the_named_set,
};
use super::written::{Written, write};
use crate::decision::Story;
use crate::difference::{Difference, compare};
use crate::state::State;

/// A decision as it is recorded, and what making it again gave.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The record.
    pub recorded: RoutingDecided,
    /// Its further pages of candidates.
    pub pages: Vec<CandidatesListed>,
    /// Why, in the record's words.
    pub reason: String,
    /// Where the record and the decision made again are not the same, bit for bit; nothing where
    /// they are.
    pub differences: Vec<Difference>,
}

/// Why a decision cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExplainError {
    /// The append holds no such decision.
    #[error("no decision {decision} is in this append")]
    NotHere {
        /// Which decision.
        decision: DecisionId,
    },
    /// The rule, or this version of it, is not one of this build.
    #[error("rule `{rule}` version {version} is unknown to this version of Convoke")]
    RuleUnknown {
        /// Which rule.
        rule: String,
        /// In which version.
        version: u32,
    },
}

/// Makes a recorded decision again. `state` is the hub's before the append that holds it, `append`
/// all events of that append.
///
/// # Errors
/// [`ExplainError`] if the decision is not there, or followed a rule that is not known.
pub fn explain(
    state: &State,
    append: &[Recorded],
    decision: DecisionId,
) -> Result<Explanation, ExplainError> {
    let (event, recorded) = find(append, |decided| decided.decision == decision)
        .ok_or(ExplainError::NotHere { decision })?;
    let again = again(state, append, event, recorded)?;
    let pages: Vec<CandidatesListed> = append
        .iter()
        .filter_map(|event| {
            let Event::Routing(RoutingEvent::CandidatesListed(page)) = &event.event else {
                return None;
            };
            Some(page).filter(|page| page.decision == decision)
        })
        .cloned()
        .collect();
    let reason = event.texts.get(&TextName::REASON).unwrap_or_default().to_owned();
    let mut differences = compare("", recorded, &again.decided);
    differences.extend(compare("pages", &pages, &again.more));
    differences.extend(compare("reason", &reason, &again.reason));
    Ok(Explanation { recorded: recorded.clone(), pages, reason, differences })
}

fn find(
    append: &[Recorded],
    wanted: impl Fn(&RoutingDecided) -> bool,
) -> Option<(&Recorded, &RoutingDecided)> {
    append.iter().find_map(|event| {
        let Event::Routing(RoutingEvent::RoutingDecided(decided)) = &event.event else {
            return None;
        };
        wanted(decided).then_some((event, decided))
    })
}

/// The decision as it is made on the state before it.
fn again(
    state: &State,
    append: &[Recorded],
    event: &Recorded,
    recorded: &RoutingDecided,
) -> Result<Written, ExplainError> {
    let unknown = || ExplainError::RuleUnknown {
        rule: recorded.rule.to_string(),
        version: recorded.rule_version,
    };
    if recorded.rule_version != 1 {
        return Err(unknown());
    }
    let (task, purpose, task_type) = (recorded.task, recorded.purpose, &recorded.task_type);
    let sought = Sought { task, purpose, task_type };
    let grounds =
        |seed: Option<u64>| Grounds::of(state, event.envelope.decided_at, seed.unwrap_or_default());
    let chosen: Chosen = match recorded.rule.as_str() {
        POLICY | PREFERENCE | "classic" | "informed" => {
            by_way(grounds(recorded.seed), sought, choice(purpose))
        }
        SYNTHESISER => {
            let invited = |decided: &RoutingDecided| decided.purpose == Purpose::Contribution;
            let earlier = find(append, invited).map(|(_, decided)| decided);
            let contribution = Sought { purpose: Purpose::Contribution, ..sought };
            let participants = match earlier {
                Some(decided) if decided.rule.as_str() == NAMED_SET => {
                    the_named_set(grounds(None), &named_in(decided)).selected
                }
                _ => {
                    let seed = earlier.and_then(|decided| decided.seed);
                    by_way(grounds(seed), contribution, Choice::All).selected
                }
            };
            first_participant(grounds(None), sought, &participants)
        }
        NAMED_SET => the_named_set(grounds(None), &named_in(recorded)),
        NAMED => {
            let receiver = recorded.candidates.first().map(|one| one.agent);
            the_named(grounds(None), receiver.ok_or_else(unknown)?)
        }
        _ => return Err(unknown()),
    };
    let question = Question { story: Story { task, cause: None }, purpose, task_type };
    Ok(write(&state.registry, question, recorded.decision, chosen))
}

/// Whom a recorded decision was given to choose from.
fn named_in(decided: &RoutingDecided) -> Vec<AgentId> {
    decided.candidates.iter().map(|candidate| candidate.agent).collect()
}

/// How many are asked for a purpose.
pub(super) const fn choice(purpose: Purpose) -> Choice {
    match purpose {
        Purpose::Contribution => Choice::All,
        Purpose::Triage
        | Purpose::Synthesis
        | Purpose::Delegation
        | Purpose::Mediation
        | Purpose::Judgement
        | Purpose::Arbitration
        | Purpose::Action
        | Purpose::Answer => Choice::First,
    }
}
