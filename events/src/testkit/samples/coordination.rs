//! Samples of what agents of one task do together, and of what they are refused.

use super::federation::{agent, invocation, policy, reason, task};
use crate::testkit::word;
use crate::{
    ActionKind, ActionRefusal, ActionRefused, AgentId, Ballot, BlockReason, BoardPosted,
    CompletionDeclared, Complexity, ComplexityDeclared, CoordinationRules, CoordinationRulesSet,
    Event, Measured, Mediation, MediatorRules, MessageKind, MessageSent, ProposalId, Section,
    TextName, Texts, ThresholdReached, Tokens, Trigger, Verb, VoteCast, VoteDecided, VoteId,
    VoteOpened, VoteResult,
};

fn share(millionths: u32) -> Complexity {
    Complexity::from_millionths(millionths).unwrap()
}

fn vote() -> VoteId {
    VoteId::derive(&["sample"])
}

fn said() -> Texts {
    Texts::none().with(TextName::CONTENT, "let us roll back – and say so")
}

pub(super) fn samples() -> Vec<(Event, Texts)> {
    let (agent, task, agent_version) = (agent(), task(), 3);
    let other = AgentId::derive(&["receiver"]);
    let refused = ActionRefused {
        agent,
        agent_version,
        task,
        action: ActionKind::Post,
        because: ActionRefusal::Blocked {
            verb: Verb::Propose,
            artifact: word("implementation"),
            because: BlockReason::VerbNotAllowed(policy()),
        },
    };
    let mut samples = vec![(refused.into(), reason())];
    samples.extend(together(agent, other));
    samples.extend(helped(agent));
    samples
}

fn together(agent: AgentId, other: AgentId) -> Vec<(Event, Texts)> {
    let (task, agent_version, key) = (task(), 3, Some(word("roll-back")));
    let mediator = MediatorRules {
        template: other,
        share: Tokens::new(2_000),
        on: [Trigger::Stuck, Trigger::Conflict].into(),
    };
    let rules = CoordinationRules {
        stuck_after_ms: 45_000,
        conflicts: 4,
        complexity: share(750_000),
        mediator: Some(mediator),
    };
    let section = Section::Solutions;
    let posted = BoardPosted { task, section, version: 7, agent, agent_version, key: key.clone() };
    let sent = MessageSent {
        task,
        from: agent,
        from_version: agent_version,
        number: 5,
        to: Some(other),
        kind: MessageKind::Feedback,
        key,
    };
    let opened = VoteOpened {
        vote: vote(),
        task,
        proposal: Some(ProposalId::derive(&["sample"])),
        subject: word("ship-it"),
        artifact: word("implementation"),
        required: [agent, other].into(),
    };
    let cast = VoteCast { vote: vote(), task, agent, agent_version, ballot: Ballot::Abstain };
    let decided = VoteDecided {
        vote: vote(),
        task,
        result: VoteResult::Vetoed,
        accepts: 4,
        rejects: 2,
        abstentions: 1,
    };
    vec![
        (CoordinationRulesSet { rules }.into(), reason()),
        (posted.into(), said()),
        (sent.into(), said()),
        (opened.into(), Texts::none().with(TextName::BODY, "do we ship it?")),
        (cast.into(), reason()),
        (decided.into(), reason()),
    ]
}

fn helped(agent: AgentId) -> Vec<(Event, Texts)> {
    let (task, agent_version) = (task(), 3);
    let complexity = share(912_345);
    let declared = ComplexityDeclared { task, by: Some((agent, agent_version)), complexity };
    let measured = Measured::Complexity { found: complexity, limit: share(800_000) };
    let mediation = Mediation::Called { agent, agent_version, invocation: invocation() };
    let reached = ThresholdReached { task, trigger: Trigger::Complexity, measured, mediation };
    vec![
        (declared.into(), reason()),
        (CompletionDeclared { task, agent, agent_version }.into(), reason()),
        (reached.into(), reason()),
    ]
}
