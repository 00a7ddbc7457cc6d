//! Judgement: an agent says which recommendations mean the same; its grouping is on record.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    CollectiveId, InvocationStarted, Key, KeyGroup, KeysGrouped, Purpose, StreamId, Texts,
    Timestamp,
};
use serde::Deserialize;

use super::concluding::send;
use super::synthesis::tool;
use super::{Collective, Judging};
use crate::answer::{self, Answer};
use crate::decision::{Draft, Story};
use crate::provider::{ModelResponse, ProviderFailure};
use crate::state::State;

/// Why a grouping does not count.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum JudgementError {
    #[error(transparent)]
    Answer(#[from] answer::AnswerError),
    #[error("the judgement asks for the tool `{0}`, and was given none")]
    Tool(String),
    #[error("`groups` is missing or no list of lists: {0}")]
    Shape(String),
    #[error("`groups` names `{0}`, which no contribution recommends or could choose")]
    Foreign(String),
    #[error("`groups` names `{0}` twice")]
    Twice(Key),
    #[error("`groups` does not name `{0}`")]
    Missing(Key),
    #[error("`groups` puts `{0}` and `{1}` together, and an answer could choose between them")]
    BothAllowed(Key, Key),
}

#[derive(Deserialize)]
struct Shape {
    groups: Vec<Vec<String>>,
}

/// Asks the judge where contributions differ in words, from each other or from what they could
/// choose from, and it can be asked.
pub(super) fn ask(
    state: &State,
    collective: &Collective,
    story: Story,
    now: Timestamp,
) -> Option<Vec<Draft>> {
    let judge = collective.convened.judge.as_ref()?;
    let named = named(collective);
    let differ = named.len() > 1 || named.keys().any(|key| !collective.counts(key));
    if collective.judging != Judging::NotAsked || !differ {
        return None;
    }
    send(state, collective, judge, Purpose::Judgement, story, now).ok()
}

/// How many contributions name each recommendation.
fn named(collective: &Collective) -> BTreeMap<&Key, usize> {
    let mut named: BTreeMap<&Key, usize> = BTreeMap::new();
    for (_, contribution) in collective.in_order() {
        let count = named.entry(&contribution.key).or_default();
        *count = count.saturating_add(1);
    }
    named
}

/// Reads a judge's answer about the recommendations of this collective.
pub(crate) fn read(
    state: &State,
    started: &InvocationStarted,
    response: &ModelResponse,
) -> Result<Answer, JudgementError> {
    if let Some(tool) = tool(response) {
        return Err(JudgementError::Tool(tool));
    }
    groups_in(state, started, &response.text()).map(|(answer, _)| answer)
}

/// What follows from a judge's answer: its grouping is recorded, and the verdict is owed.
pub(crate) fn judged(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    answer: Result<&Answer, &ProviderFailure>,
    content: &str,
) -> Vec<Draft> {
    // Without a usable answer, the verdict is reached without its judge.
    let groups = answer.ok().and_then(|_| groups_in(state, started, content).ok());
    let (Some(collective), Some((_, groups))) = (started.collective, groups) else {
        return Vec::new();
    };
    let facts = KeysGrouped {
        collective,
        agent: started.agent,
        agent_version: started.agent_version,
        invocation: started.invocation,
        groups,
    };
    vec![story.draft(StreamId::collective(collective), facts, Texts::none())]
}

fn groups_in(
    state: &State,
    started: &InvocationStarted,
    content: &str,
) -> Result<(Answer, Vec<KeyGroup>), JudgementError> {
    let answer = answer::parse(content, &[])?;
    let shape: Shape =
        serde_json::from_str(content).map_err(|error| JudgementError::Shape(error.to_string()))?;
    let open = |id: CollectiveId| state.collectives.open.get(&id);
    let groups = match started.collective.and_then(open) {
        Some(collective) => group(&named(collective), collective.allowed(), &shape.groups)?,
        None => Vec::new(),
    };
    Ok((answer, groups))
}

/// Holds a grouping to the recommendations there are: each that was named in one group, and no two
/// that an answer could choose between in the same. The one that stands for a group is the allowed
/// one, else the one most contributions name, else the first by name.
fn group(
    named: &BTreeMap<&Key, usize>,
    allowed: &[Key],
    groups: &[Vec<String>],
) -> Result<Vec<KeyGroup>, JudgementError> {
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    let mut found = Vec::new();
    for written in groups.iter().filter(|written| !written.is_empty()) {
        let mut members = Vec::new();
        for text in written {
            let foreign = || JudgementError::Foreign(text.chars().take(64).collect());
            let known = |key: &Key| named.contains_key(key) || allowed.contains(key);
            let key = Key::canonical(text).filter(known);
            let key = key.ok_or_else(foreign)?;
            if !seen.insert(key.clone()) {
                return Err(JudgementError::Twice(key));
            }
            members.push(key);
        }
        if !members.iter().any(|key| named.contains_key(key)) {
            continue;
        }
        members.sort();
        let mut fixed = members.iter().filter(|key| allowed.contains(key));
        let first = fixed.next();
        if let (Some(one), Some(other)) = (first, fixed.next()) {
            return Err(JudgementError::BothAllowed(one.clone(), other.clone()));
        }
        // `max_by_key` keeps the last of equals, hence the reversal.
        let most = members.iter().rev().max_by_key(|key| named.get(key).copied().unwrap_or(0));
        if let Some(key) = first.or(most).cloned() {
            found.push(KeyGroup { key, members });
        }
    }
    if let Some(missing) = named.keys().find(|key| !seen.contains(**key)) {
        return Err(JudgementError::Missing((*missing).clone()));
    }
    // In which order it lists them says nothing.
    found.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(found)
}

#[cfg(test)]
mod tests;
