//! Boards: what the agents of each task wrote, said, voted, and who was called in to help them.

use convoke_events::{
    ActionEvent, ActionKind, AgentId, Ballot, Complexity, CoordinationEvent, Event, HubId, Key,
    Measured, Mediation, MessageKind, Position, ProposalId, Recorded, Section, TaskId, TextName,
    Timestamp, Trigger, VoteId, VoteOpened, VoteResult,
};
use serde::{Deserialize, Serialize};

use crate::names::{Slugs, text};
use crate::{Entries, Listed, Page, Paging, Projection};

/// The blackboard of every task whose agents did something together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boards {
    all: Entries<Board>,
    slugs: Slugs,
}

/// What the agents of one task did together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// Of which hub.
    pub hub: HubId,
    /// Of which task.
    pub task: TaskId,
    /// The first event that speaks of it.
    pub position: Position,
    /// What was written on it, in order: of one section, by its versions.
    pub posts: Vec<Post>,
    /// What was said, in order.
    pub messages: Vec<Message>,
    /// What was voted on, in the order in which it was opened.
    pub votes: Vec<Vote>,
    /// How hard the task was said to be last.
    pub complexity: Option<Complexity>,
    /// Whether its work was said to be complete.
    pub completed: bool,
    /// What called for a mediator, in order.
    pub help: Vec<Help>,
    /// What agents asked for and did not get, in order.
    pub refused: Vec<Refused>,
}

/// Who did something, and where the log says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// Which agent.
    pub agent: AgentId,
    /// Its slug, or its id where no registration is known.
    pub slug: String,
    /// In which version.
    pub agent_version: u32,
    /// Where in the log.
    pub position: Position,
    /// When.
    pub at: Timestamp,
}

/// Something on a board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// In which section.
    pub section: Section,
    /// The section's version that it made, from 1.
    pub version: u32,
    /// By whom.
    pub by: By,
    /// What it recommends, where it is a solution.
    pub key: Option<Key>,
    /// What it says.
    pub text: Option<String>,
}

/// Something an agent said to others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who.
    pub by: By,
    /// Which of its sender's messages it is, from 1.
    pub number: u32,
    /// To whom, by slug; none is to all.
    pub to: Option<String>,
    /// What it is.
    pub kind: MessageKind,
    /// What it recommends, where it proposes something.
    pub key: Option<Key>,
    /// What it says.
    pub text: Option<String>,
}

/// A vote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Which.
    pub id: VoteId,
    /// On which proposal, if on one.
    pub proposal: Option<ProposalId>,
    /// What agents call it.
    pub subject: Key,
    /// The question.
    pub question: Option<String>,
    /// Who has to vote, by slug.
    pub required: Vec<String>,
    /// Who voted what, and why, in order.
    pub ballots: Vec<(By, Ballot, Option<String>)>,
    /// How it ended; none while it is open, or where its task ended before.
    pub result: Option<VoteResult>,
}

/// A call for a mediator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Help {
    /// What called for it.
    pub trigger: Trigger,
    /// What was measured.
    pub measured: Measured,
    /// Whether one came.
    pub mediation: Mediation,
    /// Where in the log.
    pub position: Position,
    /// When.
    pub at: Timestamp,
}

/// What an agent asked for and did not get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Who.
    pub by: By,
    /// What.
    pub action: ActionKind,
    /// Why not.
    pub reason: Option<String>,
}

impl Listed for Board {
    type Id = TaskId;

    fn id(&self) -> TaskId {
        self.task
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// Which boards are asked for; whatever is none passes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoardFilter {
    /// Of this hub.
    pub hub: Option<HubId>,
    /// For which something called for a mediator.
    pub trigger: Option<Trigger>,
}

impl BoardFilter {
    /// Whether the board is among those asked for.
    pub fn takes(&self, board: &Board) -> bool {
        let called = |trigger| board.help.iter().any(|help| help.trigger == trigger);
        self.hub.as_ref().is_none_or(|hub| *hub == board.hub) && self.trigger.is_none_or(called)
    }
}

impl Boards {
    /// A page of the boards that pass.
    pub fn page(&self, filter: &BoardFilter, paging: Paging) -> Page<'_, Board> {
        self.all.page(|one| filter.takes(one), paging)
    }

    /// The board of a task, if its agents did anything together.
    pub fn get(&self, task: TaskId) -> Option<&Board> {
        self.all.get(task)
    }

    /// Every board of every hub, in the order in which their agents began.
    pub fn iter(&self) -> impl Iterator<Item = &Board> {
        self.all.iter()
    }

    fn by(&self, recorded: &Recorded, agent: AgentId, agent_version: u32) -> By {
        let (position, at) = (recorded.envelope.position, recorded.envelope.decided_at);
        By { agent, slug: self.slugs.of(agent), agent_version, position, at }
    }

    fn board(&mut self, recorded: &Recorded, task: TaskId) -> &mut Board {
        self.all.get_or_add(task, || Board {
            hub: recorded.envelope.hub.clone(),
            task,
            position: recorded.envelope.position,
            posts: Vec::new(),
            messages: Vec::new(),
            votes: Vec::new(),
            complexity: None,
            completed: false,
            help: Vec::new(),
            refused: Vec::new(),
        })
    }

    fn together(&mut self, recorded: &Recorded, event: &CoordinationEvent) {
        let content = || text(recorded, &TextName::CONTENT);
        match event {
            CoordinationEvent::CoordinationRulesSet(_) => {}
            CoordinationEvent::BoardPosted(facts) => {
                let by = self.by(recorded, facts.agent, facts.agent_version);
                let (section, version, key) = (facts.section, facts.version, facts.key.clone());
                let post = Post { section, version, by, key, text: content() };
                self.board(recorded, facts.task).posts.push(post);
            }
            CoordinationEvent::MessageSent(facts) => {
                let message = Message {
                    by: self.by(recorded, facts.from, facts.from_version),
                    number: facts.number,
                    to: facts.to.map(|to| self.slugs.of(to)),
                    kind: facts.kind,
                    key: facts.key.clone(),
                    text: content(),
                };
                self.board(recorded, facts.task).messages.push(message);
            }
            CoordinationEvent::VoteOpened(facts) => self.opened(recorded, facts),
            CoordinationEvent::VoteCast(facts) => {
                let by = self.by(recorded, facts.agent, facts.agent_version);
                let ballot = (by, facts.ballot, text(recorded, &TextName::REASON));
                if let Some(vote) = self.vote(recorded, facts.task, facts.vote) {
                    vote.ballots.push(ballot);
                }
            }
            CoordinationEvent::VoteDecided(facts) => {
                if let Some(vote) = self.vote(recorded, facts.task, facts.vote) {
                    vote.result = Some(facts.result);
                }
            }
            CoordinationEvent::ComplexityDeclared(facts) => {
                self.board(recorded, facts.task).complexity = Some(facts.complexity);
            }
            CoordinationEvent::CompletionDeclared(facts) => {
                self.board(recorded, facts.task).completed = true;
            }
            CoordinationEvent::ThresholdReached(facts) => {
                let help = Help {
                    trigger: facts.trigger,
                    measured: facts.measured.clone(),
                    mediation: facts.mediation.clone(),
                    position: recorded.envelope.position,
                    at: recorded.envelope.decided_at,
                };
                self.board(recorded, facts.task).help.push(help);
            }
        }
    }

    fn opened(&mut self, recorded: &Recorded, facts: &VoteOpened) {
        let mut required: Vec<_> =
            facts.required.iter().map(|agent| self.slugs.of(*agent)).collect();
        required.sort();
        let vote = Vote {
            id: facts.vote,
            proposal: facts.proposal,
            subject: facts.subject.clone(),
            question: text(recorded, &TextName::BODY),
            required,
            ballots: Vec::new(),
            result: None,
        };
        self.board(recorded, facts.task).votes.push(vote);
    }

    fn vote(&mut self, recorded: &Recorded, task: TaskId, id: VoteId) -> Option<&mut Vote> {
        self.board(recorded, task).votes.iter_mut().find(|vote| vote.id == id)
    }
}

impl Projection for Boards {
    const NAME: &'static str = "boards";
    const VERSION: u32 = 2;

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        if let Event::Coordination(together) = &event.event {
            self.together(event, together);
        } else if let Event::Action(ActionEvent::ActionRefused(facts)) = &event.event {
            let by = self.by(event, facts.agent, facts.agent_version);
            let (action, reason) = (facts.action, text(event, &TextName::REASON));
            self.board(event, facts.task).refused.push(Refused { by, action, reason });
        }
    }
}
