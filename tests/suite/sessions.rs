//! A host runs agents of its own: they act in sessions, under governance, and the board shows it.

use std::collections::BTreeSet;

use convoke::action::WorkAction;
use convoke::action::{Action, Complete, Message, Post};
use convoke::actors::command::Packet;
use convoke::actors::testkit::{member, task_rules};
use convoke::events::{
    ArtifactType, Complexity, CoordinationRules, Limits, MediatorRules, MessageKind, Phase,
    PlanDecision, Position, Section, Slug, TaskId, TaskOutcome, TaskPlan, Tier, Tokens, Trigger,
    Verb,
};
use convoke::{AgentRegistration, Command, CommandError, Hub, Refusal, Runtime, TaskSubmission};

use crate::binary::{convoke, fresh, json_lines};

const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"wait","confidence":1,"reason":"r"}],
    "otherwise":{"recommend":"wait","confidence":1,"reason":"r"}}"#;

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn post(section: Section, key: Option<&str>) -> Action {
    let (key, text) = (key.map(str::to_owned), "as I see it".to_owned());
    Action::Post(Post { section, key, text })
}

/// A workshop with these agents, all of which may propose, and a task that is worked on in sessions.
async fn workshop(runtime: &Runtime, agents: &[&str]) -> (Hub, TaskId) {
    let hub = runtime.hub("workshop".parse().unwrap());
    let ada = hub.as_person("ada");
    ada.open("Workshop", Limits::default()).await.unwrap();
    for name in agents {
        ada.register(AgentRegistration { tier: Tier::T2, ..member(name, SETTINGS) }).await.unwrap();
        let artifact: ArtifactType = "implementation".parse().unwrap();
        ada.allow(slug(name), artifact, BTreeSet::from([Verb::Read, Verb::Propose])).await.unwrap();
    }
    let task_type = "implementation".parse().unwrap();
    let submission = TaskSubmission {
        request: "r-1".to_owned(),
        attempt: 0,
        title: "A crash".to_owned(),
        body: "It crashes.".to_owned(),
        source: None,
        plan: TaskPlan::Sessions { task_type, rules: task_rules() },
        limits: Limits::default(),
    };
    let task = ada.submit(submission).await.unwrap();
    (hub, task)
}

#[tokio::test]
async fn agents_of_the_hosts_own_act_in_sessions_and_the_board_shows_what_they_did() {
    let runtime = Runtime::builder().in_memory().start().unwrap();
    let (hub, task) = workshop(&runtime, &["alpha", "beta"]).await;
    let ada = hub.as_person("ada");
    ada.register(member("gamma", SETTINGS)).await.unwrap();

    let [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map(|one| hub.as_agent(slug(one), task));
    alpha.act(post(Section::Solutions, Some("roll back"))).await.unwrap();
    alpha.alive();
    let (kind, to) = (MessageKind::Feedback, Some(slug("alpha")));
    let text = "I would rather fix it".to_owned();
    beta.act(Action::Message(Message { kind, to, key: None, text })).await.unwrap();
    let refused = gamma.act(post(Section::Problem, None)).await.unwrap_err();
    assert!(matches!(&refused, CommandError::Refused(Refusal::ActionRefused { .. })), "{refused}");
    beta.act(Action::Complete(Complete { reason: "fixed".to_owned() })).await.unwrap();
    let (outcome, reason) = (TaskOutcome::Completed, "it works".to_owned());
    ada.command(Command::ConcludeTask { task, outcome, reason }).await.unwrap();
    assert_eq!(hub.concluded(task).await.unwrap().outcome, TaskOutcome::Completed);

    let views = runtime.views().unwrap();
    let head = Position::new(runtime.log().head().position).unwrap();
    let boards = views.boards.wait_for(head).await.unwrap();
    let board = boards.view.get(task).unwrap();
    assert_eq!(board.posts[0].by.slug, "alpha");
    assert_eq!(board.posts[0].key.as_ref().unwrap().as_str(), "roll-back");
    assert_eq!(board.messages[0].to.as_deref(), Some("alpha"));
    assert_eq!(board.refused[0].by.slug, "gamma");
    let triggers: Vec<_> = board.help.iter().map(|help| help.trigger).collect();
    assert_eq!(triggers, [Trigger::Success]);
    runtime.shutdown().await.unwrap();
}

/// What an agent is told to do about the crash.
fn told(agent: &str, task: TaskId) -> Command {
    Command::IssuePacket(Packet {
        task,
        agent: slug(agent),
        tier: None,
        objective: "mend the crash".to_owned(),
        deliverables: "a patch".to_owned(),
        scope: "the start page".to_owned(),
        criteria: "it starts".to_owned(),
        escalation: "ask Ada".to_owned(),
        created_for: "Grace".to_owned(),
        steps: vec!["run-tests".parse().unwrap()],
        artifacts: vec!["patch".parse().unwrap()],
        forbidden: BTreeSet::new(),
        budget: None,
    })
}

fn enter(phase: Phase) -> Action {
    Action::Work(WorkAction::EnterPhase { phase, note: None })
}

/// An agent works from `BOOTSTRAP` until it executes what it planned and Ada approved.
async fn executes(hub: &Hub, agent: &str, task: TaskId) {
    let session = hub.as_agent(slug(agent), task);
    for phase in [Phase::Bootstrap, Phase::Preflight, Phase::Plan] {
        session.act(enter(phase)).await.unwrap();
    }
    let content = format!("how {agent} would do it");
    session.act(Action::Work(WorkAction::HandInPlan { content })).await.unwrap();
    let (plan, decision, note) = (None, PlanDecision::Approved, None);
    let decide = Command::DecidePlan { task, plan, decision, note };
    hub.as_person("ada").command(decide).await.unwrap();
    session.act(enter(Phase::Execute)).await.unwrap();
}

#[tokio::test]
async fn the_story_of_three_agents_is_told_by_the_command_in_words_a_lead_understands() {
    let (_place, data) = fresh();
    let runtime = Runtime::builder().directory(&data).start().unwrap();
    let (hub, task) = workshop(&runtime, &["alpha", "beta", "gamma"]).await;
    let ada = hub.as_person("ada");
    let template = AgentRegistration::id(hub.id(), &slug("gamma"));
    let on = BTreeSet::from([Trigger::Conflict]);
    let rules = CoordinationRules {
        stuck_after_ms: 30_000,
        conflicts: 3,
        complexity: Complexity::new(0.8).unwrap(),
        mediator: Some(MediatorRules { template, share: Tokens::new(50_000), on }),
    };
    ada.command(Command::SetCoordinationRules(rules)).await.unwrap();

    ada.command(told("alpha", task)).await.unwrap();
    executes(&hub, "alpha", task).await;
    let [alpha, beta] = ["alpha", "beta"].map(|one| hub.as_agent(slug(one), task));
    alpha.act(post(Section::Solutions, Some("roll back"))).await.unwrap();
    beta.act(post(Section::Solutions, Some("fix forward"))).await.unwrap();
    beta.act(post(Section::Solutions, Some("switch off"))).await.unwrap();
    for port in [5432, 5433, 5434] {
        let message = format!("connection to 10.0.0.1:{port} refused");
        alpha.act(Action::Work(WorkAction::ReportError { message })).await.unwrap();
    }
    assert!(alpha.act(post(Section::Progress, None)).await.is_err(), "it was revoked");

    ada.command(told("beta", task)).await.unwrap();
    executes(&hub, "beta", task).await;
    let step = WorkAction::TakeStep { step: "run-tests".parse().unwrap(), note: None };
    beta.act(Action::Work(step)).await.unwrap();
    let (artifact, content) = ("patch".parse().unwrap(), "a diff".to_owned());
    beta.act(Action::Work(WorkAction::HandIn { artifact, content })).await.unwrap();
    for phase in [Phase::Verify, Phase::Package, Phase::Report] {
        beta.act(enter(phase)).await.unwrap();
    }
    let (recommendation, content) = ("merge it".to_owned(), "it starts again".to_owned());
    let report = WorkAction::Report { recommendation, content, confidence: None };
    beta.act(Action::Work(report)).await.unwrap();
    // Gamma's call may be under way; a task is left once it has ended.
    while let Err(error) = beta.act(enter(Phase::Exit)).await {
        assert!(error.to_string().contains("under way"), "{error}");
        tokio::task::yield_now().await;
    }
    assert_eq!(hub.concluded(task).await.unwrap().outcome, TaskOutcome::Proposed);

    runtime.shutdown().await.unwrap();
    let id = task.to_string();
    let words = convoke(&data, &["audit", "--task", &id]).done();
    let mut told = words.lines();
    for piece in [
        "alpha (v1) was told to work on it at tier T2: mend the crash",
        "alpha (v1) holds the task's lock",
        "alpha entered BOOTSTRAP",
        "alpha handed in a plan: how alpha would do it",
        "the plan of alpha was approved by ada",
        "alpha entered EXECUTE",
        "beta (v1) wrote to the solutions on the board (version 2), recommending `fix-forward`",
        "CONFLICT: 3 different answers, from 3 on too many; a mediator is made from gamma (v1)",
        "gamma (v1) was asked to help",
        "alpha met the error `connection-to-refused`",
        "alpha (v1) was revoked: 2 repeats of the error `connection-to-refused`",
        "alpha (v1) lost the lock: it was revoked",
        "alpha leaves the task in EXECUTE with 0 steps taken",
        "alpha (v1) was refused the action `post`",
        "beta (v1) was told to work on it at tier T2, taking up what was left: mend the crash",
        "beta handed in `patch`",
        "waits for review, the report of beta (v1), recommending `merge-it`",
        "beta entered EXIT",
        "the task ended as `proposed` because of `reported`: beta reported what it did",
    ] {
        assert!(told.any(|line| line.contains(piece)), "`{piece}` is not in its place:\n{words}");
    }
    let lines = json_lines(&data, &["audit", "--task", &id]);
    let revoked = lines.iter().find(|line| line["event_type"] == "AgentRevoked").unwrap();
    for field in ["position", "text", "cause", "hash"] {
        assert!(!revoked[field].is_null(), "{field}: {revoked}");
    }
}
