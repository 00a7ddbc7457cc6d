//! What agents of one task do together, and what they are refused, in words.

use convoke_events::{
    ActionEvent, ActionRefusal, AgentId, BoardPosted, CoordinationEvent, CoordinationRules,
    Measured, Mediation, MessageSent, PolicyRef, Recorded, Section, TextName, ThresholdReached,
    Trigger, VoteDecided, VoteOpened,
};

use super::because;
use super::told::Told;
use crate::wording::{self, amount, count, first_lines, tokens};

/// Tells what an agent asked for and did not get.
pub(super) fn tell_refused(
    recorded: &Recorded,
    event: &ActionEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    let ActionEvent::ActionRefused(facts) = event;
    let text = format!(
        "{} was refused the action `{}`{}",
        told.agent(facts.agent, facts.agent_version),
        facts.action,
        because(recorded.texts.get(&TextName::REASON)),
    );
    let policies = match &facts.because {
        ActionRefusal::Blocked { because, .. } => wording::denied_by(because).into_iter().collect(),
        ActionRefusal::Malformed
        | ActionRefusal::TooMany { .. }
        | ActionRefusal::NotHeard { .. }
        | ActionRefusal::Ended
        | ActionRefusal::Inactive
        | ActionRefusal::ReceiverUnknown
        | ActionRefusal::VoteUnknown
        | ActionRefusal::VoteDecided
        | ActionRefusal::VotedBefore
        | ActionRefusal::Procedure
        | ActionRefusal::TooLarge { .. } => Vec::new(),
    };
    (text, policies)
}

pub(super) fn tell(
    recorded: &Recorded,
    event: &CoordinationEvent,
    told: &Told,
) -> (String, Vec<PolicyRef>) {
    let reason = || because(recorded.texts.get(&TextName::REASON));
    let text = match event {
        CoordinationEvent::CoordinationRulesSet(facts) => rules(&facts.rules, told),
        CoordinationEvent::BoardPosted(facts) => posted(recorded, facts, told),
        CoordinationEvent::MessageSent(facts) => sent(recorded, facts, told),
        CoordinationEvent::VoteOpened(facts) => opened(recorded, facts, told),
        CoordinationEvent::VoteCast(facts) => format!(
            "{} voted {} on `{}`{}",
            told.agent(facts.agent, facts.agent_version),
            facts.ballot,
            told.vote(facts.vote),
            reason(),
        ),
        CoordinationEvent::VoteDecided(facts) => decided(facts, told),
        CoordinationEvent::ComplexityDeclared(facts) => {
            let who = match facts.by {
                Some((agent, version)) => told.agent(agent, version),
                None => told.principal(&recorded.envelope.principal),
            };
            format!("{who} says the task is {} complex{}", facts.complexity, reason())
        }
        CoordinationEvent::CompletionDeclared(facts) => format!(
            "{} says the work is complete and wants validation{}",
            told.agent(facts.agent, facts.agent_version),
            reason(),
        ),
        CoordinationEvent::ThresholdReached(facts) => {
            let policies = match &facts.mediation {
                Mediation::Blocked(because) => wording::denied_by(because).into_iter().collect(),
                Mediation::Nobody
                | Mediation::Called { .. }
                | Mediation::Unavailable
                | Mediation::OverBudget { .. } => Vec::new(),
            };
            return (reached(facts, told), policies);
        }
    };
    (text, Vec::new())
}

fn said(recorded: &Recorded) -> String {
    let content = recorded.texts.get(&TextName::CONTENT);
    content.map(|said| format!(": \"{}\"", first_lines(said))).unwrap_or_default()
}

fn names(agents: impl IntoIterator<Item = AgentId>, told: &Told) -> String {
    let mut names: Vec<_> = agents.into_iter().map(|agent| told.newest(agent)).collect();
    names.sort();
    names.join(", ")
}

fn rules(rules: &CoordinationRules, told: &Told) -> String {
    let mediator = rules.mediator.as_ref().map(|mediator| {
        let on: Vec<_> = mediator.on.iter().copied().map(Trigger::as_str).collect();
        format!(
            "{} is called in on {}, for {} at most",
            told.newest(mediator.template),
            on.join(", "),
            tokens(mediator.share),
        )
    });
    format!(
        "a task is STUCK after {} ms, in CONFLICT from {} on, beyond COMPLEXITY {}; {}",
        rules.stuck_after_ms,
        count(rules.conflicts.into(), "answer", "different answers"),
        rules.complexity,
        mediator.unwrap_or_else(|| "nobody is called in".to_owned()),
    )
}

fn posted(recorded: &Recorded, facts: &BoardPosted, told: &Told) -> String {
    let part = match facts.section {
        Section::Problem => "the problem",
        Section::Solutions => "the solutions",
        Section::Progress => "the progress",
        Section::Consensus => "the consensus",
    };
    let key = facts.key.as_ref().map(|key| format!(", recommending `{key}`"));
    format!(
        "{} wrote to {part} on the board (version {}){}{}",
        told.agent(facts.agent, facts.agent_version),
        facts.version,
        key.unwrap_or_default(),
        said(recorded),
    )
}

fn sent(recorded: &Recorded, facts: &MessageSent, told: &Told) -> String {
    let to = facts.to.map_or_else(|| "all".to_owned(), |to| told.newest(to));
    let key = facts.key.as_ref().map(|key| format!(", recommending `{key}`"));
    format!(
        "{} sent {} {} to {to}{}{}",
        told.agent(facts.from, facts.from_version),
        facts.kind,
        facts.number,
        key.unwrap_or_default(),
        said(recorded),
    )
}

fn opened(recorded: &Recorded, facts: &VoteOpened, told: &Told) -> String {
    let question = recorded.texts.get(&TextName::BODY).map(first_lines).unwrap_or_default();
    let on = if facts.proposal.is_some() { " on the proposal" } else { "" };
    format!(
        "a vote{on} was opened, `{}`: \"{question}\"; it takes the votes of {}",
        facts.subject,
        names(facts.required.iter().copied(), told),
    )
}

fn decided(facts: &VoteDecided, told: &Told) -> String {
    let VoteDecided { accepts, rejects, abstentions, .. } = facts;
    format!(
        "the vote on `{}` has {}: {accepts} for it, {rejects} against it, {abstentions} neither",
        told.vote(facts.vote),
        match facts.result {
            convoke_events::VoteResult::Passed => "passed",
            convoke_events::VoteResult::Failed => "failed",
            convoke_events::VoteResult::Vetoed => "been stopped by an agent who has to agree",
        },
    )
}

fn reached(facts: &ThresholdReached, told: &Told) -> String {
    let measured = match &facts.measured {
        Measured::Idle { found, limit } => {
            format!("nothing happened for {found} ms, of {limit} at most")
        }
        Measured::Conflicts { found, limit } => {
            format!("{found} different answers, from {limit} on too many")
        }
        Measured::Complexity { found, limit } => format!("{found} complex, above {limit}"),
        Measured::Completed => "complete, and to be validated".to_owned(),
    };
    let mediation = match &facts.mediation {
        Mediation::Nobody => "nobody is called in".to_owned(),
        Mediation::Called { agent, agent_version, .. } => {
            format!("a mediator is made from {}", told.agent(*agent, *agent_version))
        }
        Mediation::Unavailable => "the mediator is not to be had".to_owned(),
        Mediation::Blocked(because) => {
            format!("the mediator was blocked: {}", wording::block_reason(because))
        }
        Mediation::OverBudget { needed } => {
            format!("there is no budget for the mediator, who needs {}", amount(*needed))
        }
    };
    format!("{}: {measured}; {mediation}", facts.trigger)
}
