//! Joint work: what the agents of one task have done together, as far as it decides anything.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    AgentId, ArtifactType, Complexity, CoordinationEvent, CoordinationRules, EventId, InvocationId,
    InvocationStarted, Key, Measured, Purpose, Section, TaskId, Timestamp, Trigger, VoteId,
};

use super::voting::{Vote, id_of};

/// What the agents of one task have done together.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Joint {
    /// Since when nothing has happened on a task of sessions; of others their calls keep time.
    active: Option<Timestamp>,
    sections: BTreeMap<Section, u32>,
    sent: BTreeMap<AgentId, u32>,
    pub(super) votes: BTreeMap<VoteId, Vote>,
    /// The answers that stand against each other.
    keys: BTreeSet<Key>,
    complexity: Option<Complexity>,
    completed: bool,
    called_for: BTreeSet<Trigger>,
    /// The calls in flight, and those of them that are mediators'.
    calls: BTreeSet<InvocationId>,
    mediators: BTreeSet<InvocationId>,
    /// The newest event of its story.
    pub(super) cause: Option<EventId>,
}

impl Joint {
    /// The joint work on a task that agents work on in sessions, none of which did anything yet.
    pub(super) fn of_sessions(at: Timestamp) -> Self {
        Self { active: Some(at), ..Self::default() }
    }

    /// Somebody did something.
    pub(super) fn worked_on(&mut self, at: Timestamp) {
        self.active = self.active.map(|before| before.max(at));
    }

    pub(crate) fn take(&mut self, at: Timestamp, event: &CoordinationEvent) {
        self.worked_on(at);
        match event {
            CoordinationEvent::BoardPosted(posted) => {
                self.sections.insert(posted.section, posted.version);
                match (posted.section, &posted.key) {
                    (Section::Solutions, Some(key)) => self.proposed(key),
                    (Section::Consensus, _) => self.resolved(),
                    (Section::Solutions | Section::Problem | Section::Progress, _) => {}
                }
            }
            CoordinationEvent::MessageSent(sent) => {
                self.sent.insert(sent.from, sent.number);
                sent.key.iter().for_each(|key| self.proposed(key));
            }
            CoordinationEvent::VoteOpened(opened) => {
                self.votes.insert(opened.vote, Vote::new(opened));
            }
            CoordinationEvent::VoteCast(cast) => {
                if let Some(vote) = self.votes.get_mut(&cast.vote) {
                    vote.cast(cast.agent, cast.ballot);
                }
            }
            CoordinationEvent::VoteDecided(decided) => {
                if let Some(vote) = self.votes.get_mut(&decided.vote) {
                    vote.decided = true;
                }
            }
            CoordinationEvent::ComplexityDeclared(declared) => {
                self.complexity = Some(declared.complexity);
            }
            CoordinationEvent::CompletionDeclared(_) => self.completed = true,
            CoordinationEvent::ThresholdReached(reached) => {
                self.called_for.insert(reached.trigger);
            }
            CoordinationEvent::CoordinationRulesSet(_) => {}
        }
    }

    /// An answer was given to the question of the task.
    pub(super) fn proposed(&mut self, key: &Key) {
        self.keys.insert(key.clone());
    }

    /// What stood against each other is resolved.
    pub(super) fn resolved(&mut self) {
        self.keys.clear();
    }

    pub(super) fn call_started(&mut self, at: Timestamp, started: &InvocationStarted) {
        self.worked_on(at);
        self.calls.insert(started.invocation);
        if started.purpose == Purpose::Mediation {
            self.mediators.insert(started.invocation);
        }
    }

    pub(super) fn call_ended(&mut self, at: Timestamp, invocation: InvocationId) {
        self.worked_on(at);
        self.calls.remove(&invocation);
        self.mediators.remove(&invocation);
    }

    /// The task has ended: what goes on is votes on its proposal.
    pub(super) fn end(&mut self) {
        let votes = std::mem::take(&mut self.votes);
        let goes_on = |vote: &Vote| vote.proposal.is_some() && !vote.decided;
        let votes = votes.into_iter().filter(|(_, vote)| goes_on(vote)).collect();
        *self = Self { votes, ..Self::default() };
    }

    /// Whether a vote is open.
    pub(super) fn is_voting(&self) -> bool {
        self.votes.values().any(|vote| !vote.decided)
    }

    pub(super) fn is_mediated(&self) -> bool {
        !self.mediators.is_empty()
    }

    pub(super) fn is_called(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Since when nobody works on the task, where that is watched: an agent whose model is being
    /// called works.
    pub(super) fn idle_since(&self) -> Option<Timestamp> {
        let waits = self.calls.is_empty() && !self.completed;
        self.active.filter(|_| waits && !self.called_for.contains(&Trigger::Stuck))
    }

    /// What is measured where a trigger calls for a mediator, and has not before. How long a task
    /// has been idle is a matter of the time, which nobody knows here.
    pub(super) fn measure(&self, trigger: Trigger, rules: &CoordinationRules) -> Option<Measured> {
        if self.called_for.contains(&trigger) {
            return None;
        }
        match trigger {
            Trigger::Stuck => None,
            Trigger::Conflict => {
                let found = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
                let limit = rules.conflicts;
                (found >= limit).then_some(Measured::Conflicts { found, limit })
            }
            Trigger::Complexity => {
                let (found, limit) = (self.complexity?, rules.complexity);
                (found > limit).then_some(Measured::Complexity { found, limit })
            }
            Trigger::Success => self.completed.then_some(Measured::Completed),
        }
    }

    /// The version that the next post makes of a part.
    pub(super) fn next_version(&self, section: Section) -> u32 {
        self.sections.get(&section).copied().unwrap_or_default().saturating_add(1)
    }

    /// The number of a sender's next message.
    pub(super) fn next_message(&self, from: AgentId) -> u32 {
        self.sent.get(&from).copied().unwrap_or_default().saturating_add(1)
    }

    /// What a vote of the task is about, as governance names it, if there is such a vote.
    pub(crate) fn voted_on(&self, task: TaskId, subject: &str) -> Option<ArtifactType> {
        let vote = id_of(task, &Key::canonical(subject)?);
        self.votes.get(&vote).map(|vote| vote.artifact.clone())
    }
}
