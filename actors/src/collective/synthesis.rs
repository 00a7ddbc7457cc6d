//! Synthesis: words for a verdict, by an agent that reads all contributions as data.
//!
//! **Invariant.** Whatever the contributions say, and whatever a model that obeys them returns: what
//! becomes a proposal recommends what the verdict does, cites none but the contributors, accounts
//! for everyone who said otherwise, asks for nothing to be done and sets nothing but its words.

use std::collections::BTreeSet;

use convoke_events::{
    Conclusion, Confidence, FinishReason, InvocationStarted, Key, ProposalBasis, Purpose, Slug,
};
use serde::Deserialize;

use super::{Brief, Contribution, id_of};
use crate::answer::{Answer, MAX_ANSWER};
use crate::decision::{Draft, Story};
use crate::proposal;
use crate::provider::{ModelResponse, Part, ProviderFailure};
use crate::state::State;
use crate::task::failed;

/// Why an answer that puts contributions together does not count.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub(crate) enum SynthesisError {
    #[error("the synthesis is not the JSON object asked for: {0}")]
    Shape(String),
    #[error("the synthesis has {0} bytes, more than the {MAX_ANSWER} that are recorded")]
    TooLong(usize),
    #[error("the synthesis asks for the tool `{0}`, and was given none")]
    Tool(String),
    #[error("the verdict is `{verdict}`, but the synthesis says `{found}`")]
    OtherVerdict { verdict: Key, found: String },
    #[error("the synthesis recommends `{0}`, which nobody named")]
    NobodyNamed(String),
    #[error("`confidence` is {0}, expected a number from 0 to 1")]
    Confidence(f64),
    #[error("the synthesis cites `{0}`, which it was not given")]
    ForeignId(String),
    #[error("the synthesis says that `{by}` named `{key}`, and it did not")]
    Misattributed { by: String, key: Key },
    #[error("`dissent` says nothing of `{0}`, which was named")]
    DissentMissing(Key),
    #[error("`dissent` does not say that `{by}` named `{key}`")]
    DissenterMissing { by: Slug, key: Key },
    #[error("`dissent` lists `{0}`, which is no dissent")]
    NoDissent(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    recommendation: String,
    body: String,
    confidence: Option<f64>,
    #[serde(default)]
    assumptions: Vec<String>,
    #[serde(default)]
    cites: Vec<String>,
    dissent: Vec<Dissent>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dissent {
    recommendation: String,
    by: Vec<String>,
    #[serde(default)]
    why: String,
}

/// Reads an answer that puts the contributions of this brief together.
pub(crate) fn read(response: &ModelResponse, brief: &Brief) -> Result<Answer, SynthesisError> {
    if let Some(tool) = tool(response) {
        return Err(SynthesisError::Tool(tool));
    }
    let content = response.text();
    if content.len() > MAX_ANSWER {
        return Err(SynthesisError::TooLong(content.len()));
    }
    let shape: Shape =
        serde_json::from_str(&content).map_err(|error| SynthesisError::Shape(error.to_string()))?;
    let key = recommended(&shape.recommendation, brief)?;
    let confidence = match shape.confidence {
        None => None,
        Some(found) => Some(Confidence::new(found).ok_or(SynthesisError::Confidence(found))?),
    };
    if let Some(foreign) = shape.cites.iter().find(|id| !is_given(id, brief)) {
        return Err(SynthesisError::ForeignId(foreign.clone()));
    }
    account_for(&shape.dissent, &key, brief)?;
    let words = [&shape.body].into_iter().chain(&shape.assumptions);
    let mut words = words.chain(shape.dissent.iter().map(|dissent| &dissent.why));
    if let Some(foreign) = words.find_map(|words| id_in(words)) {
        return Err(SynthesisError::ForeignId(foreign.to_owned()));
    }
    Ok(Answer { key, confidence, actions: Vec::new() })
}

/// A tool that the model asks for.
pub(super) fn tool(response: &ModelResponse) -> Option<String> {
    let asked = response.parts.iter().find_map(|part| match part {
        Part::ToolCall { name, .. } => Some(name.clone()),
        Part::Text(_) | Part::Document { .. } => None,
    });
    let stopped_for_one = response.finish == FinishReason::ToolCalls;
    asked.or_else(|| stopped_for_one.then(|| "unnamed".to_owned()))
}

fn recommended(found: &str, brief: &Brief) -> Result<Key, SynthesisError> {
    let key = Key::canonical(found);
    if let Some(key) = key.filter(|key| brief.keys.contains(key)) {
        return Ok(key);
    }
    let found = found.chars().take(64).collect();
    Err(match brief.keys.as_slice() {
        [verdict] => SynthesisError::OtherVerdict { verdict: verdict.clone(), found },
        _ => SynthesisError::NobodyNamed(found),
    })
}

fn is_given(id: &str, brief: &Brief) -> bool {
    brief.contributions.iter().any(|contribution| contribution.by.as_str() == id)
}

/// Holds the dissent to what was contributed: every recommendation that lost, once, and as theirs
/// who named it, all of them.
fn account_for(listed: &[Dissent], key: &Key, brief: &Brief) -> Result<(), SynthesisError> {
    let losing: BTreeSet<&Key> = brief.losing(key).collect();
    let mut told: BTreeSet<Key> = BTreeSet::new();
    for dissent in listed {
        let no_dissent = || SynthesisError::NoDissent(dissent.recommendation.clone());
        let named = Key::canonical(&dissent.recommendation).ok_or_else(no_dissent)?;
        if !losing.contains(&named) || told.contains(&named) {
            return Err(no_dissent());
        }
        for by in &dissent.by {
            if !is_given(by, brief) {
                return Err(SynthesisError::ForeignId(by.clone()));
            }
            let theirs =
                brief.contributions.iter().any(|one| one.by.as_str() == by && one.key == named);
            if !theirs {
                return Err(SynthesisError::Misattributed { by: by.clone(), key: named });
            }
        }
        let who = brief.contributions.iter().filter(|one| one.key == named);
        let mut silent = who.filter(|one| !dissent.by.iter().any(|by| one.by.as_str() == by));
        if let Some(Contribution { by, .. }) = silent.next() {
            return Err(SynthesisError::DissenterMissing { by: by.clone(), key: named });
        }
        told.insert(named);
    }
    match losing.into_iter().find(|key| !told.contains(*key)) {
        Some(silent) => Err(SynthesisError::DissentMissing(silent.clone())),
        None => Ok(()),
    }
}

/// The first thing in a text that is spelled like an id of ours: contributors are cited by slug, so
/// whatever it names was not given. However its 32 digits are dressed up or hung on others, it is one;
/// set apart by what is seen, such as spaces, it is one where the groups are those of an id.
fn id_in(words: &str) -> Option<&str> {
    let groups = groups(words);
    (0..groups.len()).find_map(|first| {
        let (mut digits, mut lengths, mut is_set_apart) = (0, Vec::new(), false);
        for group in groups.iter().skip(first) {
            match group.behind {
                _ if lengths.is_empty() => {}
                Behind::Glue => {}
                Behind::Separator => is_set_apart = true,
                Behind::Else => return None,
            }
            digits += group.digits;
            lengths.push(group.digits);
            if digits == 32 && (!is_set_apart || lengths == [8, 4, 4, 4, 12]) {
                return words.get(groups.get(first)?.start..group.end);
            }
        }
        None
    })
}

/// Hexadecimal digits without anything between them.
struct Group {
    start: usize,
    end: usize,
    digits: usize,
    behind: Behind,
}

/// What a group of digits stands behind.
enum Behind {
    /// What is hardly seen, with another group before it.
    Glue,
    /// One character that is seen, with another group before it.
    Separator,
    Else,
}

fn groups(words: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (start, c) in words.char_indices().filter(|(_, c)| is_hex(*c)) {
        let end = start.saturating_add(c.len_utf8());
        let between = groups.last().and_then(|last| words.get(last.end..start));
        match (groups.last_mut(), between) {
            (Some(last), Some("")) => {
                last.end = end;
                last.digits += 1;
            }
            (_, between) => {
                let behind = match between {
                    Some(between) if between.chars().all(is_glue) => Behind::Glue,
                    Some(" " | "." | "_" | ":" | "/") => Behind::Separator,
                    Some(_) | None => Behind::Else,
                };
                groups.push(Group { start, end, digits: 1, behind });
            }
        }
    }
    groups
}

/// A hexadecimal digit, in its usual or in its full width.
fn is_hex(c: char) -> bool {
    c.is_ascii_hexdigit() || matches!(c, '０'..='９' | 'Ａ'..='Ｆ' | 'ａ'..='ｆ')
}

/// What may stand between the digits of an id and is hardly seen: dashes of every kind, and
/// characters without width.
const fn is_glue(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}'
            | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}'
    )
}

/// What follows from the outcome of a call that puts contributions together: a proposal that waits
/// for people, or the end.
pub(crate) fn synthesised(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    answer: Result<&Answer, &ProviderFailure>,
    content: String,
) -> Vec<Draft> {
    let arbitrated = started.purpose == Purpose::Arbitration;
    let what = if arbitrated { "the arbitration" } else { "the synthesis" };
    let answer = match answer {
        Ok(answer) => answer,
        Err(failure) => {
            return super::arbitration::undecided(state, story, started, failure)
                .unwrap_or_else(|| vec![failed(story, what, failure)]);
        }
    };
    let (agent, agent_version) = (started.agent, started.agent_version);
    let invocation = started.invocation;
    let basis = if arbitrated {
        ProposalBasis::Arbitration { agent, agent_version, invocation }
    } else {
        ProposalBasis::Synthesis { agent, agent_version, invocation }
    };
    let collective = started.collective.unwrap_or_else(|| id_of(story.task));
    let Some(open) = state.collectives.open.get(&collective) else {
        return Vec::new();
    };
    let made = proposal::Made {
        collective: Some(collective),
        task_type: &open.convened.task_type,
        artifact: &started.artifact,
        basis,
        key: Some(answer.key.clone()),
        confidence: answer.confidence,
    };
    let (because, reason) = if arbitrated {
        let slug = state.registry.slug(agent);
        let reason = format!("the collective does not agree; {slug} chose `{}`, which", answer.key);
        (Conclusion::Divergence, reason)
    } else {
        (Conclusion::Consensus, format!("the collective agrees on `{}`; its synthesis", answer.key))
    };
    proposal::propose(state, story, made, content, (because, &reason))
}

#[cfg(test)]
mod tests;
