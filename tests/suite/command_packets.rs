//! `convoke packets …` and a promotion: people tell agents what to do and let them, by command.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use convoke::action::{Action, WorkAction};
use convoke::actors::testkit::{member, task_rules};
use convoke::events::{Limits, Phase, Slug, TaskId, TaskPlan, Tier, Verb};
use convoke::{AgentRegistration, Hub, Runtime, TaskSubmission};

use crate::binary::{convoke, fresh, json, json_lines};

const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"wait","confidence":1,"reason":"r"}],
    "otherwise":{"recommend":"wait","confidence":1,"reason":"r"}}"#;

const PACKET: &str = r#"
agent = "mason"
objective = "no more crashes"
scope = "the importer"
created_for = "Grace"
steps = ["run-tests"]
artifacts = ["patch"]
forbidden = ["production-read"]
budget = { errors = 4 }
"#;

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

/// A hub in this directory whose agent mason, of this tier, may propose implementations.
async fn opened(runtime: &Runtime, tier: Tier) -> Hub {
    let hub = runtime.hub("workshop".parse().unwrap());
    let ada = hub.as_person("ada");
    ada.open("Workshop", Limits::default()).await.unwrap();
    ada.register(AgentRegistration { tier, ..member("mason", SETTINGS) }).await.unwrap();
    let verbs = BTreeSet::from([Verb::Read, Verb::Propose]);
    ada.allow(slug("mason"), "implementation".parse().unwrap(), verbs).await.unwrap();
    hub
}

/// Hands in a task that agents work on in sessions.
async fn handed_in(hub: &Hub, request: &str) -> TaskId {
    let task_type = "implementation".parse().unwrap();
    let submission = TaskSubmission {
        request: request.to_owned(),
        attempt: 0,
        title: "A crash".to_owned(),
        body: "It crashes.".to_owned(),
        source: None,
        plan: TaskPlan::Sessions { task_type, rules: task_rules() },
        limits: Limits::default(),
    };
    hub.as_person("ada").submit(submission).await.unwrap()
}

fn enter(phase: Phase) -> Action {
    Action::Work(WorkAction::EnterPhase { phase, note: None })
}

fn plan(content: &str) -> Action {
    Action::Work(WorkAction::HandInPlan { content: content.to_owned() })
}

/// What mason does on the task while nobody else has the log.
async fn mason(data: &Path, task: TaskId, actions: Vec<Action>) {
    let runtime = Runtime::builder().directory(data).start().unwrap();
    let session = runtime.hub("workshop".parse().unwrap()).as_agent(slug("mason"), task);
    for action in actions {
        session.act(action).await.unwrap();
    }
    runtime.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_packet_is_issued_its_plan_rejected_and_approved_and_all_of_it_shown() {
    let (place, data) = fresh();
    let runtime = Runtime::builder().directory(&data).start().unwrap();
    let hub = opened(&runtime, Tier::T2).await;
    let task = handed_in(&hub, "r-1").await;
    runtime.shutdown().await.unwrap();
    let (id, file) = (task.to_string(), place.path().join("packet.toml"));
    fs::write(&file, PACKET).unwrap();
    let issue = ["packets", "issue", &id, "--file", file.to_str().unwrap(), "--by", "ada"];
    let issued = json(&data, &issue);
    assert_eq!((&issued["changed"], &issued["agent"]), (&true.into(), &"mason".into()));
    let shown = json(&data, &["packets", "show", &id]);
    assert_eq!((&shown["standing"], &shown["by"]), (&"issued".into(), &"ada".into()));
    assert_eq!((&shown["budget"]["errors"], &shown["budget"]["repeats"]), (&4.into(), &2.into()));

    let begin = [Phase::Bootstrap, Phase::Preflight, Phase::Plan].map(enter);
    let begin = begin.into_iter().chain([plan("all at once")]).collect();
    mason(&data, task, begin).await;
    let waiting = json_lines(&data, &["attention"]);
    assert_eq!((&waiting[0]["cause"], &waiting[0]["id"]), (&"plan".into(), &id.as_str().into()));
    let first = json(&data, &["packets", "show", &id])["plan"]["digest"].clone();
    let first = first.as_str().unwrap();
    let reject =
        ["packets", "reject", &id, "--digest", first, "--note", "too much", "--by", "grace"];
    assert_eq!(json(&data, &reject)["decision"], "rejected");
    assert_eq!(json_lines(&data, &["attention"]).len(), 0);
    mason(&data, task, vec![plan("one step after the other")]).await;
    let stale = ["packets", "approve", &id, "--digest", first];
    assert!(convoke(&data, &stale).failed(3).contains("no plan of this digest waits"));
    convoke(&data, &["packets", "approve", &id, "--by", "grace"]).done();
    mason(&data, task, vec![enter(Phase::Execute)]).await;

    let listed = json_lines(&data, &["packets"]);
    assert_eq!((listed.len(), &listed[0]["phase"]), (1, &"EXECUTE".into()));
    let words = convoke(&data, &["packets", "show", &id]).done();
    for piece in ["no more crashes", "run-tests", "approved", "grace", "one step after the other"] {
        assert!(words.contains(piece), "{piece} is not in {words}");
    }
    let permit = ["packets", "permit", &id, "sandbox", "--reason", "as agreed", "--by", "ada"];
    assert_eq!(json(&data, &permit)["permission"], "sandbox");
    let again = convoke(&data, &issue).failed(3);
    assert!(again.contains("mason holds the lock of task"), "{again}");
}

#[tokio::test]
async fn a_packet_that_cannot_be_is_refused_and_every_mistake_in_its_file_named() {
    let (place, data) = fresh();
    let runtime = Runtime::builder().directory(&data).start().unwrap();
    let hub = opened(&runtime, Tier::T0).await;
    let task = handed_in(&hub, "r-1").await;
    runtime.shutdown().await.unwrap();
    let (id, file) = (task.to_string(), place.path().join("packet.toml"));
    let issue = ["packets", "issue", &id, "--file", file.to_str().unwrap()];
    fs::write(&file, "agent = \"mason\"\ntier = \"T9\"\nsteps = [\"a\", \"a\"]\nhurry = true\n")
        .unwrap();
    let complaint = convoke(&data, &issue).failed(2);
    for piece in [
        "packet.toml:1: objective: found nothing",
        "packet.toml:2: tier: found `T9`",
        "packet.toml:3: steps[1]: found `a`, expected each word once",
        "packet.toml:4: hurry: found the unknown field",
    ] {
        assert!(complaint.contains(piece), "{piece} is not in {complaint}");
    }
    fs::write(&file, PACKET.replacen("agent", "tier = \"T1\"\nagent", 1)).unwrap();
    let complaint = convoke(&data, &issue).failed(3);
    assert!(complaint.contains("mason is of tier T0 on this kind of work, which takes T1"));
    let unknown = TaskId::derive(&["another"]).to_string();
    let complaint = convoke(&data, &["packets", "show", &unknown]).failed(1);
    assert!(complaint.contains("`convoke packets` lists what there is"), "{complaint}");
}

/// mason reports on a task of its own, with every rule kept.
async fn run(hub: &Hub, number: u32) {
    let task = handed_in(hub, &format!("r-{number}")).await;
    let packet = convoke::actors::command::Packet {
        task,
        agent: slug("mason"),
        tier: None,
        objective: "mend it".to_owned(),
        deliverables: String::new(),
        scope: String::new(),
        criteria: String::new(),
        escalation: String::new(),
        created_for: String::new(),
        steps: Vec::new(),
        artifacts: Vec::new(),
        forbidden: BTreeSet::new(),
        budget: None,
    };
    hub.as_person("ada").command(convoke::Command::IssuePacket(packet)).await.unwrap();
    let session = hub.as_agent(slug("mason"), task);
    for phase in [Phase::Bootstrap, Phase::Preflight, Phase::Plan] {
        session.act(enter(phase)).await.unwrap();
    }
    session.act(plan("mend it")).await.unwrap();
    for phase in [Phase::Execute, Phase::Verify, Phase::Package, Phase::Report] {
        session.act(enter(phase)).await.unwrap();
    }
    let (recommendation, content) = ("merge it".to_owned(), "mended".to_owned());
    let report = WorkAction::Report { recommendation, content, confidence: None };
    session.act(Action::Work(report)).await.unwrap();
    session.act(enter(Phase::Exit)).await.unwrap();
}

#[tokio::test]
async fn a_promotion_that_was_earned_waits_for_a_person_who_gives_it_by_command() {
    let (_place, data) = fresh();
    let log = convoke::events::Log::open(
        &data,
        convoke::events::Options {
            durability: convoke::events::Durability::Buffered,
            ..convoke::events::Options::default()
        },
    )
    .unwrap();
    let runtime = Runtime::builder().on(log).start().unwrap();
    let hub = opened(&runtime, Tier::T2).await;
    let rules = convoke::events::LifecycleRules {
        plans_need_a_person: false,
        gate: 800_000,
        ..convoke::events::LifecycleRules::default()
    };
    hub.as_person("ada").command(convoke::Command::SetLifecycleRules(rules)).await.unwrap();
    // 30 of 30 lie above 80 per cent surely enough.
    for number in 1..=30 {
        run(&hub, number).await;
    }
    drop(hub);
    runtime.shutdown().await.unwrap();
    let waiting = json_lines(&data, &["attention"]);
    let due = waiting.iter().find(|one| one["cause"] == "promotion_due").unwrap();
    assert!(due["resolve"].as_str().unwrap().starts_with("convoke agents promote mason"), "{due}");
    let evidence = json_lines(&data, &["report", "trust"]);
    assert_eq!(evidence[0]["missing"], serde_json::json!({"signature": {"to": "T3"}}));
    let promote = ["agents", "promote", "mason", "implementation", "--reason", "well done"];
    assert_eq!(json(&data, &[&promote[..], &["--by", "ada"]].concat())["changed"], true);
    let evidence = json_lines(&data, &["report", "trust"]);
    assert_eq!((&evidence[0]["tier"], &evidence[0]["runs"]), (&"T3".into(), &0.into()));
    let shown = json(&data, &["agents", "show", "mason"]);
    assert_eq!(shown["evidence"][0]["tier"], "T3");
    let waiting = json_lines(&data, &["attention"]);
    assert!(waiting.iter().all(|one| one["cause"] != "promotion_due"), "{waiting:?}");
    let complaint = convoke(&data, &promote).failed(3);
    assert!(complaint.contains("from T3 to T4: its runs at this tier have not earned it"));
    let words = convoke(&data, &["audit", "--agent", "mason"]).done();
    assert!(words.contains("T2") && words.contains("T3") && words.contains("ada"), "{words}");
}
