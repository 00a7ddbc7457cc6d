//! Prompts: what an agent is told, put together from what is recorded.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, CollectiveEvent, Digest, Event, HubId, InvocationEvent, InvocationId, Purpose, Query,
    ReadError, Reader, Recorded, RegistryEvent, StreamId, TaskEvent, TextName, Texts,
};

use crate::answer;
use crate::budget::document_bound;
use crate::collective;
use crate::invocation::Call;
use crate::provider::{Message, MessageRole, ModelRequest, Part};

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
    let story = read(reader, hub, StreamId::task(call.task))?;
    let task = story
        .iter()
        .find(|recorded| matches!(recorded.event, Event::Task(TaskEvent::TaskSubmitted(_))));
    let task = &task.ok_or(PromptError::Missing("task"))?.texts;
    let title = task.get(&TextName::TITLE).ok_or(PromptError::Missing("title"))?;
    let body = task.get(&TextName::BODY).ok_or(PromptError::Missing("body"))?;
    let mut parts = vec![Part::Text(format!("{title}\n\n{body}"))];
    if call.purpose == Purpose::Synthesis {
        parts.extend(documents(reader, hub, call, &story)?);
    }
    let prompt = agent.get(&TextName::SYSTEM_PROMPT).unwrap_or("").to_owned();
    Ok(ModelRequest {
        provider: call.provider.clone(),
        model: call.model.clone(),
        base_url: agent.get(&TextName::BASE_URL).map(str::to_owned),
        settings: agent.get(&TextName::SETTINGS).map(str::to_owned),
        messages: vec![
            Message { role: MessageRole::System, parts: vec![Part::Text(prompt)] },
            Message { role: MessageRole::User, parts },
        ],
        tools: Vec::new(),
        schema: Some(answer::schema(call.purpose)),
        max_output: call.max_output,
        deadline: call.deadline,
    })
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
            RegistryEvent::AgentDeactivated(_) | RegistryEvent::AgentReactivated(_) => false,
        }
    };
    let history = read(reader, hub, StreamId::agent(agent))?;
    let found = history.into_iter().find(is_version).ok_or(PromptError::Missing("agent"))?;
    Ok(found.texts)
}

/// The contributions to a collective, as data, cut to their bound. Their order follows from the
/// digests of their ids: no participant can choose its place, and every replay has the same one.
fn documents(
    reader: &Reader,
    hub: &HubId,
    call: &Call,
    story: &[Recorded],
) -> Result<Vec<Part>, PromptError> {
    let collective = call.collective.unwrap_or_else(|| collective::id_of(call.task));
    let contents: BTreeMap<InvocationId, &str> = story
        .iter()
        .filter_map(|recorded| {
            let Event::Invocation(InvocationEvent::InvocationAnswered(answered)) = &recorded.event
            else {
                return None;
            };
            Some((answered.invocation, recorded.texts.get(&TextName::CONTENT)?))
        })
        .collect();
    let most = usize::try_from(document_bound(call.max_output)).unwrap_or(usize::MAX);
    let mut documents = BTreeMap::new();
    for recorded in read(reader, hub, StreamId::collective(collective))? {
        if let Event::Collective(CollectiveEvent::ContributionRecorded(one)) = recorded.event {
            let content = contents.get(&one.invocation).copied();
            let content = content.ok_or(PromptError::Missing("contribution"))?;
            let cut = content.get(..content.floor_char_boundary(most)).unwrap_or(content);
            let place =
                Digest::of_parts([&collective.as_bytes()[..], &one.invocation.as_bytes()[..]]);
            let id = one.invocation.to_string();
            documents.insert(place, Part::Document { id, content: cut.to_owned() });
        }
    }
    Ok(documents.into_values().collect())
}
