//! Convening: who takes part, whether the whole can be paid, and the calls sent at once.

use convoke_events::{
    AgentId, Appointed, ArtifactType, CollectiveConvened, Conclusion, ConsensusStatus, HeldFor,
    InvocationId, Participant, ParticipantStanding, Purpose, StreamId, TaskOutcome, TaskPlan,
    TaskRules, TaskType, TextName, Texts, Timestamp, Tokens, Verb,
};

use super::concluding::{documents, verb_of, verdict_draft};
use super::verdict::reach;
use super::{basis, id_of, is_invited};
use crate::budget::{self, Held, Short};
use crate::decision::{Draft, Story};
use crate::governance::{Attempt, Denial, Grant, enforce};
use crate::invocation::{self, Errand, dispatch};
use crate::refusal::Refusal;
use crate::registry::Agent;
use crate::routing::{self, Authorised, Choice, Decided, Question};
use crate::state::State;
use crate::task::{Task, concluded, request_bytes};

/// An agent that was chosen, and what governance says of it.
struct Chosen<'a> {
    authorised: Authorised,
    agent: &'a Agent,
    invocation: InvocationId,
    grant: Result<Grant, Denial>,
}

/// Convenes a collective: the recorded decisions, the whole reserved, and all calls in one append.
pub(crate) fn convene(
    state: &State,
    task: &Task,
    story: Story,
    task_type: &TaskType,
    (now, seed): (Timestamp, u64),
) -> Result<Vec<Draft>, Refusal> {
    let artifact = state.registry.artifact_of(task_type)?;
    let question = Question { story, purpose: Purpose::Contribution, task_type };
    let (decided, mut drafts) = participants(state, task, question, (now, seed));
    let chosen: Vec<Chosen<'_>> = decided
        .selected()
        .iter()
        .filter_map(|id| {
            let (authorised, agent) = (decided.authorises(*id)?, state.registry.get(*id)?);
            let (purpose, verb) = (Purpose::Contribution, Verb::Propose);
            let attempt = Attempt { story, purpose, verb, artifact: &artifact };
            let grant = enforce(state, attempt, *id);
            let invocation = invocation::id_of(story.task, Purpose::Contribution, *id);
            Some(Chosen { authorised, agent, invocation, grant })
        })
        .collect();
    if chosen.is_empty() {
        let reason =
            format!("no agent of hub `{}` is routed to task type `{task_type}`", state.hub);
        drafts.push(concluded(story, TaskOutcome::Refused, Conclusion::NoRoute, &reason));
        return Ok(drafts);
    }
    drafts.extend(
        chosen.iter().filter_map(|one| Some(Draft::clone(&one.grant.as_ref().err()?.record))),
    );
    if !chosen.iter().any(|one| one.grant.is_ok()) {
        let reason = format!("nobody routed to `{task_type}` may propose `{artifact}`");
        drafts.push(concluded(story, TaskOutcome::Blocked, Conclusion::Governance, &reason));
        return Ok(drafts);
    }
    let question = Question { purpose: Purpose::Synthesis, ..question };
    let (synthesis, choice) = routing::synthesiser(state, question, &decided, now);
    drafts.extend(choice);
    let judge = judge(state, question, &artifact, &mut drafts, now);
    let synthesiser = synthesis.selected().first().copied();
    let paid = pay(state, task, story, &chosen, (synthesiser, judge.as_ref()), now);
    let collective = id_of(story.task);
    let appointed = |purpose, decision, agent: AgentId, held: &Held| Appointed {
        agent,
        agent_version: state.registry.get(agent).map_or(0, |agent| agent.version),
        decision,
        invocation: invocation::id_of(story.task, purpose, agent),
        reservation: held.reservation,
    };
    let synthesiser = paid.synthesis.as_ref().ok();
    let synthesiser = synthesiser
        .map(|(agent, held)| appointed(Purpose::Synthesis, synthesis.id(), *agent, held));
    let judge = judge.zip(paid.judgement.as_ref());
    let judge = judge.map(|(decided, held)| {
        appointed(Purpose::Judgement, decided.decision(), decided.agent(), held)
    });
    let convened = CollectiveConvened {
        collective,
        task: story.task,
        task_type: task_type.clone(),
        artifact: artifact.clone(),
        decision: decided.id(),
        participants: paid.participants,
        synthesiser,
        judge,
        rules: task.plan.rules().clone(),
        settings: state.collectives.rules.clone(),
        seed,
    };
    let stream = StreamId::collective(collective);
    if let Some(why) = hopeless(&convened, paid.synthesis.as_ref().err()) {
        let nobody = CollectiveConvened { synthesiser: None, judge: None, ..convened };
        drafts.extend(insufficient(state, story, stream, nobody, &why));
        return Ok(drafts);
    }
    let rules = task.plan.rules();
    drafts.extend(paid.synthesis.ok().map(|(_, held)| budget::set_aside(story, held)));
    drafts.extend(paid.judgement.map(|held| budget::set_aside(story, held)));
    drafts.push(story.draft(stream, convened, Texts::none()));
    let purpose = Purpose::Contribution;
    let (collective, delegation) = (Some(collective), None);
    for (one, held) in chosen.iter().zip(paid.held) {
        if let (Ok(grant), Some(held)) = (&one.grant, held) {
            let invocation = one.invocation;
            let errand = Errand { story, invocation, collective, delegation, purpose, rules, now };
            drafts.push(budget::set_aside(story, held));
            drafts.extend(dispatch(state, errand, one.agent, one.authorised, grant, held));
        }
    }
    Ok(drafts)
}

/// The recorded decision who takes part: those whom the task names, else all that are routed.
fn participants(
    state: &State,
    task: &Task,
    question: Question<'_>,
    (now, seed): (Timestamp, u64),
) -> (Decided, Vec<Draft>) {
    let named = match &task.plan {
        TaskPlan::Collective { participants, .. } => participants.as_slice(),
        TaskPlan::Triage { .. } | TaskPlan::Sessions { .. } | TaskPlan::Answer { .. } => &[],
    };
    if named.is_empty() {
        return routing::decide(state, question, Choice::All, now, seed);
    }
    let agents = named.iter().filter_map(|slug| state.registry.by_slug(&state.hub, slug).ok());
    routing::named_set(state, question, &agents.collect::<Vec<_>>(), now)
}

/// The judge that the hub's rules name, where it is active and may read such artifacts.
fn judge(
    state: &State,
    question: Question<'_>,
    artifact: &ArtifactType,
    drafts: &mut Vec<Draft>,
    now: Timestamp,
) -> Option<Authorised> {
    let slug = state.collectives.rules.judge.as_ref()?;
    let agent = state.registry.by_slug(&state.hub, slug).ok()?;
    state.registry.get(agent).filter(|known| known.works())?;
    let purpose = Purpose::Judgement;
    let question = Question { purpose, ..question };
    let (decided, decision) = routing::named(state, question, (agent, ""), now);
    drafts.extend(decision);
    let verb = verb_of(purpose);
    let attempt = Attempt { story: question.story, purpose, verb, artifact };
    if let Err(denial) = enforce(state, attempt, agent) {
        drafts.push(*denial.record);
        return None;
    }
    decided.authorises(agent)
}

/// What could be paid of a collective.
struct Paid {
    synthesis: Result<(AgentId, Held), Short>,
    /// Nothing where nobody is to judge, or it would be at the cost of a participant.
    judgement: Option<Held>,
    participants: Vec<Participant>,
    /// As many as were chosen, in their order.
    held: Vec<Option<Held>>,
}

/// Sets the synthesis aside first, then the participants in order of priority, as far as it goes:
/// contributions that nobody can put together are not worth their price.
fn pay(
    state: &State,
    task: &Task,
    story: Story,
    chosen: &[Chosen<'_>],
    (synthesiser, judge): (Option<AgentId>, Option<&Authorised>),
    now: Timestamp,
) -> Paid {
    let max_output = task.plan.rules().max_output;
    let mut plan = state.ledger.plan(task.account, now);
    let choices = choices(task.plan.rules());
    let permitted = || chosen.iter().filter(|one| one.grant.is_ok());
    let mut reserve = |agent: &Agent, invocation: InvocationId, more: u64, output: Tokens| {
        let profile = &agent.profile;
        let schema = if budget::choice_bound(&profile.provider) == 0 { 0 } else { choices };
        let bytes = request_bytes(task, profile.prompt_bytes).saturating_add(more);
        let bytes = bytes.saturating_add(schema);
        let input = budget::input_bound(&profile.provider, bytes);
        plan.reserve(
            HeldFor::Call(invocation),
            (&profile.provider, &profile.model),
            (input, output),
        )
    };
    let account = task.account;
    let first = chosen.iter().find(|one| Some(one.authorised.agent()) == synthesiser);
    let synthesis = first.ok_or(Short::Closed { account }).and_then(|one| {
        let agent = one.authorised.agent();
        let invocation = invocation::id_of(story.task, Purpose::Synthesis, agent);
        let authors = permitted().map(|one| one.authorised.agent());
        let more = documents(state, authors, &one.agent.profile.provider, max_output);
        reserve(one.agent, invocation, more, max_output).map(|held| (agent, held))
    });
    let mut held = Vec::with_capacity(chosen.len());
    let mut participants = Vec::with_capacity(chosen.len());
    for one in chosen {
        let reserved = match (&one.grant, &synthesis) {
            (Err(denial), _) => Err(ParticipantStanding::Blocked(denial.because.clone())),
            (Ok(_), Err(short)) => Err(ParticipantStanding::OverBudget { needed: short.needed() }),
            (Ok(_), Ok(_)) => reserve(one.agent, one.invocation, 0, max_output)
                .map_err(|short| ParticipantStanding::OverBudget { needed: short.needed() }),
        };
        participants.push(Participant {
            agent: one.authorised.agent(),
            agent_version: one.agent.version,
            family: one.agent.profile.family.clone(),
            invocation: one.invocation,
            standing: reserved.as_ref().err().cloned().unwrap_or(ParticipantStanding::Invited),
        });
        held.push(reserved.ok());
    }
    // Last of all: a verdict can do without a judge, and not without a participant.
    let judgement = judge.filter(|_| synthesis.is_ok()).and_then(|one| {
        let agent = state.registry.get(one.agent())?;
        let invocation = invocation::id_of(story.task, Purpose::Judgement, one.agent());
        let authors = permitted().map(|one| one.authorised.agent());
        let more = documents(state, authors, &agent.profile.provider, Tokens::ZERO);
        // What an answer may choose from, it is told as well.
        reserve(agent, invocation, more.saturating_add(choices), max_output).ok()
    });
    Paid { synthesis, judgement, participants, held }
}

/// Bytes that the recommendations take in the schema which an answer may choose from.
fn choices(rules: &TaskRules) -> u64 {
    let bytes = rules.allowed.iter().map(|key| key.as_str().len().saturating_add(3));
    u64::try_from(bytes.sum::<usize>()).unwrap_or(u64::MAX)
}

/// Why a collective cannot come to a verdict, where that is known before anybody is asked.
fn hopeless(convened: &CollectiveConvened, short: Option<&Short>) -> Option<String> {
    let (rules, chosen) = (&convened.rules, convened.participants.len());
    let invited = convened.participants.iter().filter(|one| is_invited(one)).count();
    let needed = usize::try_from(rules.min_contributions).unwrap_or(usize::MAX);
    if let Some(short) = short {
        return Some(format!("the synthesis cannot be paid: {short}"));
    }
    if chosen < needed {
        return Some(format!(
            "{needed} contributions are needed, and {chosen} are all who take part"
        ));
    }
    if invited < needed {
        return Some(format!(
            "{needed} contributions are needed, and {invited} of {chosen} can be asked"
        ));
    }
    let one_missing = rules.one_failure_fails_all && invited < chosen;
    one_missing.then(|| format!("{invited} of {chosen} can be asked, and one missing fails all"))
}

/// A collective of which too few can be asked: its verdict is known before anything is spent.
fn insufficient(
    state: &State,
    story: Story,
    stream: StreamId,
    mut convened: CollectiveConvened,
    reason: &str,
) -> Vec<Draft> {
    for one in &mut convened.participants {
        if is_invited(one) {
            one.standing = ParticipantStanding::NotAsked;
        }
    }
    let basis = basis::with_voices(state, &convened, Vec::new());
    let reached = reach(convened.settings.verdict, &basis);
    debug_assert_eq!(reached.verdict.status(), ConsensusStatus::Insufficient, "nobody was asked");
    let id = convened.collective;
    vec![
        story.draft(stream, convened, Texts::none().with(TextName::REASON, reason)),
        verdict_draft(story, id, reached, basis),
        concluded(story, TaskOutcome::Failed, Conclusion::Insufficient, reason),
    ]
}
