//! Voting: a question is put to agents of a task, and decided by their ballots.

use std::collections::{BTreeMap, BTreeSet};

use convoke_events::{
    ActionRefusal, AgentId, ArtifactType, Ballot, CoordinationEvent, Key, ProposalId, Slug, TaskId,
    TextName, Texts, VoteCast, VoteDecided, VoteId, VoteOpened, VoteResult,
};

use serde::Serialize;

use super::Joint;
use super::saying::{Done, one};
use crate::action::{self, Actor};
use crate::decision::{Draft, Story};
use crate::refusal::Refusal;
use crate::state::State;

/// A question for agents of a task to vote on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VoteOpening {
    /// On which task.
    pub task: TaskId,
    /// On which proposal of it, if on one; such a vote goes on when the task has ended.
    pub proposal: Option<ProposalId>,
    /// What the agents call it, in one to four words.
    pub subject: String,
    /// The question.
    pub question: String,
    /// Who has to vote, and can stop it alone; others may vote as well.
    pub required: BTreeSet<Slug>,
}

/// A vote of a task's agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Vote {
    pub(super) proposal: Option<ProposalId>,
    pub(super) artifact: ArtifactType,
    required: BTreeSet<AgentId>,
    ballots: BTreeMap<AgentId, Ballot>,
    pub(super) decided: bool,
}

/// How many voted what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    accepts: u32,
    rejects: u32,
    abstentions: u32,
}

impl Vote {
    pub(super) fn new(opened: &VoteOpened) -> Self {
        Self {
            proposal: opened.proposal,
            artifact: opened.artifact.clone(),
            required: opened.required.clone(),
            ballots: BTreeMap::new(),
            decided: false,
        }
    }

    pub(super) fn cast(&mut self, agent: AgentId, ballot: Ballot) {
        self.ballots.insert(agent, ballot);
    }

    fn count(&self) -> Count {
        let mut count = Count::default();
        for ballot in self.ballots.values() {
            let counted = match ballot {
                Ballot::Accept => &mut count.accepts,
                Ballot::Reject => &mut count.rejects,
                Ballot::Abstain => &mut count.abstentions,
            };
            *counted = counted.saturating_add(1);
        }
        count
    }

    /// How the vote has ended, if it has: a required agent's reject ends it at once, else it is open
    /// until all required agents have voted.
    fn result(&self) -> Option<VoteResult> {
        let of_required = |ballot: Ballot| {
            self.required.iter().any(|agent| self.ballots.get(agent) == Some(&ballot))
        };
        if of_required(Ballot::Reject) {
            return Some(VoteResult::Vetoed);
        }
        if !self.required.iter().all(|agent| self.ballots.contains_key(agent)) {
            return None;
        }
        let Count { accepts, rejects, .. } = self.count();
        Some(if accepts > rejects { VoteResult::Passed } else { VoteResult::Failed })
    }
}

/// The id of the vote on a subject of a task.
pub(super) fn id_of(task: TaskId, subject: &Key) -> VoteId {
    VoteId::derive(&[&task.to_string(), subject.as_str()])
}

/// Puts a question to agents of a task, or finds that it was put to them.
pub(crate) fn open(state: &State, opening: &VoteOpening) -> Result<Vec<Draft>, Refusal> {
    let VoteOpening { task, proposal, subject, question, required } = opening;
    let (task, hub) = (*task, &state.hub);
    let too_little = |what, least| Refusal::TooLittle { what, least };
    let key = Key::canonical(subject);
    let subject = key.ok_or_else(|| too_little("a vote's subject", "one letter or digit"))?;
    if required.is_empty() {
        return Err(too_little("the number of agents who have to vote", "1"));
    }
    let agents = required.iter().map(|slug| state.registry.by_slug(hub, slug));
    let required: BTreeSet<AgentId> = agents.collect::<Result<_, _>>()?;
    if !state.tasks.knows(task) {
        return Err(Refusal::TaskUnknown { task, hub: hub.clone() });
    }
    let artifact = match proposal {
        Some(proposal) => {
            let pending = state.proposals.pending_on(*proposal, task);
            pending
                .ok_or_else(|| Refusal::ProposalUnknown { proposal: *proposal, hub: hub.clone() })?
        }
        None => state.work(task).map(|work| work.artifact).ok_or(Refusal::TaskEnded { task })?,
    };
    let vote = id_of(task, &subject);
    let known = state.coordination.of(task).votes.get(&vote).map(|known| known.required.clone());
    match known {
        Some(known) if known == required => return Ok(Vec::new()),
        Some(_) => return Err(Refusal::VoteDiffers { subject }),
        None => {}
    }
    let facts = VoteOpened { vote, task, proposal: *proposal, subject, artifact, required };
    let texts = Texts::none().with(TextName::BODY, question);
    Ok(vec![Story { task, cause: None }.on_task(facts, texts)])
}

/// Casts a ballot, and decides the vote where that is the last it takes.
pub(crate) fn vote(joint: &Joint, story: Story, actor: &Actor, ballot: &action::Vote) -> Done {
    let subject = Key::canonical(&ballot.on).ok_or(ActionRefusal::Malformed)?;
    let id = id_of(story.task, &subject);
    let mut vote = joint.votes.get(&id).cloned().ok_or(ActionRefusal::VoteUnknown)?;
    if vote.decided {
        return Err(ActionRefusal::VoteDecided);
    }
    let Actor { agent, agent_version, .. } = *actor;
    if vote.ballots.contains_key(&agent) {
        return Err(ActionRefusal::VotedBefore);
    }
    vote.cast(agent, ballot.ballot);
    let (task, ballot, reason) = (story.task, ballot.ballot, &ballot.reason);
    let cast = VoteCast { vote: id, task, agent, agent_version, ballot };
    let texts = Texts::none().with(TextName::REASON, reason);
    let mut done = vec![one(story, CoordinationEvent::VoteCast(cast), texts)];
    if let Some(result) = vote.result() {
        let Count { accepts, rejects, abstentions } = vote.count();
        let decided = VoteDecided { vote: id, task, result, accepts, rejects, abstentions };
        done.push(one(story, CoordinationEvent::VoteDecided(decided), Texts::none()));
    }
    Ok(done)
}
