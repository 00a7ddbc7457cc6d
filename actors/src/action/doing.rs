//! Doing: the one place that says whether an action is done.

use convoke_events::{
    ActionKind, ActionRefusal, AgentId, Amount, ArtifactType, CollectiveId, DelegationId, EventId,
    InvocationId, InvocationStarted, Key, MAX_TEXT, Principal, Purpose, Timestamp, Tokens,
};

use super::reading::{MAX_ACTIONS, Wanted, may_act};
use super::refusing::{out_of_order, refused, unread};
use super::{Act, Action, Delegate};
use crate::collective;
use crate::coordination::{self, Joint};
use crate::decision::{Decision, Draft, Refused, Story};
use crate::delegation::{Handing, Scope, Sender, Wish};
use crate::governance::{Attempt, Denial, enforce};
use crate::lifecycle::{self, WorkAction};
use crate::refusal::Refusal;
use crate::registry::Agent;
use crate::state::State;

/// The most bytes that an agent may say in one action.
const MAX_SAID: usize = 16 * 1_024;

/// The longest reason or scope, in bytes.
const MAX_REASON: usize = 1_024;

/// Who acts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Actor {
    pub(crate) agent: AgentId,
    pub(crate) agent_version: u32,
    /// The delegation it works on, if on one.
    pub(crate) delegation: Option<DelegationId>,
}

/// Does, or refuses, what the host asks for in the name of an agent. A refusal is recorded too.
pub(crate) fn asked(state: &State, principal: &Principal, act: &Act, now: Timestamp) -> Decision {
    let refuse = |refusal| Decision { events: Vec::new(), answer: Err(refusal) };
    let Principal::Agent(agent) = *principal else {
        return refuse(Refusal::NotAnAgent);
    };
    let Some(known) = state.registry.get(agent) else {
        return refuse(Refusal::NotAnAgent);
    };
    let Act { task, delegation, action } = act;
    if !state.tasks.knows(*task) {
        return refuse(Refusal::TaskUnknown { task: *task, hub: state.hub.clone() });
    }
    let actor = Actor { agent, agent_version: known.version, delegation: *delegation };
    let story = Story { task: *task, cause: None };
    let mut acting = Acting::new(state, story, actor, Amount::ZERO, now);
    if let Action::Work(work) = action {
        return acting.work(action, work);
    }
    match acting.act(action) {
        Ok(drafts) => Decision::of(drafts),
        Err(Refused { draft, why }) => {
            let action = action.kind();
            Decision { events: vec![*draft], answer: Err(Refusal::ActionRefused { action, why }) }
        }
    }
}

/// Does, or refuses, what an answer asks for, one action after the other.
pub(crate) fn wanted(
    state: &State,
    story: Story,
    started: &InvocationStarted,
    wanted: &[Wanted],
    overrun: Amount,
    now: Timestamp,
) -> Vec<Draft> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let InvocationStarted { agent, agent_version, delegation, purpose, .. } = *started;
    let actor = Actor { agent, agent_version, delegation };
    let mut acting = Acting::new(state, story, actor, overrun, now);
    acting.contribution = collective::contribution(state, started);
    let mut drafts = Vec::new();
    for one in wanted {
        let refuse = |kind, because| *refused(state, story, &actor, kind, because).draft;
        match one {
            Wanted::Action(action @ Action::Work(work)) if may_act(purpose) => {
                drafts.extend(acting.work(action, work).events);
            }
            Wanted::Action(action) if may_act(purpose) => match acting.act(action) {
                Ok(done) => drafts.extend(done),
                Err(refused) => drafts.push(*refused.draft),
            },
            Wanted::Action(action) => {
                drafts.push(refuse(action.kind(), ActionRefusal::NotHeard { purpose }));
            }
            Wanted::Malformed { kind, content, why } => {
                drafts.push(unread(story, &actor, *kind, content, why));
            }
            Wanted::TooMany { .. } => {
                let limit = u32::try_from(MAX_ACTIONS).unwrap_or(u32::MAX);
                drafts.push(refuse(ActionKind::Unknown, ActionRefusal::TooMany { limit }));
            }
        }
    }
    drafts
}

/// The actions of one append, each decided on what those before it leave.
struct Acting<'a> {
    state: &'a State,
    story: Story,
    actor: Actor,
    joint: Joint,
    handing: Handing<'a>,
    now: Timestamp,
    /// The state as the work done so far leaves it.
    worked: Option<Box<State>>,
    /// The collective to which they come with a contribution, and the call that made it.
    contribution: Option<(CollectiveId, InvocationId)>,
}

impl<'a> Acting<'a> {
    fn new(state: &'a State, story: Story, actor: Actor, overrun: Amount, now: Timestamp) -> Self {
        let sender = Sender { agent: actor.agent, parent: actor.delegation };
        let handing = Handing::new(state, story, sender, overrun, now);
        let joint = state.coordination.of(story.task);
        Self { state, story, actor, joint, handing, now, worked: None, contribution: None }
    }

    /// Does work, or refuses it: both are recorded, and a violation with what follows from it.
    fn work(&mut self, action: &Action, work: &WorkAction) -> Decision {
        let refused = match self.admitted(action) {
            Err(because) => {
                Some(refused(self.state, self.story, &self.actor, ActionKind::Work, because))
            }
            Ok(()) => None,
        };
        if let Some(Refused { draft, why }) = refused {
            let action = ActionKind::Work;
            return Decision {
                events: vec![*draft],
                answer: Err(Refusal::ActionRefused { action, why }),
            };
        }
        let state = self.worked.as_deref().unwrap_or(self.state);
        let mut decision = lifecycle::act(state, self.actor.agent, self.story.task, work, self.now);
        if let (Err(refusal), true) = (&decision.answer, decision.events.is_empty()) {
            let draft = out_of_order(self.story, &self.actor, &refusal.to_string());
            decision.events.push(draft);
        }
        self.answered(&mut decision);
        decision
    }

    /// What an answer asks for follows from the answer, and what comes after it in the answer from
    /// what it leaves. A host asks for one thing at a time.
    fn answered(&mut self, decision: &mut Decision) {
        if self.story.cause.is_none() {
            return;
        }
        let mut worked = self.worked.take().unwrap_or_else(|| Box::new(self.state.clone()));
        for draft in &mut decision.events {
            draft.cause = self.story.cause;
            worked.evolve(EventId::mint(self.now, 0), self.now, &draft.event);
        }
        self.worked = Some(worked);
    }

    /// Does an action, or says why not.
    fn act(&mut self, action: &Action) -> Result<Vec<Draft>, Refused> {
        let (kind, actor) = (action.kind(), self.actor);
        let refuse = |because| refused(self.state, self.story, &actor, kind, because);
        let joint = &self.joint;
        let (story, state) = (self.story, self.state);
        self.admitted(action).map_err(refuse)?;
        let drafts = match action {
            Action::Delegate(delegate) => {
                let wish = wish(delegate).map_err(refuse)?;
                return match self.contribution {
                    Some(to) => Ok(vec![collective::wished(story, to, &actor, &wish, delegate)]),
                    None => self.handing.hand(&wish),
                };
            }
            Action::Post(post) => coordination::post(joint, story, &actor, post),
            Action::Message(message) => coordination::message(state, joint, story, &actor, message),
            Action::Vote(vote) => coordination::vote(joint, story, &actor, vote),
            Action::DeclareComplexity(declared) => {
                coordination::complexity(story, &actor, declared)
            }
            Action::Complete(complete) => Ok(coordination::complete(story, &actor, complete)),
            Action::Work(_) => Ok(Vec::new()),
        };
        let done = drafts.map_err(refuse)?;
        let take = |(draft, event)| {
            self.joint.take(self.now, &event);
            draft
        };
        Ok(done.into_iter().map(take).collect())
    }

    /// The rules that hold for every action.
    fn admitted(&self, action: &Action) -> Result<(), ActionRefusal> {
        let (size, limit) = size(action);
        if size > limit {
            let bytes = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
            return Err(ActionRefusal::TooLarge { size: bytes(size), limit: bytes(limit) });
        }
        let state = self.worked.as_deref().unwrap_or(self.state);
        let (registry, agent, verb) = (&state.registry, self.actor.agent, action.verb());
        if matches!(action, Action::Delegate(_)) {
            // The rest is asked with the delegation itself, which records its own refusals; only what
            // the work before it in the same answer did is not known there.
            let stopped = self.worked.is_some() && !registry.get(agent).is_some_and(Agent::works);
            return if stopped { Err(ActionRefusal::Inactive) } else { Ok(()) };
        }
        if !registry.get(agent).is_some_and(|known| known.active) {
            return Err(ActionRefusal::Inactive);
        }
        let artifact = self.artifact(action)?;
        let (story, purpose) = (self.story, Purpose::Action);
        let attempt = Attempt { story, purpose, verb, artifact: &artifact };
        // The refusal of the action is what records the denial.
        match enforce(state, attempt, agent) {
            Ok(_) => Ok(()),
            Err(Denial { because, .. }) => Err(ActionRefusal::Blocked { verb, artifact, because }),
        }
    }

    /// What the action is about, as governance names it.
    fn artifact(&self, action: &Action) -> Result<ArtifactType, ActionRefusal> {
        let task = self.story.task;
        if let Action::Vote(vote) = action {
            // A vote on a proposal goes on when its task has ended.
            if let Some(artifact) = self.joint.voted_on(task, &vote.on) {
                return Ok(artifact);
            }
            let ended = self.state.work(task).is_none();
            return Err(if ended { ActionRefusal::Ended } else { ActionRefusal::VoteUnknown });
        }
        self.state.work(task).map(|work| work.artifact).ok_or(ActionRefusal::Ended)
    }
}

/// How many bytes an agent says in an action, and how many it may.
fn size(action: &Action) -> (usize, usize) {
    match action {
        Action::Delegate(delegate) => (delegate.scope.len(), MAX_REASON),
        Action::Post(post) => (post.text.len(), MAX_SAID),
        Action::Message(message) => (message.text.len(), MAX_SAID),
        Action::Vote(vote) => (vote.reason.len(), MAX_REASON),
        Action::DeclareComplexity(declared) => (declared.reason.len(), MAX_REASON),
        Action::Complete(complete) => (complete.reason.len(), MAX_REASON),
        Action::Work(work) => (work.size(), MAX_TEXT),
    }
}

fn wish(delegate: &Delegate) -> Result<Wish, ActionRefusal> {
    let Delegate { to, scope, tokens, trim } = delegate.clone();
    let key = Key::canonical(&scope).ok_or(ActionRefusal::Malformed)?;
    let (scope, tokens) = (Scope::Words(scope), tokens.map(Tokens::new));
    Ok(Wish { to, scope, key, tokens, trim })
}

/// The recommendation that an action names, if it names one.
pub(crate) fn key(named: Option<&str>) -> Result<Option<Key>, ActionRefusal> {
    named.map(|named| Key::canonical(named).ok_or(ActionRefusal::Malformed)).transpose()
}
