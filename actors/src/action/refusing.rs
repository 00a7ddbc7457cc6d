//! Refusing: what is recorded of an action that was not done, and in which words.

use convoke_events::{ActionKind, ActionRefusal, ActionRefused, TextName, Texts};

use super::doing::Actor;
use crate::decision::{Draft, Refused, Story, cut};
use crate::governance;
use crate::state::State;

/// The most bytes that are kept of an action that could not be read.
const KEPT: usize = 2_048;

/// Records that an action was refused.
pub(super) fn refused(
    state: &State,
    story: Story,
    actor: &Actor,
    action: ActionKind,
    because: ActionRefusal,
) -> Refused {
    let why = in_words(state, actor, action, &because);
    let facts = facts(story, actor, action, because);
    let texts = Texts::none().with(TextName::REASON, why.clone());
    Refused { draft: Box::new(story.on_task(facts, texts)), why }
}

/// Records that work was refused, in the words of the rule.
pub(super) fn out_of_order(story: Story, actor: &Actor, why: &str) -> Draft {
    let facts = facts(story, actor, ActionKind::Work, ActionRefusal::Procedure);
    story.on_task(facts, Texts::none().with(TextName::REASON, why))
}

/// Records an action that could not be read, with its own words.
pub(super) fn unread(
    story: Story,
    actor: &Actor,
    action: ActionKind,
    content: &str,
    why: &str,
) -> Draft {
    let facts = facts(story, actor, action, ActionRefusal::Malformed);
    let texts = Texts::none()
        .with(TextName::REASON, cut(why, KEPT))
        .with(TextName::CONTENT, cut(content, KEPT));
    story.on_task(facts, texts)
}

fn facts(story: Story, actor: &Actor, action: ActionKind, because: ActionRefusal) -> ActionRefused {
    let Actor { agent, agent_version, .. } = *actor;
    ActionRefused { agent, agent_version, task: story.task, action, because }
}

fn in_words(state: &State, actor: &Actor, action: ActionKind, because: &ActionRefusal) -> String {
    match because {
        ActionRefusal::Malformed => {
            "a recommendation has a letter or digit, a complexity is from 0 to 1".to_owned()
        }
        ActionRefusal::TooMany { limit } => format!("one answer asks for {limit} actions at most"),
        ActionRefusal::NotHeard { purpose } => {
            format!("a {purpose} says something, and does nothing")
        }
        ActionRefusal::Ended => "nobody works on the task any more".to_owned(),
        ActionRefusal::Inactive => "the agent is not active".to_owned(),
        ActionRefusal::Blocked { verb, artifact, because } => {
            let (slug, why) = (state.registry.slug(actor.agent), governance::in_words(because));
            format!("{slug} may not {verb} `{artifact}`: {why}")
        }
        ActionRefusal::ReceiverUnknown => "there is no other active agent of that slug".to_owned(),
        ActionRefusal::VoteUnknown => "the task has no vote on that".to_owned(),
        ActionRefusal::VoteDecided => "the vote is decided".to_owned(),
        ActionRefusal::VotedBefore => "the agent has voted on this".to_owned(),
        ActionRefusal::Procedure => "the procedure forbids it".to_owned(),
        ActionRefusal::TooLarge { size, limit } => {
            format!("the {action} takes {size} bytes, more than the {limit} allowed")
        }
    }
}
