//! Bidding: bids are collected until a deadline, and late ones refused, on record.

use std::collections::BTreeMap;

use convoke_events::{
    AgentId, BidPlaced, BidRefusal, BidRefused, BiddingClosed, BiddingOpened, DecisionId, Rate,
    RoutingEvent, Slug, TaskId, Texts, Timestamp, Way,
};

use super::choose::{Question, Sought};
use super::{way, written};
use crate::decision::{Decision, Draft, Story};
use crate::refusal::Refusal;
use crate::state::State;

/// What is collected for one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bidding {
    opened: BiddingOpened,
    /// In the order they came.
    bids: Vec<(AgentId, Rate)>,
    closed: bool,
}

/// The biddings of a hub; of one whose task has ended only what late bids are told by remains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Biddings {
    /// The newest of each task.
    open: BTreeMap<TaskId, Bidding>,
    known: BTreeMap<DecisionId, TaskId>,
}

impl Biddings {
    pub(super) fn evolve(&mut self, event: &RoutingEvent) {
        match event {
            RoutingEvent::BiddingOpened(opened) => {
                self.known.insert(opened.decision, opened.task);
                let bidding = Bidding { opened: opened.clone(), bids: Vec::new(), closed: false };
                self.open.insert(opened.task, bidding);
            }
            RoutingEvent::BidPlaced(placed) => {
                if let Some(bidding) = self.open.get_mut(&placed.task) {
                    bidding.bids.push((placed.agent, placed.amount));
                }
            }
            RoutingEvent::BiddingClosed(closed) => {
                if let Some(bidding) = self.open.get_mut(&closed.task) {
                    bidding.closed = true;
                }
            }
            RoutingEvent::RoutingPolicySet(_)
            | RoutingEvent::RoutingDecided(_)
            | RoutingEvent::CandidatesListed(_)
            | RoutingEvent::RoutingRulesSet(_)
            | RoutingEvent::TaskWordsFound(_)
            | RoutingEvent::BidRefused(_) => {}
        }
    }

    pub(super) fn forget(&mut self, task: TaskId) {
        self.open.remove(&task);
    }

    /// The bids on what is sought, in the order they came.
    pub(super) fn bids(&self, sought: Sought<'_>) -> &[(AgentId, Rate)] {
        let bidding = self.open.get(&sought.task).filter(|bidding| bidding.is_for(sought));
        bidding.map_or(&[], |bidding| &bidding.bids)
    }

    /// When the next bidding ends, and on which task.
    pub(super) fn next_end(&self) -> Option<(Timestamp, TaskId)> {
        let open = self.open.values().filter(|bidding| !bidding.closed);
        open.map(|bidding| (bidding.opened.closes, bidding.opened.task)).min()
    }
}

impl Bidding {
    fn is_for(&self, Sought { purpose, task_type, .. }: Sought<'_>) -> bool {
        (self.opened.purpose, &self.opened.task_type) == (purpose, task_type)
    }
}

/// Opens the bidding that has to come before a decision, if one has to.
pub(crate) fn open(state: &State, question: Question<'_>, now: Timestamp) -> Option<Vec<Draft>> {
    let Question { story, purpose, task_type } = question;
    let routing = &state.routing;
    let Some(Way::Bid(rule)) = way(&routing.policies, &routing.rules, task_type) else {
        return None;
    };
    let sought = Sought { task: story.task, purpose, task_type };
    let known = routing.biddings.open.get(&story.task);
    if rule.window_ms == 0 || known.is_some_and(|bidding| bidding.is_for(sought)) {
        return None;
    }
    let opened = BiddingOpened {
        decision: written::id_of(question, ""),
        task: story.task,
        purpose,
        task_type: task_type.clone(),
        closes: now.plus(std::time::Duration::from_millis(rule.window_ms)),
    };
    Some(vec![story.on_task(opened, Texts::none())])
}

/// Takes a bid in, or refuses it on record.
pub(crate) fn place(
    state: &State,
    decision: DecisionId,
    slug: &Slug,
    amount: Rate,
    now: Timestamp,
) -> Decision {
    let biddings = &state.routing.biddings;
    let agent = match state.registry.by_slug(&state.hub, slug) {
        Ok(agent) => agent,
        Err(refusal) => return Err(refusal).into(),
    };
    let Some(task) = biddings.known.get(&decision).copied() else {
        return Err(Refusal::BiddingUnknown { decision }).into();
    };
    let story = Story { task, cause: None };
    let open = biddings.open.get(&task).filter(|open| {
        open.opened.decision == decision && !open.closed && open.opened.closes > now
    });
    let known = state.registry.get(agent).filter(|known| known.works());
    let (because, why) = match (open, known) {
        (None, _) => (BidRefusal::Late, "the deadline has passed"),
        (Some(_), None) => (BidRefusal::AgentInactive, "the agent is not active"),
        (Some(open), Some(_)) if open.bids.iter().any(|(bidder, _)| *bidder == agent) => {
            (BidRefusal::AlreadyBid, "the agent has bid before")
        }
        (Some(_), Some(known)) => {
            let agent_version = known.version;
            let placed = BidPlaced { decision, task, agent, agent_version, amount };
            return Decision::of(vec![story.on_task(placed, Texts::none())]);
        }
    };
    let refused = BidRefused { decision, task, agent, amount, because };
    let events = vec![story.on_task(refused, Texts::none())];
    Decision { events, answer: Err(Refusal::BidRefused { slug: slug.clone(), why }) }
}

/// Ends a bidding whose deadline has passed: its decision is owed.
pub(crate) fn close(state: &State, task: TaskId, now: Timestamp) -> Vec<Draft> {
    let open = state.routing.biddings.open.get(&task);
    let over = open.filter(|bidding| !bidding.closed && bidding.opened.closes <= now);
    let draft = |bidding: &Bidding| {
        let closed = BiddingClosed { decision: bidding.opened.decision, task };
        Story { task, cause: None }.on_task(closed, Texts::none())
    };
    over.map(draft).into_iter().collect()
}
