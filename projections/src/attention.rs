//! What waits for a person: since when, what it blocks, and what would resolve it.

mod work;

use std::collections::BTreeMap;
use std::time::Duration;

use convoke_events::{
    AccountId, ArtifactType, BudgetEvent, Event, HubId, Position, ProposalBasis, ProposalEvent,
    ProposalId, ProposalMade, Recorded, TaskEvent, TaskId, TextName, Timestamp,
};
use serde::{Deserialize, Serialize};

use self::work::Work;
use crate::budgets::label;
use crate::calls::{CallStatus, OpenCall};
use crate::names::{Slugs, text, who};
use crate::trust::Evidence;
use crate::wishes::Wishes;
use crate::{Calls, Entries, Listed, Projection, Trust};

/// Everything from which it follows what waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    /// What nobody has decided on.
    proposals: BTreeMap<ProposalId, Undecided>,
    /// Of the tasks that have not ended.
    titles: BTreeMap<TaskId, String>,
    accounts: Entries<Labelled>,
    closed: BTreeMap<AccountId, Timestamp>,
    calls: Calls,
    trust: Trust,
    work: Work,
    slugs: Slugs,
    wishes: Wishes,
}

/// A proposal that waits for a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Undecided {
    hub: HubId,
    title: String,
    artifact: ArtifactType,
    /// Whether it has an author; contributions that stand side by side have none.
    authored: bool,
    made_at: Timestamp,
    expires: Option<Timestamp>,
    applied: bool,
    /// Who was the first of two to decide.
    first: Option<String>,
}

/// What an account is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Labelled {
    account: AccountId,
    hub: HubId,
    label: String,
    position: Position,
}

impl Listed for Labelled {
    type Id = AccountId;

    fn id(&self) -> AccountId {
        self.account
    }

    fn position(&self) -> Position {
        self.position
    }
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
    /// An agent at work handed in a plan, and may not carry it out before.
    Plan,
    /// An agent left its work before the end.
    Handoff,
}

/// One thing that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// In which hub.
    pub hub: HubId,
    /// Why.
    pub cause: Cause,
    /// Its id: of the proposal, the account, the call, the agent or the task.
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
        let proposals = self.proposals.iter().map(|(id, one)| one.waiting(*id, now));
        let mut waiting: Vec<Waiting> = proposals.collect();
        waiting.extend(self.closed.iter().filter_map(|(id, since)| {
            let account = self.accounts.get(*id)?;
            Some(Waiting {
                hub: account.hub.clone(),
                cause: Cause::ClosedAccount,
                id: id.to_string(),
                about: account.label.clone(),
                since: *since,
                blocks: "every call that would be paid from it".to_owned(),
                resolve: format!("convoke budgets reopen {id} --reason …"),
            })
        }));
        let doubtful = self.calls.iter().filter(|call| call.status == CallStatus::InDoubt);
        waiting.extend(doubtful.map(of_call));
        waiting.extend(self.trust.due().filter_map(of_promotion));
        waiting.extend(self.work.waiting(&self.slugs));
        waiting.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
        waiting
    }
}

fn of_call(call: &OpenCall) -> Waiting {
    Waiting {
        hub: call.hub.clone(),
        cause: Cause::CallInDoubt,
        id: call.id.to_string(),
        about: format!("the {} of `{}` on task {}", call.purpose, call.slug, call.task),
        since: call.since,
        blocks: format!("task {}", call.task),
        resolve: format!("convoke calls resolve {} --repeat or --failed --reason …", call.id),
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

impl Undecided {
    fn waiting(&self, id: ProposalId, now: Timestamp) -> Waiting {
        let review = format!("convoke review {id} --accept, --reject or --revise FILE");
        let effect = || format!("whatever is to come of `{}`", self.artifact);
        let is_expired = !self.applied && self.expires.is_some_and(|expires| now > expires);
        let (cause, blocks, resolve) = if is_expired {
            let again = "nothing can be decided on it: hand the request in again".to_owned();
            (Cause::Expired, effect(), again)
        } else if self.applied {
            (Cause::Unreviewed, "nothing: it was applied".to_owned(), review)
        } else if let Some(first) = &self.first {
            (Cause::SecondReviewer, effect(), format!("somebody else than {first}: {review}"))
        } else if self.authored {
            (Cause::Proposal, effect(), review)
        } else {
            let resolve = format!("{review}, with --key for the recommendation that holds");
            (Cause::Divergence, effect(), resolve)
        };
        Waiting {
            hub: self.hub.clone(),
            cause,
            id: id.to_string(),
            about: self.title.clone(),
            since: self.made_at,
            blocks,
            resolve,
        }
    }
}

impl Projection for Attention {
    const NAME: &'static str = "attention";
    const VERSION: u32 = 5;

    fn quotes(event: &Event) -> bool {
        Calls::quotes(event)
            || matches!(
                event,
                Event::Hub(_) | Event::Task(_) | Event::Delegation(_) | Event::Proposal(_)
            )
    }

    fn fold(&mut self, event: &Recorded) {
        self.slugs.fold(&event.event);
        self.wishes.fold(event);
        self.trust.fold(event);
        self.work.fold(event);
        self.calls.fold(event);
        let at = event.envelope.decided_at;
        if let Some((account, label)) = label(event, &self.slugs, &self.wishes) {
            let (hub, position) = (event.envelope.hub.clone(), event.envelope.position);
            self.accounts.add(Labelled { account, hub, label, position });
        }
        if let Event::Task(TaskEvent::TaskSubmitted(facts)) = &event.event {
            let title = text(event, &TextName::TITLE).unwrap_or_default();
            self.titles.insert(facts.task, title);
        } else if let Event::Task(TaskEvent::TaskConcluded(facts)) = &event.event {
            self.titles.remove(&facts.task);
        } else if let Event::Budget(BudgetEvent::AccountClosed(facts)) = &event.event {
            self.closed.insert(facts.account, at);
        } else if let Event::Budget(BudgetEvent::AccountReopened(facts)) = &event.event {
            self.closed.remove(&facts.account);
        } else if let Event::Proposal(proposal) = &event.event {
            self.proposed(event, proposal);
        }
    }
}

impl Attention {
    fn proposed(&mut self, event: &Recorded, proposal: &ProposalEvent) {
        match proposal {
            ProposalEvent::ProposalMade(facts) if facts.blocked.is_none() => {
                self.made(event, facts);
            }
            ProposalEvent::ProposalApplied(facts) => {
                if let Some(undecided) = self.proposals.get_mut(&facts.proposal) {
                    undecided.applied = true;
                }
            }
            ProposalEvent::ReviewGiven(facts) => {
                if let Some(undecided) = self.proposals.get_mut(&facts.proposal) {
                    undecided.first = Some(who(event));
                }
            }
            ProposalEvent::ProposalReviewed(facts) => {
                self.proposals.remove(&facts.proposal);
            }
            ProposalEvent::ProposalMade(_)
            | ProposalEvent::ReviewRulesSet(_)
            | ProposalEvent::ReviewRefused(_) => {}
        }
    }

    fn made(&mut self, event: &Recorded, facts: &ProposalMade) {
        let made_at = event.envelope.decided_at;
        let expires = facts.terms.expires_ms.map(Duration::from_millis);
        let undecided = Undecided {
            hub: event.envelope.hub.clone(),
            title: self.titles.get(&facts.task).cloned().unwrap_or_default(),
            artifact: facts.artifact.clone(),
            authored: facts.basis != ProposalBasis::Divergence,
            made_at,
            expires: expires.map(|span| made_at.plus(span)),
            applied: false,
            first: None,
        };
        self.proposals.insert(facts.proposal, undecided);
    }
}
