//! A host embeds the runtime in whatever it has, and drops it.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use convoke::events::{
    Limits, ModelFamily, ModelName, Position, ProviderName, Rate, ReviewDecision, Slug,
    TaskOutcome, TaskPlan, TaskRules, TaskType, Tier, Tokens, TrustLevel, Verb,
};
use convoke::{AgentRegistration, Review, Runtime, TaskSubmission};

/// A tiny executor, for a host that has none.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

fn agent(slug: &str, recommend: &str) -> AgentRegistration {
    let answer =
        format!("{{\"recommend\":\"{recommend}\",\"confidence\":0.8,\"reason\":\"so it is\"}}");
    let rule = answer.replacen('{', "{\"any\":[\"crash\"],", 1);
    AgentRegistration {
        slug: Slug::new(slug).unwrap(),
        name: slug.to_owned(),
        description: String::new(),
        provider: ProviderName::Rules,
        model: ModelName::new("rules-1").unwrap(),
        family: ModelFamily::new(slug).unwrap(),
        base_url: None,
        trust: TrustLevel::Advisory,
        tier: Tier::T0,
        capabilities: Vec::new(),
        keywords: Vec::new(),
        rate: Rate::new(10),
        system_prompt: "Say what to do.".to_owned(),
        settings: Some(format!("{{\"rules\":[{rule}],\"otherwise\":{answer}}}")),
    }
}

fn task(request: &str) -> TaskSubmission {
    let rules = TaskRules {
        deadline_ms: 60_000,
        max_output: Tokens::new(200),
        min_contributions: 2,
        one_failure_fails_all: false,
        quorum: None,
        allowed: Vec::new(),
    };
    let task_type = TaskType::new("implementation").unwrap();
    TaskSubmission {
        request: request.to_owned(),
        attempt: 0,
        title: "A crash".to_owned(),
        body: "It crashes when it starts.".to_owned(),
        source: None,
        plan: TaskPlan::Collective { task_type, participants: Vec::new(), rules },
        limits: Limits::default(),
    }
}

/// What a host does: opens a hub, registers agents, hands in work, reads its own writes, reviews.
async fn work(runtime: &Runtime) {
    let hub = runtime.hub("desk".parse().unwrap());
    let ada = hub.as_person("ada");
    ada.open("Desk", Limits::default()).await.unwrap();
    for (priority, slug) in (1..).zip(["forge", "mace"]) {
        ada.register(agent(slug, "rollback")).await.unwrap();
        let slug: Slug = slug.parse().unwrap();
        ada.route("implementation".parse().unwrap(), slug.clone(), priority).await.unwrap();
        let verbs = BTreeSet::from([Verb::Propose]);
        ada.allow(slug, "implementation".parse().unwrap(), verbs).await.unwrap();
    }
    let task = ada.submit(task("r-1")).await.unwrap();
    assert_eq!(hub.concluded(task).await.unwrap().outcome, TaskOutcome::Proposed);
    let views = runtime.views().unwrap();
    let head = Position::new(runtime.log().head().position).unwrap();
    let proposals = views.proposals.wait_for(head).await.unwrap();
    let proposal = proposals.view.iter().next().unwrap();
    assert_eq!(proposal.key.as_ref().unwrap().as_str(), "rollback");
    let review = Review {
        proposal: proposal.id,
        decision: ReviewDecision::Accepted,
        digest: Some(proposal.digest),
        note: None,
        revision: None,
        key: None,
    };
    ada.review(review.clone()).await.unwrap();
    let again = ada.review(review).await.unwrap_err();
    assert!(!again.is_retryable(), "{again}");
}

fn in_memory() -> Runtime {
    Runtime::builder().in_memory().start().unwrap()
}

fn in_plain_main() {
    let runtime = in_memory();
    block_on(work(&runtime));
}

fn in_current_thread() {
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let runtime = in_memory();
        work(&runtime).await;
    });
}

fn in_multi_thread() {
    let host = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    host.block_on(async {
        let runtime = in_memory();
        let elsewhere = runtime.clone();
        tokio::spawn(async move { work(&elsewhere).await }).await.unwrap();
    });
}

fn shut_down() {
    let runtime = in_memory();
    block_on(work(&runtime));
    block_on(runtime.shutdown()).unwrap();
}

fn on_disk() {
    let place = tempfile::tempdir().unwrap();
    let runtime = Runtime::builder().directory(place.path().join("data")).start().unwrap();
    block_on(work(&runtime));
    block_on(runtime.shutdown()).unwrap();
}

const HOST: &str = "CONVOKE_TEST_HOST";

/// Run once by the suite as it is, and once for each host in a process of its own.
#[test]
fn a_host_finds_its_work_done() {
    let Ok(host) = std::env::var(HOST) else {
        return block_on(work(&in_memory()));
    };
    let before = threads();
    match host.as_str() {
        "plain main" => in_plain_main(),
        "current thread" => in_current_thread(),
        "multi thread" => in_multi_thread(),
        "shut down" => shut_down(),
        "on disk" => on_disk(),
        other => panic!("no host `{other}`"),
    }
    // Dropping signals and does not wait: the threads end in their own time, which is short.
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while threads() != before && std::time::Instant::now() < patience {
        thread::yield_now();
    }
    assert_eq!(threads(), before, "threads are left");
}

/// The names of this process's threads, without those of the pool that sled keeps for the whole
/// process and no log's end can end.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names =
        tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with("sled-io")).collect();
    names.sort();
    names
}

#[track_caller]
fn leaves_nothing_behind(host: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "facade::a_host_finds_its_work_done", "--test-threads", "1"])
        .env(HOST, host)
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains("1 passed"), "{out}");
    assert!(!err.contains("panicked"), "{err}");
}

#[test]
fn a_plain_main_drops_it_without_a_thread_left() {
    leaves_nothing_behind("plain main");
}

#[test]
fn a_current_thread_program_drops_it_without_a_thread_left() {
    leaves_nothing_behind("current thread");
}

#[test]
fn a_multi_thread_program_drops_it_without_a_thread_left() {
    leaves_nothing_behind("multi thread");
}

#[test]
fn shutting_down_leaves_no_thread() {
    leaves_nothing_behind("shut down");
}

#[test]
fn shutting_down_a_log_on_disk_leaves_no_thread() {
    leaves_nothing_behind("on disk");
}

#[test]
fn handles_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let runtime = in_memory();
    shared(&runtime);
    shared(&runtime.hub("desk".parse().unwrap()));
    let same = runtime.hub("desk".parse().unwrap());
    assert_eq!(same.id().as_str(), "desk");
}

#[test]
fn a_second_runtime_takes_up_what_the_first_left_on_disk() {
    let place = tempfile::tempdir().unwrap();
    let start = || Runtime::builder().directory(place.path().join("data")).start().unwrap();
    let first = start();
    block_on(work(&first));
    let head = first.log().head();
    block_on(first.shutdown()).unwrap();
    let second = start();
    assert_eq!(second.log().head(), head);
    let hub = second.hub("desk".parse().unwrap());
    let end = block_on(hub.concluded(TaskSubmission::id(hub.id(), "r-1"))).unwrap();
    assert_eq!(end.outcome, TaskOutcome::Proposed);
    block_on(second.shutdown()).unwrap();
}
