//! What waits for a person: since when, what it blocks, and what would resolve it.

use std::collections::BTreeMap;

use convoke_events::{
    AccountId, BudgetEvent, Event, HubId, InvocationEvent, InvocationId, Recorded, Recourse,
    TaskEvent, TaskId, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::proposals::{Proposal, ProposalStatus};
use crate::trust::Evidence;
use crate::{Budgets, Projection, Proposals, Trust};

/// Everything from which it follows what waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    proposals: Proposals,
    budgets: Budgets,
    closed: BTreeMap<AccountId, Timestamp>,
    tasks: BTreeMap<InvocationId, TaskId>,
    doubtful: BTreeMap<InvocationId, Doubtful>,
    trust: Trust,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Doubtful {
    hub: HubId,
    task: TaskId,
    since: Timestamp,
}

/// Why something waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A proposal waits for review.
    Proposal,
    /// Contributions do not agree, and people have to say which holds.
    Divergence,
    /// One of two people agreed; another one has to.
    SecondReviewer,
    /// A proposal was applied without a person, and nobody has looked at it since.
    Unreviewed,
    /// A proposal waited too long, and can no longer be reviewed.
    Expired,
    /// An overrun closed an account.
    ClosedAccount,
    /// Nobody knows whether a call was answered.
    CallInDoubt,
    /// An agent has earned a tier that only a person gives.
    PromotionDue,
}

/// One thing that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// In which hub.
    pub hub: HubId,
    /// Why.
    pub cause: Cause,
    /// Its id: of the proposal, the account, the call or the agent.
    pub id: String,
    /// What it is, in words.
    pub about: String,
    /// Since when.
    pub since: Timestamp,
    /// What cannot go on before, in words.
    pub blocks: String,
    /// What would resolve it, in words.
    pub resolve: String,
}

impl Attention {
    /// Everything that waits for a person at this moment, the longest first.
    pub fn waiting(&self, now: Timestamp) -> Vec<Waiting> {
        let proposals = self.proposals.iter().filter(|one| one.status == ProposalStatus::Pending);
        let mut waiting: Vec<Waiting> = proposals.map(|one| of_proposal(one, now)).collect();
        waiting.extend(self.budgets.iter().filter(|account| account.closed).map(|account| {
            let since = self.closed.get(&account.id).copied().unwrap_or(now);
            Waiting {
                hub: account.hub.clone(),
                cause: Cause::ClosedAccount,
                id: account.id.to_string(),
                about: account.label.clone(),
                since,
                blocks: "every call that would be paid from it".to_owned(),
                resolve: format!("convoke budgets reopen {} --reason …", account.id),
            }
        }));
        waiting.extend(self.doubtful.iter().map(|(call, doubtful)| Waiting {
            hub: doubtful.hub.clone(),
            cause: Cause::CallInDoubt,
            id: call.to_string(),
            about: format!("task {}", doubtful.task),
            since: doubtful.since,
            blocks: "its task".to_owned(),
            resolve: format!("look at it with convoke audit --task {}", doubtful.task),
        }));
        waiting.extend(self.trust.due().filter_map(of_promotion));
        waiting.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
        waiting
    }
}

fn of_promotion(evidence: Evidence) -> Option<Waiting> {
    let Evidence { hub, agent, slug, task_type, tier, due, .. } = evidence;
    let due = due?;
    Some(Waiting {
        hub,
        cause: Cause::PromotionDue,
        id: agent.to_string(),
        about: format!("`{slug}` has earned {} on `{task_type}`", due.to),
        since: due.since,
        blocks: format!("nothing: it works on at {tier}"),
        resolve: format!("convoke agents promote {slug} {task_type} --reason …"),
    })
}

fn of_proposal(proposal: &Proposal, now: Timestamp) -> Waiting {
    let review = format!("convoke review {} --accept, --reject or --revise FILE", proposal.id);
    let effect = || format!("whatever is to come of `{}`", proposal.artifact);
    let (cause, blocks, resolve) = if proposal.is_expired(now) {
        let again = "nothing can be decided on it: hand the request in again".to_owned();
        (Cause::Expired, effect(), again)
    } else if proposal.applied.is_some() {
        (Cause::Unreviewed, "nothing: it was applied".to_owned(), review)
    } else if let Some(first) = &proposal.first_review {
        let resolve = format!("somebody else than {}: {review}", first.reviewer);
        (Cause::SecondReviewer, effect(), resolve)
    } else if proposal.author.is_none() {
        let resolve = format!("{review}, with --key for the recommendation that holds");
        (Cause::Divergence, effect(), resolve)
    } else {
        (Cause::Proposal, effect(), review)
    };
    Waiting {
        hub: proposal.hub.clone(),
        cause,
        id: proposal.id.to_string(),
        about: proposal.title.clone(),
        since: proposal.made_at,
        blocks,
        resolve,
    }
}

impl Projection for Attention {
    const NAME: &'static str = "attention";
    const VERSION: u32 = 2;

    fn fold(&mut self, event: &Recorded) {
        self.proposals.fold(event);
        self.budgets.fold(event);
        self.trust.fold(event);
        let at = event.envelope.decided_at;
        if let Event::Budget(BudgetEvent::AccountClosed(facts)) = &event.event {
            self.closed.insert(facts.account, at);
        } else if let Event::Budget(BudgetEvent::AccountReopened(facts)) = &event.event {
            self.closed.remove(&facts.account);
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.tasks.retain(|_, task| *task != facts.task);
            self.doubtful.retain(|_, doubtful| doubtful.task != facts.task);
        } else if let Event::Invocation(call) = &event.event {
            self.called(event, call);
        }
    }
}

impl Attention {
    fn called(&mut self, event: &Recorded, call: &InvocationEvent) {
        match call {
            InvocationEvent::InvocationStarted(facts) => {
                self.tasks.insert(facts.invocation, facts.task);
                self.doubtful.remove(&facts.invocation);
            }
            InvocationEvent::InvocationRecovered(facts) if facts.then == Recourse::Person => {
                if let Some(task) = self.tasks.get(&facts.invocation).copied() {
                    let (hub, since) = (event.envelope.hub.clone(), event.envelope.decided_at);
                    self.doubtful.insert(facts.invocation, Doubtful { hub, task, since });
                }
            }
            InvocationEvent::InvocationRecovered(facts) => {
                self.doubtful.remove(&facts.invocation);
            }
            InvocationEvent::InvocationAnswered(facts) => {
                self.doubtful.remove(&facts.invocation);
            }
            InvocationEvent::InvocationFailed(facts) => {
                self.doubtful.remove(&facts.invocation);
            }
            InvocationEvent::OutcomeArrivedLate(_) => {}
        }
    }
}
