//! Where a proposal comes from: everybody who took part, what they might spend, what they did.

use std::fmt;

use convoke_events::{Amount, DelegationId, TaskId};
use serde::Serialize;

use crate::collectives::{Call, Collective, Participant};
use crate::delegations::{Delegation, DelegationStatus, Party, Refused};
use crate::proposals::Proposal;
use crate::wording::amount;
use crate::{Collectives, Delegations};

/// What a part of a proposal's provenance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The proposal itself.
    Proposal,
    /// The question it came from.
    Collective,
    /// One participant's answer.
    Contribution,
    /// Which of the answers mean the same.
    Judgement,
    /// What was made of the answers.
    Synthesis,
    /// What was chosen among answers that do not agree.
    Arbitration,
    /// A sub-task that was handed over.
    Delegation,
    /// A sub-task that could not be handed over.
    RefusedDelegation,
}

impl Part {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Proposal => "proposal",
            Self::Collective => "collective",
            Self::Contribution => "contribution",
            Self::Synthesis => "synthesis",
            Self::Judgement => "judgement",
            Self::Arbitration => "arbitration",
            Self::Delegation => "delegation",
            Self::RefusedDelegation => "refused delegation",
        }
    }
}

/// A part of a proposal's provenance, and what it rests on. It prints as a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// What it is.
    pub part: Part,
    /// Its id: of the proposal, the collective, the call or the delegation.
    pub id: Option<String>,
    /// What it is about, in words.
    pub about: Option<String>,
    /// Who did it.
    pub by: Option<Party>,
    /// What was set aside for it, if anything was.
    pub budget: Option<Amount>,
    /// What it spent itself.
    pub used: Amount,
    /// What it spent with everything below it.
    pub used_in_all: Amount,
    /// What came of it, in words.
    pub outcome: String,
    /// What it rests on.
    pub below: Vec<Self>,
}

impl Node {
    fn new(part: Part, outcome: String, below: Vec<Self>) -> Self {
        let (used, used_in_all) = (Amount::ZERO, sum(&below));
        let (id, about, by, budget) = (None, None, None, None);
        Self { part, id, about, by, budget, used, used_in_all, outcome, below }
    }

    fn called(self, call: &Call) -> Self {
        let used = call.spent();
        let budget = Some(call.held).filter(|held| !held.is_zero());
        let (id, used_in_all) = (Some(call.invocation.to_string()), used.plus(self.used_in_all));
        Self { id, budget, used, used_in_all, ..self }
    }
}

fn sum(nodes: &[Node]) -> Amount {
    nodes.iter().fold(Amount::ZERO, |sum, node| sum.plus(node.used_in_all))
}

/// Tells where a proposal comes from.
pub fn of(proposal: &Proposal, collectives: &Collectives, delegations: &Delegations) -> Node {
    let collective = proposal.collective.and_then(|id| collectives.get(id));
    let below = collective.map(|collective| of_collective(collective, delegations));
    let key = proposal.key.as_ref().map(|key| format!(", recommends `{key}`"));
    let outcome = format!("{}{}", proposal.status, key.unwrap_or_default());
    Node {
        id: Some(proposal.id.to_string()),
        about: Some(proposal.title.clone()),
        ..Node::new(Part::Proposal, outcome, below.into_iter().collect())
    }
}

fn of_collective(collective: &Collective, delegations: &Delegations) -> Node {
    let task = Handed { delegations, task: collective.task };
    let mut below: Vec<Node> =
        collective.participants.iter().map(|one| of_participant(one, task)).collect();
    let takes_part = |party: &Party| {
        collective.participants.iter().any(|participant| participant.agent == party.agent)
    };
    // The host may hand over in the name of an agent that was not asked.
    below.extend(task.below(None, |sender| !takes_part(sender)));
    let appointed = [
        (Part::Judgement, &collective.judgement),
        (Part::Synthesis, &collective.synthesis),
        (Part::Arbitration, &collective.arbitration),
    ];
    for (part, appointed) in appointed {
        let Some(one) = appointed.as_ref().filter(|one| one.call.attempts > 0) else { continue };
        let (agent, agent_version) = (one.agent, one.agent_version);
        let by = Party { agent, slug: one.slug.clone(), agent_version };
        let node = Node::new(part, of_call(&one.call), Vec::new());
        below.push(Node { by: Some(by), ..node.called(&one.call) });
    }
    let verdict = collective.verdict.as_ref().and_then(|verdict| verdict.key.as_ref());
    let verdict = verdict.map(|key| format!(" on `{key}`")).unwrap_or_default();
    Node {
        id: Some(collective.id.to_string()),
        about: Some(collective.task_type.to_string()),
        ..Node::new(Part::Collective, format!("{}{verdict}", collective.status), below)
    }
}

fn of_participant(participant: &Participant, task: Handed<'_>) -> Node {
    let below = task.below(None, |sender| sender.agent == participant.agent);
    let outcome = match &participant.missing {
        Some(why) => format!("missing: {why}"),
        None => of_call(&participant.call),
    };
    let by = Party {
        agent: participant.agent,
        slug: participant.slug.clone(),
        agent_version: participant.agent_version,
    };
    let node = Node::new(Part::Contribution, outcome, below);
    Node { by: Some(by), ..node.called(&participant.call) }
}

fn of_call(call: &Call) -> String {
    match (&call.answer, &call.failure) {
        (Some(answer), _) => {
            let sure = answer.confidence.map(|sure| format!(", confidence {sure}"));
            format!("recommends `{}`{}", answer.key, sure.unwrap_or_default())
        }
        (None, Some(failure)) => format!("failed: {}", failure.class),
        (None, None) => "no answer yet".to_owned(),
    }
}

/// What was handed over under one task.
#[derive(Clone, Copy)]
struct Handed<'a> {
    delegations: &'a Delegations,
    task: TaskId,
}

impl Handed<'_> {
    /// What senders like this handed over directly under a delegation, or under none.
    fn below(self, parent: Option<DelegationId>, sender: impl Fn(&Party) -> bool) -> Vec<Node> {
        let is_here = |task, above| task == self.task && above == parent;
        let granted = self.delegations.iter();
        let mut granted: Vec<&Delegation> =
            granted.filter(|one| is_here(one.task, one.parent) && sender(&one.from)).collect();
        granted.sort_by_key(|one| one.position);
        let refused = self.delegations.refused();
        let refused = refused.filter(|one| is_here(one.task, one.parent) && sender(&one.from));
        granted
            .into_iter()
            .map(|one| self.of_delegation(one))
            .chain(refused.map(of_refused))
            .collect()
    }

    fn of_delegation(self, delegation: &Delegation) -> Node {
        let below = self.below(Some(delegation.id), |_| true);
        let answer = delegation.call.answer.as_ref();
        let outcome = match (delegation.status, answer, &delegation.reason) {
            (DelegationStatus::Completed | DelegationStatus::Pending, Some(answer), _) => {
                format!("{}: recommends `{}`", delegation.status, answer.key)
            }
            (status, _, Some(reason)) => format!("{status}: {reason}"),
            (status, ..) => status.to_string(),
        };
        let used_in_all = delegation.used;
        Node {
            id: Some(delegation.id.to_string()),
            about: Some(delegation.scope.clone()),
            by: Some(delegation.to.clone()),
            budget: Some(delegation.budget),
            used: delegation.call.spent(),
            used_in_all,
            ..Node::new(Part::Delegation, outcome, below)
        }
    }
}

fn of_refused(refused: &Refused) -> Node {
    let outcome = refused.reason.clone().unwrap_or_else(|| "refused".to_owned());
    let (about, by) = (Some(refused.scope.clone()), refused.to.clone());
    Node { about, by, ..Node::new(Part::RefusedDelegation, outcome, Vec::new()) }
}

impl Node {
    /// What it is, who did it, what came of it and what it spent.
    fn line(&self) -> String {
        let to = match self.part {
            Part::Delegation | Part::RefusedDelegation => "to",
            Part::Proposal
            | Part::Collective
            | Part::Contribution
            | Part::Judgement
            | Part::Synthesis
            | Part::Arbitration => "by",
        };
        let by = self.by.as_ref();
        let by = by.map(|by| format!(" {to} {} (v{})", by.slug, by.agent_version));
        let about = self.about.as_ref().map(|about| format!(" \"{about}\""));
        let what = [Some(self.part.in_words().to_owned()), by, about];
        let what: String = what.into_iter().flatten().collect();
        let line = format!("{what}: {}{}", self.outcome, self.figures());
        // Models and people wrote parts of it: a line stays a line.
        line.replace(char::is_control, " ")
    }

    fn figures(&self) -> String {
        let (used, in_all) = (amount(self.used), amount(self.used_in_all));
        match self.budget {
            None if self.used_in_all.is_zero() => String::new(),
            None => format!("; {in_all} in all"),
            Some(budget) if self.used == self.used_in_all => {
                format!("; {used} of {}", amount(budget))
            }
            Some(budget) => {
                format!("; {used} of {}, {in_all} with what is below", amount(budget))
            }
        }
    }

    fn draw(&self, f: &mut fmt::Formatter<'_>, before: &str) -> fmt::Result {
        writeln!(f, "{}", self.line())?;
        for (left, node) in (1..=self.below.len()).rev().zip(&self.below) {
            let (branch, trunk) = if left > 1 { ("├─ ", "│  ") } else { ("└─ ", "   ") };
            write!(f, "{before}{branch}")?;
            node.draw(f, &format!("{before}{trunk}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.draw(f, "")
    }
}
