//! Saying: what an agent puts on the board, tells others, and says of its task.

use convoke_events::{
    ActionRefusal, BoardPosted, CompletionDeclared, Complexity, ComplexityDeclared,
    CoordinationEvent, MessageKind, MessageSent, Section, TaskId, TextName, Texts,
};

use super::Joint;
use crate::action::{self, Actor, Complete, DeclareComplexity, Message, Post};
use crate::decision::{Draft, Story};
use crate::refusal::Refusal;
use crate::state::State;

/// What an action leaves: a draft of it, and the event that is in the draft.
pub(crate) type Done = Result<Vec<(Draft, CoordinationEvent)>, ActionRefusal>;

/// Drafts one event of a task's agents.
pub(super) fn one(
    story: Story,
    event: CoordinationEvent,
    texts: Texts,
) -> (Draft, CoordinationEvent) {
    (story.on_task(convoke_events::Event::Coordination(event.clone()), texts), event)
}

/// Puts something on the board. Only a solution recommends something.
pub(crate) fn post(joint: &Joint, story: Story, actor: &Actor, post: &Post) -> Done {
    let key = action::key(post.key.as_deref())?;
    let facts = BoardPosted {
        task: story.task,
        section: post.section,
        version: joint.next_version(post.section),
        agent: actor.agent,
        agent_version: actor.agent_version,
        key: key.filter(|_| post.section == Section::Solutions),
    };
    let texts = Texts::none().with(TextName::CONTENT, &post.text);
    Ok(vec![one(story, CoordinationEvent::BoardPosted(facts), texts)])
}

/// Says something to another agent, or to all of the task. Only a proposal recommends something.
pub(crate) fn message(
    state: &State,
    joint: &Joint,
    story: Story,
    actor: &Actor,
    message: &Message,
) -> Done {
    let key = action::key(message.key.as_deref())?;
    let to = match &message.to {
        None => None,
        Some(slug) => {
            let to = state.registry.by_slug(&state.hub, slug).ok();
            let to = to.filter(|to| state.registry.get(*to).is_some_and(|known| known.active));
            let other = to.filter(|to| *to != actor.agent);
            Some(other.ok_or(ActionRefusal::ReceiverUnknown)?)
        }
    };
    let facts = MessageSent {
        task: story.task,
        from: actor.agent,
        from_version: actor.agent_version,
        number: joint.next_message(actor.agent),
        to,
        kind: message.kind,
        key: key.filter(|_| message.kind == MessageKind::Proposal),
    };
    let texts = Texts::none().with(TextName::CONTENT, &message.text);
    Ok(vec![one(story, CoordinationEvent::MessageSent(facts), texts)])
}

/// Says how hard the task is.
pub(crate) fn complexity(story: Story, actor: &Actor, declared: &DeclareComplexity) -> Done {
    let complexity = Complexity::new(declared.complexity).ok_or(ActionRefusal::Malformed)?;
    let by = Some((actor.agent, actor.agent_version));
    let facts = ComplexityDeclared { task: story.task, by, complexity };
    let texts = Texts::none().with(TextName::REASON, &declared.reason);
    Ok(vec![one(story, CoordinationEvent::ComplexityDeclared(facts), texts)])
}

/// Says at the host's word how hard a task is.
pub(crate) fn declared(
    state: &State,
    task: TaskId,
    complexity: Complexity,
    reason: &str,
) -> Result<Vec<Draft>, Refusal> {
    if !state.tasks.knows(task) {
        return Err(Refusal::TaskUnknown { task, hub: state.hub.clone() });
    }
    if state.work(task).is_none() {
        return Err(Refusal::TaskEnded { task });
    }
    let story = Story { task, cause: None };
    let facts = ComplexityDeclared { task: story.task, by: None, complexity };
    let texts = Texts::none().with(TextName::REASON, reason);
    Ok(vec![one(story, CoordinationEvent::ComplexityDeclared(facts), texts).0])
}

/// Says that the work is complete.
pub(crate) fn complete(
    story: Story,
    actor: &Actor,
    complete: &Complete,
) -> Vec<(Draft, CoordinationEvent)> {
    let Actor { agent, agent_version, .. } = *actor;
    let facts = CompletionDeclared { task: story.task, agent, agent_version };
    let texts = Texts::none().with(TextName::REASON, &complete.reason);
    vec![one(story, CoordinationEvent::CompletionDeclared(facts), texts)]
}
