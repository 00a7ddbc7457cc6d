//! Prompts: what an agent is told, put together from what is recorded.

mod contributions;

use std::collections::VecDeque;

use convoke_events::{
    AgentId, CoordinationEvent, DelegationEvent, DelegationId, Event, Events, HubId,
    InvocationEvent, Key, Position, Purpose, Query, ReadError, Reader, Recorded, RegistryEvent,
    StreamId, TaskEvent, TaskPlan, TextName, Texts,
};

use self::contributions::{Shown, shown};

use crate::answer;
use crate::budget::document_bound;
use crate::coordination;
use crate::decision::cut;
use crate::invocation::{Call, MEND_REASON};
use crate::provider::{Message, MessageRole, ModelRequest, Part};
use crate::shape::Shape;

/// A request cannot be put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PromptError {
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    #[error("the log holds no {0} for this call")]
    Missing(&'static str),
}

/// The request of a call, from the log alone: the same call always makes the same request.
pub(crate) fn build(
    reader: &Reader,
    hub: &HubId,
    call: &Call,
) -> Result<ModelRequest, PromptError> {
    let agent = agent_texts(reader, hub, call.agent, call.agent_version)?;
    // A task's first event is its submission; a busy task's stream is long.
    let mut story = reader.read(Query::stream(hub.clone(), StreamId::task(call.task)));
    let submitted = story.next().ok_or(PromptError::Missing("task"))??;
    let task = &submitted.texts;
    let title = task.get(&TextName::TITLE).ok_or(PromptError::Missing("title"))?;
    let body = task.get(&TextName::BODY).ok_or(PromptError::Missing("body"))?;
    let mut parts = vec![Part::Text(format!("{title}\n\n{body}"))];
    let shown = match call.purpose {
        Purpose::Synthesis | Purpose::Arbitration | Purpose::Judgement => {
            shown(reader, hub, call, story)?
        }
        Purpose::Contribution => Shown { keys: allowed(&submitted.event), ..Shown::default() },
        Purpose::Mediation => Shown { parts: said_so_far(call, story)?, ..Shown::default() },
        Purpose::Triage | Purpose::Delegation | Purpose::Action | Purpose::Answer => {
            Shown::default()
        }
    };
    parts.extend(shown.parts);
    if let Some(delegation) = call.delegation {
        parts.push(Part::Text(format!("\n\n{}", scope(reader, hub, delegation)?)));
        parts.extend(earlier(reader, hub, submitted.envelope.position)?);
    }
    let mut prompt = agent.get(&TextName::SYSTEM_PROMPT).unwrap_or("").to_owned();
    let mut schema = answer::schema(call.purpose, &shown.keys, &shown.ids);
    if let Some(shape) = shape(&submitted.event).filter(|_| call.purpose == Purpose::Answer) {
        prompt = format!("{prompt}\n\n{}", shape.instructions());
        schema = shape.extend(schema);
        if shape.compares() {
            parts.extend(earlier(reader, hub, submitted.envelope.position)?);
        }
    }
    let mut messages = vec![
        Message { role: MessageRole::System, parts: vec![Part::Text(prompt)] },
        Message { role: MessageRole::User, parts },
    ];
    if let Some(attempt) = call.mends {
        messages.extend(what_was_wrong(reader, hub, call, attempt)?);
    }
    Ok(ModelRequest {
        provider: call.provider.clone(),
        model: call.model.clone(),
        base_url: agent.get(&TextName::BASE_URL).map(str::to_owned),
        settings: agent.get(&TextName::SETTINGS).map(str::to_owned),
        messages,
        tools: Vec::new(),
        schema: Some(schema),
        max_output: call.max_output,
        deadline: call.deadline,
    })
}

/// The ready shape of a task, if it has one.
fn shape(submitted: &Event) -> Option<&'static Shape> {
    let Event::Task(TaskEvent::TaskSubmitted(submitted)) = submitted else {
        return None;
    };
    match &submitted.plan {
        TaskPlan::Answer { shape, .. } => shape.as_ref().and_then(Shape::of),
        TaskPlan::Triage { .. } | TaskPlan::Collective { .. } | TaskPlan::Sessions { .. } => None,
    }
}

/// The answer that was not of the shape asked for, and what was wrong with it.
fn what_was_wrong(
    reader: &Reader,
    hub: &HubId,
    call: &Call,
    attempt: u32,
) -> Result<[Message; 2], PromptError> {
    let story = Query::stream(hub.clone(), StreamId::task(call.task)).backward();
    for recorded in reader.read(story) {
        let recorded = recorded?;
        let Event::Invocation(InvocationEvent::InvocationFailed(failed)) = &recorded.event else {
            continue;
        };
        if (failed.invocation, failed.attempt) != (call.invocation, attempt) {
            continue;
        }
        let most = usize::try_from(document_bound(call.max_output)).unwrap_or(usize::MAX);
        let said = cut(recorded.texts.get(&TextName::CONTENT).unwrap_or(""), most).to_owned();
        let wrong = cut(recorded.texts.get(&TextName::REASON).unwrap_or(""), MEND_REASON - 256);
        let words = format!(
            "This answer cannot be used: {wrong}. Answer once more, with nothing but the JSON \
             object asked for."
        );
        return Ok([
            Message { role: MessageRole::Assistant, parts: vec![Part::Text(said)] },
            Message { role: MessageRole::User, parts: vec![Part::Text(words)] },
        ]);
    }
    Err(PromptError::Missing("answer to mend"))
}

/// How many earlier requests a delegation is shown.
pub(crate) const EARLIER: u64 = 8;

/// Among how many of the log's newest they are looked for: other hubs' requests lie between.
const LOOKED_AT: usize = 1_000;

/// The most bytes it is shown of each one's title.
pub(crate) const EARLIER_TITLE: u64 = 256;

/// The recommendations that a task's contributions may choose from; empty where any is allowed.
fn allowed(submitted: &Event) -> Vec<Key> {
    let Event::Task(TaskEvent::TaskSubmitted(submitted)) = submitted else {
        return Vec::new();
    };
    submitted.plan.rules().allowed.clone()
}

/// The scope of a delegation in words: its own, or those of the wish that asked for it.
fn scope(reader: &Reader, hub: &HubId, delegation: DelegationId) -> Result<String, PromptError> {
    let story = read(reader, hub, StreamId::delegation(delegation))?;
    let requested = story.iter().find_map(|recorded| {
        let Event::Delegation(DelegationEvent::DelegationRequested(facts)) = &recorded.event else {
            return None;
        };
        Some((recorded, facts))
    });
    let (recorded, facts) = requested.ok_or(PromptError::Missing("delegation"))?;
    let Some(wish) = facts.wish else {
        let scope = recorded.texts.get(&TextName::SCOPE).map(str::to_owned);
        return scope.ok_or(PromptError::Missing("scope"));
    };
    for recorded in reader.read(Query::stream(hub.clone(), StreamId::task(facts.task))) {
        let recorded = recorded?;
        if recorded.envelope.id == wish {
            let scope = recorded.texts.get(&TextName::SCOPE).map(str::to_owned);
            return scope.ok_or(PromptError::Missing("scope"));
        }
    }
    Err(PromptError::Missing("wish"))
}

/// The titles of the hub's requests before this one, the newest first, as data.
fn earlier(reader: &Reader, hub: &HubId, before: Position) -> Result<Vec<Part>, PromptError> {
    let mut documents = Vec::new();
    let query = Query::event_type("TaskSubmitted").to(before).backward().without_bodies();
    for recorded in reader.read(query).take(LOOKED_AT) {
        let recorded = recorded?;
        let Event::Task(TaskEvent::TaskSubmitted(submitted)) = &recorded.event else { continue };
        if recorded.envelope.hub != *hub || recorded.envelope.position == before {
            continue;
        }
        let title = recorded.texts.get(&TextName::TITLE).unwrap_or("");
        let most = usize::try_from(EARLIER_TITLE).unwrap_or(usize::MAX);
        let (id, content) = (submitted.task.to_string(), cut(title, most).to_owned());
        documents.push(Part::Document { id, content });
        if u64::try_from(documents.len()).unwrap_or(u64::MAX) >= EARLIER {
            break;
        }
    }
    Ok(documents)
}

/// Why a mediator is called in, and the newest of what was said on its task until then, as data.
fn said_so_far(call: &Call, story: Events) -> Result<Vec<Part>, PromptError> {
    let mut why = None;
    let mut said = VecDeque::new();
    for recorded in story {
        let recorded = recorded?;
        if recorded.envelope.id == call.cause {
            break;
        }
        let texts = &recorded.texts;
        if let Event::Coordination(CoordinationEvent::ThresholdReached(reached)) = &recorded.event {
            let reason = texts.get(&TextName::REASON).unwrap_or("");
            why = Some(format!("\n\n{}: {reason}", reached.trigger));
        } else if let Some(content) = texts.get(&TextName::CONTENT) {
            let id = recorded.envelope.position.to_string();
            let content = cut(content, coordination::SHOWN_BYTES).to_owned();
            said.push_back(Part::Document { id, content });
            if said.len() > coordination::SHOWN {
                said.pop_front();
            }
        }
    }
    let why = why.ok_or(PromptError::Missing("reason to be called in"))?;
    let why = Part::Text(cut(&why, coordination::INTRODUCTION).to_owned());
    Ok(std::iter::once(why).chain(said).collect())
}

fn read(reader: &Reader, hub: &HubId, stream: StreamId) -> Result<Vec<Recorded>, PromptError> {
    Ok(reader.read(Query::stream(hub.clone(), stream)).collect::<Result<_, _>>()?)
}

fn agent_texts(
    reader: &Reader,
    hub: &HubId,
    agent: AgentId,
    version: u32,
) -> Result<Texts, PromptError> {
    let is_version = |recorded: &Recorded| {
        let Event::Registry(event) = &recorded.event else {
            return false;
        };
        match event {
            RegistryEvent::AgentRegistered(_) => version == 1,
            RegistryEvent::AgentRevised(revised) => revised.version == version,
            RegistryEvent::AgentDeactivated(_)
            | RegistryEvent::AgentReactivated(_)
            | RegistryEvent::TaskTypeRegistered(_) => false,
        }
    };
    let history = read(reader, hub, StreamId::agent(agent))?;
    let found = history.into_iter().find(is_version).ok_or(PromptError::Missing("agent"))?;
    Ok(found.texts)
}
