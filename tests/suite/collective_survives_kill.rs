//! A collective of five in the real runtime, on disk, which dies at every commit, before or after it
//! is written: started again, it comes to the same contributions, verdict and balances.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use convoke::events::{
    BudgetEvent, CollectiveEvent, CommitError, CommitStore, Event, JournalOptions, JournaledStore,
    Key, Limits, Log, ModelFamily, Options, ProposalEvent, ProviderName, Query, Slug,
    StoreReadError, TaskConcluded, TaskEvent, TaskPlan, TaskRules, Tier, Tokens, TrustLevel, Verb,
};
use convoke::{AgentRegistration, CommandError, Runtime, TaskSubmission};

/// Who takes part, and what each recommends.
const CREW: [(&str, &str); 5] = [
    ("forge", "rollback"),
    ("helm", "rollback"),
    ("mace", "patch"),
    ("quill", "rollback"),
    ("scout", "rollback"),
];

/// Where the process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// Commits on disk that end with the process, so many commits after they were armed.
struct Mortal {
    inner: JournaledStore,
    left: Mutex<Option<(u64, Side)>>,
}

impl Mortal {
    fn open(directory: &Path) -> Arc<Self> {
        let inner = JournaledStore::open(directory, &JournalOptions::default()).unwrap();
        Arc::new(Self { inner, left: Mutex::new(None) })
    }
}

impl CommitStore for Mortal {
    fn head(&self) -> u64 {
        self.inner.head()
    }

    fn commit(&self, after: u64, bytes: &[u8]) -> Result<(), CommitError> {
        let dead = || CommitError::Unknown { why: "the process was killed".to_owned() };
        let mut left = self.left.lock().unwrap();
        match *left {
            Some((0, _)) => Err(dead()),
            Some((1, side)) => {
                *left = Some((0, side));
                if side == Side::After {
                    self.inner.commit(after, bytes)?;
                }
                Err(dead())
            }
            Some((more, side)) => {
                *left = Some((more - 1, side));
                self.inner.commit(after, bytes)
            }
            None => self.inner.commit(after, bytes),
        }
    }

    fn read(&self, number: u64) -> Result<Vec<u8>, StoreReadError> {
        self.inner.read(number)
    }

    /// Who is killed closes nothing.
    fn close(&self) -> Result<(), CommitError> {
        Ok(())
    }
}

fn agent(slug: &str, recommend: &str) -> AgentRegistration {
    let answer = format!(r#"{{"recommend":"{recommend}","confidence":0.8,"reason":"so it is"}}"#);
    let rule = answer.replacen('{', r#"{"any":["crash"],"#, 1);
    AgentRegistration {
        slug: slug.parse().unwrap(),
        name: slug.to_owned(),
        description: String::new(),
        provider: ProviderName::Rules,
        model: "rules-1".parse().unwrap(),
        family: ModelFamily::new(slug).unwrap(),
        base_url: None,
        trust: TrustLevel::Advisory,
        tier: Tier::T0,
        capabilities: Vec::new(),
        keywords: Vec::new(),
        rate: "10".parse().unwrap(),
        system_prompt: "Say what to do.".to_owned(),
        settings: Some(format!(r#"{{"rules":[{rule}],"otherwise":{answer}}}"#)),
    }
}

fn submission() -> TaskSubmission {
    let rules = TaskRules {
        deadline_ms: 3_600_000,
        max_output: Tokens::new(200),
        min_contributions: 5,
        one_failure_fails_all: true,
        quorum: None,
        allowed: ["patch", "rollback"].map(|key| key.parse::<Key>().unwrap()).into(),
    };
    let task_type = "implementation".parse().unwrap();
    TaskSubmission {
        request: "r-1".to_owned(),
        attempt: 0,
        title: "A crash".to_owned(),
        body: "It crashes when it starts.".to_owned(),
        source: None,
        plan: TaskPlan::Collective { task_type, participants: Vec::new(), rules },
        limits: Limits { tokens: Some(Tokens::new(20_000)), ..Limits::default() },
    }
}

/// Everything before the request; given again, it changes nothing.
async fn set_up(runtime: &Runtime) {
    let ada = runtime.hub("desk".parse().unwrap()).as_person("ada");
    ada.open("Desk", Limits::default()).await.unwrap();
    for (priority, (slug, recommend)) in (1..).zip(CREW) {
        ada.register(agent(slug, recommend)).await.unwrap();
        let slug: Slug = slug.parse().unwrap();
        ada.route("implementation".parse().unwrap(), slug.clone(), priority).await.unwrap();
        let verbs = BTreeSet::from([Verb::Propose]);
        ada.allow(slug, "implementation".parse().unwrap(), verbs).await.unwrap();
    }
}

/// Hands the request in, unless it was, and waits for its end.
async fn ends(runtime: &Runtime) -> Result<TaskConcluded, CommandError> {
    let hub = runtime.hub("desk".parse().unwrap());
    let task = hub.as_person("ada").submit(submission()).await?;
    hub.concluded(task).await
}

fn start(store: Arc<Mortal>) -> Runtime {
    let log = Log::on(store, Options::default()).unwrap();
    Runtime::builder().on(log).start().unwrap()
}

/// What a collective comes to: contributions, verdict, proposal, and what every call was charged.
fn outcome(log: &Log) -> Vec<String> {
    let told = log.read(Query::all()).filter_map(|recorded| {
        let event = recorded.unwrap().event;
        let counts = matches!(
            event,
            Event::Collective(
                CollectiveEvent::ContributionRecorded(_) | CollectiveEvent::VerdictReached(_)
            ) | Event::Proposal(ProposalEvent::ProposalMade(_))
                | Event::Budget(BudgetEvent::Settled(_))
                | Event::Task(TaskEvent::TaskConcluded(_))
        );
        counts.then(|| format!("{event:?}"))
    });
    let mut told: Vec<String> = told.collect();
    told.sort();
    told
}

/// Runs until the process dies so many commits after the set-up, starts again in what it left, and
/// says what came of it; nothing where it came to its end before.
async fn killed(directory: &Path, left: (u64, Side)) -> Option<Vec<String>> {
    let store = Mortal::open(directory);
    let runtime = start(Arc::clone(&store));
    set_up(&runtime).await;
    *store.left.lock().unwrap() = Some(left);
    let survived = ends(&runtime).await.is_ok();
    let died = store.left.lock().unwrap().is_some_and(|(left, _)| left == 0);
    // What is left of its threads is gone before its files are opened again.
    let _ = runtime.shutdown().await;
    assert_eq!(Arc::strong_count(&store), 1, "nobody holds the files any more");
    drop(store);
    if survived && !died {
        return None;
    }
    let store = Mortal::open(directory);
    let runtime = start(Arc::clone(&store));
    ends(&runtime).await.unwrap();
    let came_to = outcome(runtime.log());
    runtime.shutdown().await.unwrap();
    Some(came_to)
}

#[test]
fn killed_at_any_commit_the_real_runtime_comes_to_the_same_end_on_disk() {
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let place = tempfile::tempdir().unwrap();
        let runtime = Runtime::builder().directory(place.path().join("data")).start().unwrap();
        set_up(&runtime).await;
        ends(&runtime).await.unwrap();
        let expected = outcome(runtime.log());
        runtime.shutdown().await.unwrap();
        // Five contributions and a synthesis are paid for, and what they say is on record.
        let count = |what: &str| expected.iter().filter(|line| line.contains(what)).count();
        let figures = ["ContributionRecorded(", "Settled(", "Consensus { key: ", "Synthesis"];
        assert_eq!(figures.map(count), [5, 6, 1, 1], "{expected:#?}");
        for side in [Side::Before, Side::After] {
            let mut deaths = 0;
            for commit in 1.. {
                let place = tempfile::tempdir().unwrap();
                let Some(found) = killed(place.path(), (commit, side)).await else { break };
                assert_eq!(found, expected, "killed {side:?} commit {commit}");
                deaths += 1;
            }
            // What comes at once shares a commit, but nobody is asked before that is on disk: the
            // request and its collective, the contributions, the synthesis.
            assert!(deaths >= 3, "it died {deaths} times {side:?} a commit");
        }
    });
}
