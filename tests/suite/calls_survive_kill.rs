//! SIGKILL at any step of a call, again and again: recovery says of each call in flight what became
//! of it, nothing that was recorded as answered is asked for again, and the budgets balance.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Mutex};

use convoke::actors::testkit::{Heard, Loopback, Say};
use convoke::events::{
    AgentId, BudgetEvent, Event, InvocationEvent, InvocationId, Log, Options, Query, Recourse,
    Recovery, RegistryEvent, TaskEvent, TaskId, TextName,
};

use crate::binary::{command, fresh, json};
use crate::real_models::{completes, switched};

/// Data directories that are treated so at the same time, and how often each: 200 kills in all.
const LANES: usize = 4;
const ROUNDS: usize = 50;

/// What is to be killed, after how many more calls, and whether before the last one is answered.
#[derive(Default)]
struct Target {
    child: Option<Child>,
    calls: usize,
    before: bool,
}

fn kill(target: &Mutex<Target>) {
    if let Some(child) = &mut target.lock().unwrap().child {
        // On this system that is SIGKILL: nothing of the process runs any more.
        child.kill().unwrap();
    }
}

/// What tells a call from every other: whom it asks, on which request, what for.
type Asked = (String, String, String);

/// Nothing for a request that broke off: who sent it was killed over it.
fn asked(heard: &Heard) -> Option<Asked> {
    let body = heard.json();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let title = text(&body["messages"][1]["content"])?;
    let title = title.lines().next()?.to_owned();
    let purpose = text(&body["response_format"]["json_schema"]["name"])?;
    Some((text(&body["messages"][0]["content"])?, title, purpose))
}

/// What the log says of calls.
#[derive(Default)]
struct Told {
    calls: BTreeMap<InvocationId, Asked>,
    /// How often each was to be asked: once a start, and once more a repetition.
    sent: BTreeMap<Asked, usize>,
    open: BTreeSet<InvocationId>,
    answered: BTreeSet<InvocationId>,
    recovered: BTreeMap<InvocationId, Vec<(Recovery, Recourse)>>,
    held: BTreeSet<String>,
}

#[allow(clippy::wildcard_enum_match_arm, reason = "only calls are looked at")]
fn told(data: &Path) -> Told {
    let log = Log::open(data, Options::default()).unwrap();
    let mut told = Told::default();
    let mut prompts: BTreeMap<AgentId, String> = BTreeMap::new();
    let mut titles: BTreeMap<TaskId, String> = BTreeMap::new();
    for recorded in log.read(Query::all()) {
        let recorded = recorded.unwrap();
        let text = |name| recorded.texts.get(&name).unwrap_or("").to_owned();
        match &recorded.event {
            Event::Registry(RegistryEvent::AgentRegistered(facts)) => {
                prompts.insert(facts.agent, text(TextName::SYSTEM_PROMPT));
            }
            Event::Task(TaskEvent::TaskSubmitted(facts)) => {
                titles.insert(facts.task, text(TextName::TITLE));
            }
            Event::Budget(BudgetEvent::Reserved(facts)) => {
                told.held.insert(facts.reservation.to_string());
            }
            Event::Budget(BudgetEvent::Settled(facts)) => {
                assert!(told.held.remove(&facts.reservation.to_string()), "settled twice");
            }
            Event::Invocation(InvocationEvent::InvocationStarted(facts)) => {
                let purpose = facts.purpose.as_str().to_owned();
                let asked = (prompts[&facts.agent].clone(), titles[&facts.task].clone(), purpose);
                *told.sent.entry(asked.clone()).or_default() += 1;
                told.calls.insert(facts.invocation, asked);
                told.open.insert(facts.invocation);
            }
            Event::Invocation(InvocationEvent::InvocationAnswered(facts)) => {
                assert!(told.open.remove(&facts.invocation), "it ends once");
                told.answered.insert(facts.invocation);
            }
            Event::Invocation(InvocationEvent::InvocationFailed(facts)) => {
                assert!(told.open.remove(&facts.invocation), "it ends once");
            }
            Event::Invocation(InvocationEvent::InvocationRecovered(facts)) => {
                assert!(told.open.contains(&facts.invocation), "it was in flight");
                let found = (facts.found, facts.then);
                if facts.then == Recourse::Repeat {
                    *told.sent.entry(told.calls[&facts.invocation].clone()).or_default() += 1;
                }
                told.recovered.entry(facts.invocation).or_default().push(found);
            }
            _ => {}
        }
    }
    log.close().unwrap();
    told
}

/// The example's agents behind this server, which goes as a hub's rules for doubt say.
fn scenario(place: &Path, server: &Loopback, in_doubt: Recourse) -> String {
    let text = switched(|_| format!("{}/v1", server.url()));
    let mut scenario: toml::Table = text.parse().unwrap();
    let retry = toml::Table::from_iter([("in_doubt".to_owned(), in_doubt.as_str().into())]);
    scenario.insert("retry".to_owned(), retry.into());
    let file = place.join(format!("{in_doubt}.toml"));
    fs::write(&file, scenario.to_string()).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn whatever_is_killed_when_nothing_answered_is_asked_again_and_the_budgets_balance() {
    let hit: usize = std::thread::scope(|scope| {
        let lanes = [(); LANES].map(|()| scope.spawn(killed_again_and_again));
        lanes.map(|lane| lane.join().unwrap()).into_iter().sum()
    });
    assert!(hit > LANES * ROUNDS / 2, "only {hit} calls were hit");
}

/// Kills one run so often, looks at what it left behind, and says how many calls were hit.
fn killed_again_and_again() -> usize {
    let (place, data) = fresh();
    let target = Arc::new(Mutex::new(Target::default()));
    let aimed = Arc::clone(&target);
    let server = Loopback::start(move |heard| {
        if asked(heard).is_none() {
            return Say::new(400, "");
        }
        let mut now = aimed.lock().unwrap();
        now.calls = now.calls.wrapping_sub(1);
        let (hit, before) = (now.calls == 0, now.before);
        drop(now);
        if hit && before {
            kill(&aimed);
        } else if hit {
            // It races with the answer: sometimes that is recorded first, sometimes not.
            let aimed = Arc::clone(&aimed);
            std::thread::spawn(move || kill(&aimed));
        }
        completes(heard)
    });
    let input = place.path().join("requests.jsonl");
    let lines: Vec<String> = (0..ROUNDS)
        .map(|number| {
            format!(r#"{{"id": "r{number}", "title": "Crash {number}", "body": "a crash again"}}"#)
        })
        .collect();
    fs::write(&input, lines.join("\n")).unwrap();
    let files = [Recourse::Fail, Recourse::Repeat]
        .map(|in_doubt| scenario(place.path(), &server, in_doubt));
    let arguments = |round: usize| ["run", &files[round % 2], "--input", input.to_str().unwrap()];
    let mut doubtful = BTreeSet::new();
    let mut answered: BTreeMap<InvocationId, usize> = BTreeMap::new();
    let count = |call: &Asked| {
        server.heard().iter().filter(|heard| asked(heard).as_ref() == Some(call)).count()
    };
    for round in 0..ROUNDS {
        let mut child = command(&data).args(arguments(round)).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        drop(child.stderr.take());
        let (calls, before) = (1 + round % 3, round % 5 < 3);
        *target.lock().unwrap() = Target { child: Some(child), calls, before };
        out.read_to_end(&mut Vec::new()).unwrap();
        let mut child = std::mem::take(&mut *target.lock().unwrap()).child.unwrap();
        child.wait().unwrap();
        let told = told(&data);
        doubtful.extend(told.open.iter().copied());
        for call in told.answered {
            answered.entry(call).or_insert_with(|| count(&told.calls[&call]));
        }
    }
    let summary = json(&data, &arguments(ROUNDS));
    assert_eq!(summary["tokens"]["reserved"], 0);
    let told = told(&data);
    assert_eq!((told.open, told.held), (BTreeSet::new(), BTreeSet::new()));
    let recovered: BTreeSet<_> = told.recovered.keys().copied().collect();
    assert_eq!(recovered, doubtful, "every call in flight at a kill is classified, and no other");
    for (call, before) in answered {
        assert_eq!(count(&told.calls[&call]), before, "{call} was answered, and asked again");
    }
    for (call, found) in &told.recovered {
        assert!(found.iter().all(|(found, _)| *found == Recovery::InDoubt), "{call}: {found:?}");
    }
    for (call, sent) in &told.sent {
        assert!(count(call) <= *sent, "{call:?} was asked more often than said");
    }
    assert!(json(&data, &["log", "verify"])["events"].as_u64().unwrap() > 0);
    recovered.len()
}
