//! Who plays in these tests, and what can be seen of it.

use std::collections::BTreeSet;

use convoke_events::{
    AgentId, ArtifactType, Conclusion, Event, InvocationEvent, InvocationId, InvocationStarted,
    Limits, MicroUsd, Purpose, Reserved, Settled, Slug, TaskEvent, TaskId, TaskOutcome, TaskPlan,
    TaskRules, TaskType, Tokens, Usage, Verb,
};

use crate::command::{AgentRegistration, Command, PolicyRule, TaskSubmission};
use crate::invocation::Call;
use crate::testkit::{Scene, Then, hub, orders, submission};

/// Everything that the pattern finds among the events that followed.
macro_rules! found {
    ($then:expr, $pattern:pat => $value:expr) => {
        $then.all(|event| if let $pattern = event { Some($value) } else { None })
    };
}
pub(super) use found;

/// Reads a word that is known to be one.
pub(super) fn word<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// The small federation, set up.
pub(super) fn workshop() -> Scene {
    Scene::given(hub(), orders())
}

pub(super) fn agent(slug: &str) -> AgentId {
    AgentRegistration::id(&hub(), &word::<Slug>(slug))
}

pub(super) fn task(request: &str) -> TaskId {
    TaskSubmission::id(&hub(), request)
}

/// A request that is triaged, without limits of its own.
pub(super) fn triage(request: &str) -> TaskSubmission {
    TaskSubmission { limits: Limits::default(), ..submission(request, "A crash on start") }
}

/// A request that goes to the experts at once, without limits of its own.
pub(super) fn question(request: &str, rules: TaskRules) -> TaskSubmission {
    let plan = TaskPlan::Collective {
        task_type: word::<TaskType>("implementation"),
        participants: Vec::new(),
        rules,
    };
    TaskSubmission { plan, ..triage(request) }
}

/// Limits in tokens and in money.
pub(super) fn limits(tokens: u64, money: u64) -> Limits {
    Limits {
        tokens: Some(Tokens::new(tokens)),
        money: Some(MicroUsd::new(money)),
        ..Limits::default()
    }
}

/// What a call of this many tokens says it used.
pub(super) fn usage(input: u64, output: u64) -> Usage {
    let (input, output) = (Some(Tokens::new(input)), Some(Tokens::new(output)));
    Usage { input, output, ..Usage::default() }
}

/// The command that sets what an agent may do.
pub(super) fn allow(slug: &str, artifact: &str, verbs: &[Verb], active: bool) -> Command {
    let (agent, artifact) = (word::<Slug>(slug), word::<ArtifactType>(artifact));
    let verbs: BTreeSet<Verb> = verbs.iter().copied().collect();
    Command::SetGovernancePolicy(PolicyRule { active, ..PolicyRule::new(agent, artifact, verbs) })
}

/// Hands a task in, and takes every step that is owed.
pub(super) fn hand_in(scene: &mut Scene, submission: TaskSubmission) -> Then {
    let mut then = scene.command(Command::SubmitTask(submission));
    assert_eq!(then.answer, Ok(()));
    then.events.extend(scene.follow().events);
    then
}

/// The calls in flight, of the agents of these slugs, in this order.
pub(super) fn calls_of(scene: &Scene, slugs: &[&str]) -> Vec<Call> {
    let calls = scene.state().owed().calls;
    let of = |slug: &&str| calls.iter().find(|call| call.agent == agent(slug)).cloned().unwrap();
    slugs.iter().map(of).collect()
}

/// The one call in flight.
pub(super) fn only_call(scene: &Scene) -> Call {
    let calls = scene.state().owed().calls;
    assert_eq!(calls.len(), 1, "{calls:?}");
    calls[0].clone()
}

/// Answers the calls of these agents with one recommendation each, using 10 tokens each way.
pub(super) fn all_answer(scene: &mut Scene, answers: &[(&str, &str)]) -> Then {
    let mut last = None;
    for (slug, key) in answers {
        let call = calls_of(scene, &[slug])[0].clone();
        last = Some(scene.answered(&call, key, usage(10, 10)));
    }
    last.unwrap()
}

/// How tasks ended.
pub(super) fn ends(then: &Then) -> Vec<(TaskOutcome, Conclusion)> {
    found!(then, Event::Task(TaskEvent::TaskConcluded(end)) => (end.outcome, end.because))
}

/// The words that the last event of this type came with.
pub(super) fn reason(then: &Then, event_type: &str) -> String {
    let mut of_type = then.events.iter().filter(|one| one.event.event_type() == event_type);
    let last = of_type.next_back().unwrap();
    last.texts.get(&convoke_events::TextName::REASON).unwrap().to_owned()
}

pub(super) fn started(then: &Then) -> Vec<&InvocationStarted> {
    found!(then, Event::Invocation(InvocationEvent::InvocationStarted(started)) => started)
}

pub(super) fn reserved(then: &Then) -> Vec<&Reserved> {
    found!(then, Event::Budget(convoke_events::BudgetEvent::Reserved(reserved)) => reserved)
}

pub(super) fn settled(then: &Then) -> Vec<&Settled> {
    found!(then, Event::Budget(convoke_events::BudgetEvent::Settled(settled)) => settled)
}

/// The call that an agent makes for a purpose on a task.
pub(super) fn invocation(request: &str, purpose: Purpose, slug: &str) -> InvocationId {
    crate::invocation::id_of(task(request), purpose, agent(slug))
}
