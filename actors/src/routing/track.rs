//! Track: what the hub has seen of its agents' bids, calls and reviewed work.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, BidRecord, Candidate, Credit, EventId, InvocationEvent, InvocationId, Keyword,
    Measure, ProposalId, TaskId, TaskType,
};

use super::words::Found;

/// What one agent has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Seen {
    calls: u32,
    answers: u32,
    total_us: u64,
    bids: u32,
    won: u32,
    decided: u32,
    right: u32,
    /// Right and wrong on tasks with a word.
    words: BTreeMap<Keyword, (u32, u32)>,
}

/// What the hub has seen of its agents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Track {
    agents: BTreeMap<AgentId, Seen>,
    in_flight: BTreeMap<InvocationId, AgentId>,
    /// The newest review of work on a task type.
    reviews: BTreeMap<TaskType, EventId>,
    /// The tasks of the proposals that wait, as far as their words are kept.
    proposals: BTreeMap<ProposalId, TaskId>,
}

impl Track {
    pub(super) fn heard(&mut self, event: &InvocationEvent) {
        match event {
            InvocationEvent::InvocationStarted(started) => {
                if self.in_flight.insert(started.invocation, started.agent).is_none() {
                    let seen = self.agents.entry(started.agent).or_default();
                    seen.calls = seen.calls.saturating_add(1);
                }
            }
            InvocationEvent::InvocationAnswered(answered) => {
                if let Some(seen) = self.landed(answered.invocation) {
                    seen.answers = seen.answers.saturating_add(1);
                    seen.total_us = seen.total_us.saturating_add(answered.latency_us);
                }
            }
            InvocationEvent::InvocationFailed(failed) => {
                self.landed(failed.invocation);
            }
            InvocationEvent::InvocationRecovered(_) | InvocationEvent::OutcomeArrivedLate(_) => {}
        }
    }

    fn landed(&mut self, invocation: InvocationId) -> Option<&mut Seen> {
        let agent = self.in_flight.remove(&invocation)?;
        let seen = self.agents.get_mut(&agent)?;
        seen.calls = seen.calls.saturating_sub(1);
        Some(seen)
    }

    /// Counts the bids of a decision, and who won.
    pub(super) fn bids_decided(&mut self, candidates: &[Candidate], selected: &[AgentId]) {
        let bid =
            |one: &&Candidate| one.scored.as_ref().is_some_and(|scored| scored.combined.is_some());
        for candidate in candidates.iter().filter(bid) {
            let seen = self.agents.entry(candidate.agent).or_default();
            seen.bids = seen.bids.saturating_add(1);
            seen.won = seen.won.saturating_add(u32::from(selected.contains(&candidate.agent)));
        }
    }

    pub(super) fn proposed(&mut self, proposal: ProposalId, task: TaskId) {
        self.proposals.insert(proposal, task);
    }

    /// The task whose proposal was reviewed, if its words are kept.
    pub(super) fn reviewed(&mut self, proposal: ProposalId) -> Option<TaskId> {
        self.proposals.remove(&proposal)
    }

    pub(super) fn awaits_review(&self, task: TaskId) -> bool {
        self.proposals.values().any(|waiting| *waiting == task)
    }

    /// Counts what a review says of agents' work on a task with these words.
    pub(super) fn credited(&mut self, id: EventId, credits: &[Credit], words: &Found) {
        for credit in credits {
            self.reviews.insert(credit.task_type.clone(), id);
            let seen = self.agents.entry(credit.agent).or_default();
            seen.decided = seen.decided.saturating_add(1);
            seen.right = seen.right.saturating_add(u32::from(credit.right));
            for word in words.keys() {
                let (right, wrong) = seen.words.entry(word.clone()).or_default();
                let counter = if credit.right { right } else { wrong };
                *counter = counter.saturating_add(1);
            }
        }
    }

    /// The newest review of work on a task type.
    pub(super) fn newest_review(&self, task_type: &TaskType) -> Option<EventId> {
        self.reviews.get(task_type).copied()
    }

    /// An agent's calls in flight and how long its answers took, as inputs of its score.
    pub(super) fn pace(&self, agent: AgentId) -> [Measure; 2] {
        let nothing = Seen::default();
        let Seen { calls, answers, total_us, .. } = *self.agents.get(&agent).unwrap_or(&nothing);
        [Measure::Load { calls }, Measure::Latency { answers, total_us }]
    }

    /// What an agent's strategy learns from, for a task with these words.
    pub(super) fn bids_of(&self, agent: AgentId, words: &Found) -> BidRecord {
        let Some(seen) = self.agents.get(&agent) else {
            return BidRecord::default();
        };
        let counted = words.keys().filter_map(|word| seen.words.get(word));
        let (word_wins, word_failures) = counted.fold((0_u32, 0_u32), |sum, of| {
            (sum.0.saturating_add(of.0), sum.1.saturating_add(of.1))
        });
        let Seen { bids, won, decided, right, .. } = *seen;
        BidRecord { bids, won, decided, right, word_wins, word_failures }
    }
}
