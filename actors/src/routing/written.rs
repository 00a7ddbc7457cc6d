//! Writing: a choice as its events, in pages where one event cannot hold it, and in words.

use std::collections::BTreeSet;

use convoke_events::{
    AgentId, Candidate, CandidateStanding, CandidatesListed, DecisionId, FoundWord, Matched,
    Measure, RoutingDecided, Score, TaskPlan, TaskType, TaskWordsFound, TextName, Texts, Way,
    encode,
};

use super::choose::{Chosen, NAMED, NAMED_SET, POLICY, PREFERENCE, Question, SYNTHESISER};
use super::{Decided, way};
use crate::command::TaskSubmission;
use crate::decision::{Draft, Story, cut, rule_name};
use crate::registry::Registry;
use crate::state::State;

/// Bytes of candidates in one event, of the 16 KiB that it has; the rest is for the envelope, the
/// decision's own fields and its reason.
const PAGE: usize = 11 * 1024;
/// Bytes of a reason.
const REASON: usize = 2 * 1024;
/// Words in one event, each of 128 bytes at most.
const WORDS: usize = 80;

/// A choice as its events and its reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    pub(super) decided: RoutingDecided,
    pub(super) more: Vec<CandidatesListed>,
    pub(super) reason: String,
}

/// Records a choice; `what` tells it from others of the same task, purpose and type.
pub(super) fn record(
    registry: &Registry,
    question: Question<'_>,
    chosen: Chosen,
    what: &str,
) -> (Decided, Vec<Draft>) {
    let story = question.story;
    let id = id_of(question, what);
    let decided = Decided::new(id, &chosen.candidates, chosen.selected.clone());
    let Written { decided: first, more, reason } = write(registry, question, decided.id, chosen);
    let mut drafts = vec![story.on_task(first, Texts::none().with(TextName::REASON, reason))];
    drafts.extend(more.into_iter().map(|page| story.on_task(page, Texts::none())));
    (decided, drafts)
}

/// The id of a decision on a task.
pub(super) fn id_of(question: Question<'_>, what: &str) -> DecisionId {
    let Question { story, purpose, task_type } = question;
    DecisionId::derive(&[&story.task.to_string(), purpose.as_str(), task_type.as_str(), what])
}

/// A choice as the events that record it, and in words.
pub(super) fn write(
    registry: &Registry,
    Question { story, purpose, task_type }: Question<'_>,
    decision: DecisionId,
    chosen: Chosen,
) -> Written {
    let reason = in_words(registry, task_type, &chosen);
    let task = story.task;
    let taken = chosen.selected.len().saturating_mul(size_of::<AgentId>().saturating_add(1));
    let mut pages = pages(chosen.candidates, PAGE.saturating_sub(taken)).into_iter();
    let first = pages.next().unwrap_or_default();
    let more: Vec<CandidatesListed> = (2..)
        .zip(pages)
        .map(|(page, candidates)| CandidatesListed { decision, task, page, candidates })
        .collect();
    let decided = RoutingDecided {
        decision,
        task,
        purpose,
        task_type: task_type.clone(),
        rule: rule_name(chosen.rule),
        rule_version: chosen.version,
        most: chosen.most,
        rules_version: chosen.rules_version,
        weights: chosen.weights,
        evidence: chosen.evidence,
        candidates: first,
        more_pages: u32::try_from(more.len()).unwrap_or(u32::MAX),
        selected: chosen.selected,
        rests_on: chosen.rests_on,
        tie_break: chosen.tie_break,
        seed: chosen.seed,
    };
    Written { decided, more, reason: cut(&reason, REASON).to_owned() }
}

/// Splits candidates into pages; the first has less room than the others.
fn pages(candidates: Vec<Candidate>, first: usize) -> Vec<Vec<Candidate>> {
    if candidates.iter().map(at_most).fold(0, usize::saturating_add) <= first {
        return vec![candidates];
    }
    let (mut pages, mut page, mut left) = (Vec::new(), Vec::new(), first);
    for candidate in candidates {
        // What cannot be encoded cannot be recorded either: the append says so.
        let size = encode(&candidate).map_or(PAGE, |bytes| bytes.len());
        if size > left {
            pages.push(std::mem::take(&mut page));
            left = PAGE;
        }
        left = left.saturating_sub(size);
        page.push(candidate);
    }
    pages.push(page);
    pages
}

/// Bytes that a candidate takes at most, without encoding it.
fn at_most(candidate: &Candidate) -> usize {
    let Some(scored) = &candidate.scored else {
        return 64;
    };
    let words = scored.components.iter().map(|one| {
        let Measure::Match(matched) = &one.input else {
            return 96;
        };
        let Matched { keywords, capabilities, related } = matched;
        let words = keywords.iter().chain(capabilities).chain(related);
        words.map(|word| word.as_str().len().saturating_add(3)).fold(32, usize::saturating_add)
    });
    words.fold(96, usize::saturating_add)
}

fn in_words(registry: &Registry, task_type: &TaskType, chosen: &Chosen) -> String {
    let Chosen { rule, candidates, selected, .. } = chosen;
    if candidates.is_empty() {
        return match *rule {
            PREFERENCE => format!("no agent has a model that the rule for `{task_type}` names"),
            _ => format!("no routing policy names an agent for task type `{task_type}`"),
        };
    }
    let asked: Vec<String> = selected
        .iter()
        .map(|agent| {
            let score = combined(candidates, *agent).map(|score| format!(" ({:.4})", score.get()));
            format!("{}{}", registry.slug(*agent), score.unwrap_or_default())
        })
        .collect();
    let passed = candidates.iter().filter(|one| one.standing != CandidateStanding::Eligible);
    let passed: Vec<String> =
        passed.map(|one| format!("{} ({})", registry.slug(one.agent), one.standing)).collect();
    let mut words = if asked.is_empty() {
        format!("no agent routed to `{task_type}` can be asked")
    } else {
        let asked = asked.join(", ");
        match *rule {
            NAMED => format!("named by who hands the sub-task over: {asked}"),
            NAMED_SET => format!("named by who handed the task in, in this order: {asked}"),
            SYNTHESISER => format!("the first participant by priority that may be asked: {asked}"),
            POLICY => format!("routed to `{task_type}` in this order of priority: {asked}"),
            PREFERENCE => format!("the rule for `{task_type}` prefers, in this order: {asked}"),
            _ => {
                let bids = candidates.iter().filter(|one| bid(one).is_some()).count();
                format!("the highest of {bids} scores for `{task_type}`: {asked}")
            }
        }
    };
    if !passed.is_empty() {
        words.push_str("; passed over: ");
        words.push_str(&passed.join(", "));
    }
    words
}

fn combined(candidates: &[Candidate], agent: AgentId) -> Option<Score> {
    candidates.iter().find(|one| one.agent == agent).and_then(bid)
}

fn bid(candidate: &Candidate) -> Option<Score> {
    candidate.scored.as_ref()?.combined
}

/// Records which words of the hub's agents a request contains, where the task may come to a decision
/// by bid.
pub(crate) fn found_words(state: &State, story: Story, submission: &TaskSubmission) -> Vec<Draft> {
    let routing = &state.routing;
    let is_bid = |task_type: &TaskType| {
        matches!(way(&routing.policies, &routing.rules, task_type), Some(Way::Bid(_)))
    };
    if !types(&submission.plan).into_iter().any(is_bid) {
        return Vec::new();
    }
    let description = format!("{}\n{}", submission.title, submission.body);
    let found = routing.lexicon.found_in(&description).into_iter();
    let found: Vec<FoundWord> = found.map(|(word, whole)| FoundWord { word, whole }).collect();
    let mut pages: Vec<Vec<FoundWord>> = found.chunks(WORDS).map(<[FoundWord]>::to_vec).collect();
    if pages.is_empty() {
        pages.push(Vec::new());
    }
    let draft = |words| story.on_task(TaskWordsFound { task: story.task, words }, Texts::none());
    pages.into_iter().map(draft).collect()
}

/// Every task type that a plan may be routed by.
fn types(plan: &TaskPlan) -> BTreeSet<&TaskType> {
    match plan {
        TaskPlan::Triage { task_type, escalate, .. } => {
            escalate.iter().map(|one| &one.to).chain([task_type]).collect()
        }
        TaskPlan::Collective { task_type, .. } | TaskPlan::Answer { task_type, .. } => {
            BTreeSet::from([task_type])
        }
        // The host runs its agents; nobody is chosen.
        TaskPlan::Sessions { .. } => BTreeSet::new(),
    }
}
