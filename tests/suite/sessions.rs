//! A host runs agents of its own: they act in sessions, under governance, and the board shows it.

use std::collections::BTreeSet;

use convoke::action::{Action, Complete, Message, Post};
use convoke::actors::testkit::{member, task_rules};
use convoke::events::{
    ArtifactType, Limits, MessageKind, Position, Section, Slug, TaskOutcome, TaskPlan, Trigger,
    Verb,
};
use convoke::{Command, CommandError, Refusal, Runtime, TaskSubmission};

const SETTINGS: &str = r#"{"rules":[{"any":["x"],"recommend":"wait","confidence":1,"reason":"r"}],
    "otherwise":{"recommend":"wait","confidence":1,"reason":"r"}}"#;

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

fn post(section: Section, key: Option<&str>) -> Action {
    let (key, text) = (key.map(str::to_owned), "as I see it".to_owned());
    Action::Post(Post { section, key, text })
}

#[tokio::test]
async fn agents_of_the_hosts_own_act_in_sessions_and_the_board_shows_what_they_did() {
    let runtime = Runtime::builder().in_memory().start().unwrap();
    let hub = runtime.hub("workshop".parse().unwrap());
    let ada = hub.as_person("ada");
    ada.open("Workshop", Limits::default()).await.unwrap();
    for name in ["alpha", "beta", "gamma"] {
        ada.register(member(name, SETTINGS)).await.unwrap();
    }
    let artifact: ArtifactType = "implementation".parse().unwrap();
    for name in ["alpha", "beta"] {
        ada.allow(slug(name), artifact.clone(), BTreeSet::from([Verb::Propose])).await.unwrap();
    }
    let task_type = "implementation".parse().unwrap();
    let task = ada
        .submit(TaskSubmission {
            request: "r-1".to_owned(),
            title: "A crash".to_owned(),
            body: "It crashes.".to_owned(),
            source: None,
            plan: TaskPlan::Sessions { task_type, rules: task_rules() },
            limits: Limits::default(),
        })
        .await
        .unwrap();

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
