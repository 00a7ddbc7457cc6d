//! A federation's life: a hub at work on stories of every kind there is, to measure what reads it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use convoke_actors::action::{Act, Action, Complete, Message, Post, Vote, WorkAction};
use convoke_actors::authority::LocalOwner;
use convoke_actors::command::{
    AgentRegistration, Caller, Command, Order, Packet, PolicyRule, Review, TaskSubmission,
    VoteOpening,
};
use convoke_actors::driver::{Federation, Setup};
use convoke_actors::testkit::{hub, member, orders, submission, task_rules};
use convoke_events::testkit::interaction;
use convoke_events::{
    Ballot, Complexity, Durability, Limits, Log, MessageKind, Options, Phase, PlanDecision,
    ProposalId, ReviewDecision, Section, Slug, TaskId, TaskOutcome, TaskPlan, TaskType, Tier,
    TrustLevel, Verb,
};
use tokio::runtime::Runtime;

/// How many stories go on at the same time.
const AT_ONCE: usize = 128;

/// What the agents that hand over and the ones that work in sessions answer.
const SETTINGS: &str = r#"{"rules": [{"any": ["again"], "recommend": "fix", "confidence": 0.7,
    "reason": "it was asked before", "delegate": {"to": "scout", "scope": "look for duplicates"}},
    {"any": ["odd"], "recommend": "look", "confidence": 0.6, "reason": "it is odd"},
    {"any": ["crash"], "recommend": "fix", "confidence": 0.9, "reason": "it can be fixed"}],
    "otherwise": {"recommend": "wait", "confidence": 0.5, "reason": "nothing is known"}}"#;

/// Lets a hub live on this log until it holds so many events; what was begun is ended.
///
/// # Panics
/// If something that must be done is not.
pub fn live(directory: &Path, events: u64, runtime: &Runtime) {
    let options = Options { durability: Durability::Buffered, ..Options::default() };
    let log = Log::open(directory, options).expect("a log");
    let setup = Setup { authority: Arc::new(LocalOwner), ..Setup::default() };
    let federation = Federation::start(log.clone(), setup).expect("a federation");
    let first = log.head().position;
    tokio::task::LocalSet::new().block_on(runtime, async {
        let hub = Hub { federation: federation.clone(), log: log.clone() };
        for command in orders().into_iter().chain(crew()) {
            // What was set up before stays as it is.
            let _known = hub.order(command).await;
        }
        let mut under_way = tokio::task::JoinSet::new();
        for number in 1.. {
            if log.head().position >= events {
                break;
            }
            if under_way.len() >= AT_ONCE {
                under_way.join_next().await.expect("a story").expect("it ends");
            }
            under_way.spawn_local(story(hub.clone(), format!("{first}-{number}"), number));
        }
        while let Some(ended) = under_way.join_next().await {
            ended.expect("a story ends");
        }
    });
    runtime.block_on(federation.shutdown());
    log.close().expect("a log that closes");
}

fn word<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a word")
}

/// An agent of tier T2 that may be handed work and hand it on.
fn builder(slug: &str, version: u64) -> AgentRegistration {
    AgentRegistration {
        trust: TrustLevel::Elevated,
        tier: Tier::T2,
        description: format!("works in sessions, as of {version}"),
        ..member(slug, SETTINGS)
    }
}

/// What the small federation needs to live more than the life of its testers.
fn crew() -> Vec<Command> {
    let mut commands = Vec::new();
    for slug in ["helm", "alfa", "bravo", "charlie"] {
        commands.push(Command::RegisterAgent(builder(slug, 0)));
    }
    let verbs = [Verb::Read, Verb::Propose, Verb::Delegate];
    for slug in ["helm", "alfa", "bravo", "charlie", "scout"] {
        let rule = PolicyRule::new(word(slug), word("implementation"), BTreeSet::from(verbs));
        commands.push(Command::SetGovernancePolicy(rule));
    }
    commands
}

#[derive(Clone)]
struct Hub {
    federation: Federation,
    log: Log,
}

impl Hub {
    /// Gives a command as the owner; what a rule forbids is refused, and that is a life too.
    async fn order(&self, command: Command) -> bool {
        let order = Order::new(Caller::Person("ada".to_owned()), command);
        self.federation.command(&hub(), order).await.is_ok()
    }

    /// Does something in the name of an agent.
    async fn act(&self, slug: &str, task: TaskId, action: Action) -> bool {
        let act = Command::Act(Act { task, delegation: None, action });
        let order = Order::new(Caller::Agent(word(slug)), act);
        self.federation.command(&hub(), order).await.is_ok()
    }

    async fn work(&self, slug: &str, task: TaskId, action: WorkAction) -> bool {
        self.act(slug, task, Action::Work(action)).await
    }

    /// Hands in a task that goes this way.
    async fn submit(&self, request: &str, body: &str, plan: Option<TaskPlan>) -> TaskId {
        let usual = submission(request, body);
        let plan = plan.unwrap_or_else(|| usual.plan.clone());
        let submission = TaskSubmission { plan, limits: Limits::default(), ..usual };
        let task = TaskSubmission::id(&hub(), request);
        assert!(self.order(Command::SubmitTask(submission)).await, "`{request}` is handed in");
        task
    }

    async fn conclude(&self, task: TaskId) {
        let (outcome, reason) = (TaskOutcome::Completed, "it is done".to_owned());
        self.order(Command::ConcludeTask { task, outcome, reason }).await;
    }

    /// Waits until a task has ended, and has its proposal reviewed, if it has one.
    async fn review(&self, task: TaskId, number: u64) {
        self.federation.concluded(&hub(), task).await.expect("it ends");
        let decision = match number % 7 {
            0 => ReviewDecision::Rejected,
            1 => ReviewDecision::Revised,
            2 => return,
            _ => ReviewDecision::Accepted,
        };
        let revision = "Fix it, and say in the changelog what was fixed.".to_owned();
        let review = Review {
            proposal: ProposalId::derive(&[&task.to_string()]),
            decision,
            digest: None,
            note: Some("as we agreed".to_owned()),
            revision: Some(revision).filter(|_| decision == ReviewDecision::Revised),
            key: Some(word("fix")),
        };
        self.order(Command::ReviewProposal(review)).await;
    }
}

fn task_type() -> TaskType {
    word("implementation")
}

/// One story; which of them, the number says.
async fn story(hub: Hub, request: String, number: u64) {
    match number % 16 {
        0..=5 => {
            let body = if number.is_multiple_of(3) { "crash, again" } else { "A crash on start" };
            let task = hub.submit(&request, body, None).await;
            hub.review(task, number).await;
        }
        6 => {
            let task = hub.submit(&request, "an odd crash", None).await;
            hub.review(task, number).await;
        }
        7 | 8 => {
            let task = hub.submit(&request, "a word of thanks", None).await;
            hub.review(task, 2).await;
        }
        9 => {
            let task = hub.submit(&request, "a question of licence", None).await;
            hub.review(task, 2).await;
        }
        10 | 11 => {
            let (task_type, rules) = (task_type(), task_rules());
            let plan = TaskPlan::Answer { task_type, shape: None, rules };
            let task = hub.submit(&request, "a crash", Some(plan)).await;
            hub.review(task, number).await;
        }
        12 => by_packet(&hub, &request, "alfa", number).await,
        13 => by_packet(&hub, &request, "bravo", number).await,
        14 => together(&hub, &request).await,
        _ => seen(&hub, &request).await,
    }
    if number.is_multiple_of(1_000) {
        upkeep(&hub, &request, number).await;
    }
}

fn sessions() -> TaskPlan {
    TaskPlan::Sessions { task_type: task_type(), rules: task_rules() }
}

fn packet(slug: &str, task: TaskId) -> Command {
    Command::IssuePacket(Packet {
        task,
        agent: word(slug),
        tier: None,
        objective: "no more crashes".to_owned(),
        deliverables: "a patch".to_owned(),
        scope: "the parser".to_owned(),
        criteria: "the tests pass".to_owned(),
        escalation: "ask when the format would change".to_owned(),
        created_for: "Grace".to_owned(),
        steps: vec![word("run-tests")],
        artifacts: vec![word("patch")],
        forbidden: BTreeSet::new(),
        budget: None,
    })
}

/// An agent works on a task through all its phases.
async fn by_packet(hub: &Hub, request: &str, slug: &str, number: u64) {
    let task = hub.submit(request, "a crash", Some(sessions())).await;
    hub.order(packet(slug, task)).await;
    for phase in Phase::ALL.iter().copied() {
        hub.work(slug, task, WorkAction::EnterPhase { phase, note: None }).await;
        match phase {
            Phase::Plan => {
                let content = "first this, then that".to_owned();
                hub.work(slug, task, WorkAction::HandInPlan { content }).await;
                let (plan, decision, note) = (None, PlanDecision::Approved, None);
                hub.order(Command::DecidePlan { task, plan, decision, note }).await;
            }
            Phase::Execute => {
                let message = "the linker was not found".to_owned();
                hub.work(slug, task, WorkAction::ReportError { message }).await;
                let (artifact, content) = (word("patch"), "+ fixed".to_owned());
                hub.work(slug, task, WorkAction::HandIn { artifact, content }).await;
                let (step, note) = (word("run-tests"), None);
                hub.work(slug, task, WorkAction::TakeStep { step, note }).await;
            }
            Phase::Report => {
                let (recommendation, confidence) = ("merge it".to_owned(), Some(0.9));
                let content = "it no longer crashes".to_owned();
                let report = WorkAction::Report { recommendation, content, confidence };
                hub.work(slug, task, report).await;
            }
            Phase::Bootstrap | Phase::Preflight | Phase::Verify | Phase::Package | Phase::Exit => {}
        }
    }
    hub.review(task, number).await;
}

/// Agents write, speak and vote on a task; one of them may not.
async fn together(hub: &Hub, request: &str) {
    let task = hub.submit(request, "a crash", Some(sessions())).await;
    for (slug, key) in [("alfa", "roll back"), ("bravo", "fix forward"), ("mace", "wait")] {
        let (section, key, text) =
            (Section::Solutions, Some(key.to_owned()), "as I see it".to_owned());
        hub.act(slug, task, Action::Post(Post { section, key, text })).await;
    }
    let (kind, to) = (MessageKind::Feedback, Some(word::<Slug>("alfa")));
    let text = "I would rather fix it".to_owned();
    hub.act("bravo", task, Action::Message(Message { kind, to, key: None, text })).await;
    let complexity = Complexity::new(0.4).expect("a share");
    hub.order(Command::DeclareComplexity { task, complexity, reason: "one place".to_owned() })
        .await;
    let required = BTreeSet::from([word("alfa"), word("bravo")]);
    let (subject, question) = ("fix forward".to_owned(), "shall we?".to_owned());
    let opening = VoteOpening { task, proposal: None, subject, question, required };
    hub.order(Command::OpenVote(opening)).await;
    for slug in ["alfa", "bravo"] {
        let (on, reason) = ("fix forward".to_owned(), "it is tested".to_owned());
        hub.act(slug, task, Action::Vote(Vote { on, ballot: Ballot::Accept, reason })).await;
    }
    hub.act("bravo", task, Action::Complete(Complete { reason: "fixed".to_owned() })).await;
    hub.conclude(task).await;
}

/// What the host saw of its users.
async fn seen(hub: &Hub, request: &str) {
    let mut append = interaction(request, r#"{"opened":"the release notes"}"#);
    append.hub = convoke_actors::testkit::hub();
    for _ in 0..4 {
        hub.log.append(append.clone()).await.expect("it lands");
    }
}

/// What happens now and then: an agent changes, another goes too far and is let in again.
async fn upkeep(hub: &Hub, request: &str, number: u64) {
    hub.order(Command::RegisterAgent(builder("helm", number))).await;
    let task = hub.submit(&format!("{request}-upkeep"), "a crash", Some(sessions())).await;
    hub.order(packet("charlie", task)).await;
    for phase in [Phase::Bootstrap, Phase::Preflight] {
        hub.work("charlie", task, WorkAction::EnterPhase { phase, note: None }).await;
    }
    for port in 1..=3 {
        let message = format!("connection to 10.0.0.1:{port} refused");
        hub.work("charlie", task, WorkAction::ReportError { message }).await;
    }
    let (slug, reason) = (word("charlie"), "the network is back".to_owned());
    hub.order(Command::ReinstateAgent { slug, reason }).await;
    hub.conclude(task).await;
}
