//! Five participants, and a kill at every event boundary of their collective: the same
//! contributions, verdict and balances as without it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use convoke_events::{
    CollectiveRules, Event, FailureClass, FinishReason, InvocationEvent, Limits, OnDivergence,
    Recorded, Reserved, TaskEvent, TaskRules, Tokens, TrustLevel, Usage, Verb,
};

use super::books::Books;
use super::cast::{allow, question, word};
use super::crashes::{outcome, world};
use crate::command::{AgentRegistration, Command, Price, TaskSubmission};
use crate::driver::scheduler::{Faults, Report};
use crate::hub::{Owed, State};
use crate::provider::rules::Rules;
use crate::provider::{
    CallFuture, Cancel, Deltas, MessageRole, ModelRequest, ModelResponse, Part, Provider,
    ProviderFailure, Safety,
};
use crate::testkit::{hub, orders, task_rules};

const SLUGS: [&str; 5] = ["forge", "mace", "helm", "quill", "scout"];

/// No more goes wrong than what a test wants; the clock goes fast enough for retries.
const CALM: Faults = Faults { crashes: 0, clock_step: Duration::from_secs(2) };

/// `rules` agents with moods: what becomes of a call follows from its request alone, so that it is
/// the same whenever it is made.
#[derive(Clone, Copy)]
struct Moody {
    safety: Safety,
    /// Quill mumbles until it is told, helm's line is down, and forge cannot put things together.
    troubled: bool,
    /// Helm and quill ask for more than there is for both of them.
    wishful: bool,
}

impl Moody {
    fn mood(self, request: &ModelRequest) -> Option<Result<String, ProviderFailure>> {
        let first = request.messages.first()?;
        let by = |slug: &str| first.parts == [Part::Text(format!("You are {slug}."))];
        let is_mended = request.messages.iter().any(|one| one.role == MessageRole::Assistant);
        let down = ProviderFailure::new(FailureClass::Unavailable, "the line is down").unbilled();
        match request.schema.as_ref()?.name {
            "judgement" => Some(Ok(groups(request))),
            "contribution" if self.troubled && by("quill") && !is_mended => {
                Some(Ok("it is hard to say".to_owned()))
            }
            "contribution" if self.troubled && by("helm") => Some(Err(down)),
            "contribution" if self.wishful && (by("helm") || by("quill")) => Some(Ok(wish())),
            "synthesis" if self.troubled && by("forge") => Some(Err(down)),
            _ => None,
        }
    }
}

/// A contribution that asks mace to look at something.
fn wish() -> String {
    serde_json::json!({
        "recommendation": "fix", "body": "b", "confidence": 0.9, "assumptions": [],
        "actions": [{"delegate": {"to": "mace", "scope": "look closely", "tokens": 3_000}}],
    })
    .to_string()
}

/// A judge's answer: `look` and `ask` mean the same, everything else something of its own.
fn groups(request: &ModelRequest) -> String {
    let schema = &request.schema.as_ref().unwrap().json;
    let keys = &schema["properties"]["groups"]["items"]["items"]["enum"];
    let keys = keys.as_array().unwrap().iter().map(|key| key.as_str().unwrap());
    let (mut same, apart): (Vec<_>, Vec<_>) = keys.partition(|key| ["look", "ask"].contains(key));
    let mut groups: BTreeSet<Vec<&str>> = apart.into_iter().map(|key| vec![key]).collect();
    same.sort_unstable();
    groups.insert(same);
    serde_json::json!({
        "recommendation": "grouped", "body": "b", "confidence": 1, "assumptions": [],
        "groups": groups,
    })
    .to_string()
}

impl Provider for Moody {
    fn safety(&self) -> Safety {
        self.safety
    }

    fn call(&self, request: ModelRequest, deltas: Deltas, cancel: Cancel) -> CallFuture {
        let Some(mood) = self.mood(&request) else {
            return Rules.call(request, deltas, cancel);
        };
        let ModelRequest { provider, model, .. } = request;
        let result = mood.map(|words| ModelResponse {
            provider,
            model,
            upstream: None,
            parts: vec![Part::Text(words)],
            finish: FinishReason::Stop,
            usage: Usage::default(),
        });
        Box::pin(std::future::ready(result))
    }
}

/// What a collective is like.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    body: &'static str,
    troubled: bool,
    wishful: bool,
    judge: bool,
    on_divergence: OnDivergence,
    ends: &'static str,
}

const AGREED: Kind = Kind {
    name: "agreed",
    body: "A crash",
    troubled: false,
    wishful: false,
    judge: false,
    on_divergence: OnDivergence::People,
    ends: "because: Consensus",
};

const KINDS: [Kind; 6] = [
    AGREED,
    Kind { name: "wishful", wishful: true, ..AGREED },
    Kind { name: "troubled", troubled: true, ..AGREED },
    Kind { name: "at odds", body: "An odd crash", ends: "because: Divergence", ..AGREED },
    Kind {
        name: "judged",
        body: "An odd crash",
        judge: true,
        ends: "because: Divergence",
        ..AGREED
    },
    Kind {
        name: "arbitrated",
        body: "An odd crash",
        on_divergence: OnDivergence::Agent,
        ends: "basis: Arbitration",
        ..AGREED
    },
];

/// The small federation with models of their own, of which five are asked.
fn commands(kind: Kind) -> Vec<Command> {
    let mut commands = orders();
    for command in &mut commands {
        if let Command::RegisterAgent(agent) = command {
            let (model, trust) = (word(&format!("rules-{}", agent.slug)), TrustLevel::Elevated);
            *command = Command::RegisterAgent(AgentRegistration { model, trust, ..agent.clone() });
        }
    }
    let route = |task_type: &str, slug: &str, priority| {
        let (task_type, agent) = (word(task_type), word(slug));
        Command::SetRoutingPolicy { task_type, agent, priority, active: true }
    };
    for slug in SLUGS {
        let (provider, model) = (word("rules"), word(&format!("rules-{slug}")));
        let (input, output) = (word("1000000"), word("2000000"));
        let price = Price { input, cached: word("100000"), output };
        commands.push(Command::SetPrice { provider, model, price });
    }
    for slug in SLUGS {
        let verbs = [Verb::Read, Verb::Propose, Verb::Delegate];
        commands.push(allow(slug, "implementation", &verbs, true));
    }
    commands.push(route("implementation", "scout", 5));
    commands.push(route("synthesis", "scout", 1));
    commands.push(Command::SetCollectiveRules(CollectiveRules {
        judge: kind.judge.then(|| word("scout")),
        on_divergence: kind.on_divergence,
        ..CollectiveRules::default()
    }));
    // Longer than every retry takes.
    let rules = TaskRules { deadline_ms: 86_400_000, ..task_rules() };
    let body = kind.body.to_owned();
    let limits = Limits { tokens: Some(Tokens::new(5_000)), ..Limits::default() };
    commands.push(Command::SubmitTask(TaskSubmission { body, limits, ..question("q", rules) }));
    commands
}

fn run(seed: u64, kind: Kind, safety: Safety, kill_at: Option<u64>) -> Report {
    let provider = Arc::new(Moody { safety, troubled: kind.troubled, wishful: kind.wishful });
    let world = world(seed, CALM, provider, commands(kind));
    match kill_at {
        Some(events) => world.killed_at(events).run(),
        None => world.run(),
    }
}

/// Where an append of the collective's story ends, and where it has not begun: in events, as they
/// come where appends are committed one by one.
fn boundaries(seed: u64, kind: Kind, safety: Safety) -> Vec<u64> {
    let report = run(seed, kind, safety, Some(u64::MAX));
    assert_eq!(report.crashes, 0);
    let submitted = |one: &Recorded| matches!(one.event, Event::Task(TaskEvent::TaskSubmitted(_)));
    let story = report.events.iter().skip_while(|one| !submitted(one));
    let ends = story.filter(|one| one.envelope.index + 1 == one.envelope.count);
    let mut ends: Vec<u64> = ends.map(|one| one.envelope.position.get()).collect();
    let before = report.events.iter().find(|one| submitted(one)).unwrap();
    ends.insert(0, before.envelope.position.get() - 1);
    ends
}

/// Holds a run to what every run promises, killed or not.
fn check(report: &Report, told: &str) {
    let books = Books::of(report.events.iter().map(|recorded| &recorded.event));
    assert!(books.are_complete(), "{told}: an account over its limit was left open");
    assert_eq!(books.held(), Vec::<&Reserved>::new(), "{told}: still held");
    let mut replayed = State::empty(hub());
    for recorded in &report.events {
        replayed.evolve(recorded.envelope.id, recorded.envelope.decided_at, &recorded.event);
    }
    assert_eq!(report.state, replayed, "{told}: what was lived is not what is replayed");
    assert_eq!(replayed.owed(), Owed::default(), "{told}: something is owed at the end");
    let count = |name: &str| {
        report.events.iter().filter(|recorded| recorded.event.event_type() == name).count()
    };
    assert_eq!((count("TaskSubmitted"), count("TaskConcluded")), (1, 1), "{told}");
    assert_eq!((count("CollectiveConvened"), count("VerdictReached")), (1, 1), "{told}");
    assert!(report.answers.iter().all(Result::is_ok), "{told}: {:?}", report.answers);
}

#[test]
fn killed_at_any_boundary_a_collective_comes_to_the_same_contributions_verdict_and_balances() {
    for kind in KINDS {
        let undisturbed = run(0, kind, Safety::Repeatable, None);
        let expected = outcome(&undisturbed.events);
        let lines = expected.join("\n");
        assert!(lines.contains(kind.ends), "{}: {lines}", kind.name);
        let contributions = lines.matches("ContributionRecorded(").count();
        assert_eq!(contributions, if kind.troubled { 4 } else { 5 }, "{}: {lines}", kind.name);
        assert_eq!(lines.contains("KeysGrouped("), kind.judge, "{}", kind.name);
        let wishes =
            ["DelegationRequested(", "DelegationRefused("].map(|one| lines.matches(one).count());
        assert_eq!(wishes, [usize::from(kind.wishful); 2], "{}: {lines}", kind.name);
        for seed in 0..3 {
            for boundary in boundaries(seed, kind, Safety::Repeatable) {
                let told = format!("{}, seed {seed}, killed at {boundary}", kind.name);
                let report = run(seed, kind, Safety::Repeatable, Some(boundary));
                assert_eq!(report.crashes, 1, "{told}");
                check(&report, &told);
                assert_eq!(outcome(&report.events), expected, "{told}");
            }
        }
    }
}

#[test]
fn killed_at_any_boundary_no_call_that_cannot_be_repeated_is_made_twice() {
    let mut in_doubt = 0;
    for kind in KINDS {
        for boundary in boundaries(0, kind, Safety::AtMostOnce) {
            let told = format!("{}, killed at {boundary}", kind.name);
            let report = run(0, kind, Safety::AtMostOnce, Some(boundary));
            check(&report, &told);
            let mut sent = std::collections::BTreeMap::new();
            for recorded in &report.events {
                let Event::Invocation(event) = &recorded.event else { continue };
                if let InvocationEvent::InvocationStarted(started) = event {
                    *sent.entry(started.invocation).or_insert(0) += 1;
                } else if let InvocationEvent::InvocationFailed(failed) = event {
                    in_doubt += usize::from(failed.class == FailureClass::InDoubt);
                }
            }
            for (call, made) in &report.calls {
                assert!(made <= &sent[call], "{told}: {call} was made {made} times");
            }
        }
    }
    assert!(in_doubt > 50, "only {in_doubt} calls were hit");
}
