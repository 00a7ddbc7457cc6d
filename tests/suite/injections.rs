//! Contributions that command whoever reads them, and models that obey every one of them: nothing
//! that they want happens.

mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use convoke::actors::provider::{
    CallFuture, Cancel, Deltas, MessageRole, ModelRequest, ModelResponse, Part, Provider, Safety,
};
use convoke::events::{
    CollectiveEvent, CollectiveRules, Conclusion, Event, FailureClass, FinishReason, HostName,
    InvocationEvent, Limits, MAX_TEXT, ModelFamily, OnDivergence, ProposalEvent, ProposalMade,
    ProviderName, Query, Recorded, Slug, TaskId, TaskOutcome, TaskPlan, TaskRules, TextName, Tier,
    Tokens, TrustLevel, Usage, Verb, Verdict,
};
use convoke::{AgentRegistration, Command, Runtime, TaskSubmission};
use serde_json::{Value, json};

use self::texts::{HARMLESS, Obeys, TEXTS};

/// Who contributes what; the last one wants something of the reader.
const CREW: [(&str, &str, &str); 3] =
    [("forge", "rollback", "rollback"), ("helm", "rollback", "patch"), ("quill", "wait", "wait")];

/// Everything that a request leaves, if nothing happens but what the hub itself decides.
const OWN: [&str; 14] = [
    "TaskSubmitted",
    "AccountOpened",
    "RoutingDecided",
    "Reserved",
    "CollectiveConvened",
    "InvocationStarted",
    "InvocationAnswered",
    "InvocationFailed",
    "Settled",
    "ContributionRecorded",
    "ThresholdReached",
    "VerdictReached",
    "ProposalMade",
    "TaskConcluded",
];

fn all() -> impl Iterator<Item = (&'static str, Obeys)> {
    TEXTS.into_iter().chain(HARMLESS)
}

/// A model that does what it reads.
struct Obedient {
    /// Whether its agents disagree, all of them.
    at_odds: bool,
}

impl Provider for Obedient {
    fn safety(&self) -> Safety {
        Safety::Repeatable
    }

    fn call(&self, request: ModelRequest, _: Deltas, _: Cancel) -> CallFuture {
        let (mut parts, mut finish) = (Vec::new(), FinishReason::Stop);
        if request.schema.as_ref().unwrap().name == "contribution" {
            parts.push(Part::Text(self.contributes(&request).to_string()));
        } else {
            let answer = self.sound();
            match read(&request) {
                Some(Obeys::StopsForATool) => {
                    finish = FinishReason::ToolCalls;
                    parts.push(Part::Text(answer.to_string()));
                }
                Some(obeys) => parts.extend(obey(answer, obeys)),
                None => parts.push(Part::Text(answer.to_string())),
            }
        }
        let ModelRequest { provider, model, .. } = request;
        let usage = Usage::default();
        let response = ModelResponse { provider, model, upstream: None, parts, finish, usage };
        Box::pin(std::future::ready(Ok(response)))
    }
}

impl Obedient {
    /// What one of the crew answers; its request says in its title which text it is to pass on.
    fn contributes(&self, request: &ModelRequest) -> Value {
        let said = |role: MessageRole| -> String {
            let messages = request.messages.iter().filter(|message| message.role == role);
            let parts = messages.flat_map(|message| &message.parts);
            let texts = parts.filter_map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Document { .. } | Part::ToolCall { .. } => None,
            });
            texts.collect()
        };
        let system = said(MessageRole::System);
        let (slug, agreed, own) =
            CREW.into_iter().find(|(slug, ..)| system.contains(slug)).unwrap();
        let question = said(MessageRole::User);
        let number: usize = question.split_whitespace().nth(1).unwrap().parse().unwrap();
        let (text, obeys) = all().nth(number).unwrap();
        let many = "many words ".repeat(10_000);
        let body = if slug != "quill" {
            "it worked before".to_owned()
        } else if matches!(obeys, Obeys::Misses) {
            format!("{many}{text}")
        } else if matches!(obeys, Obeys::Floods) {
            format!("{text}{many}")
        } else {
            text.to_owned()
        };
        let key = if self.at_odds { own } else { agreed };
        json!({"recommendation": key, "body": body, "confidence": 0.7, "assumptions": []})
    }

    /// What a model would answer that reads the contributions and does as its brief says.
    fn sound(&self) -> Value {
        let dissent = |key: &str, by: &str| json!({"recommendation": key, "by": [by], "why": "w"});
        let mut dissents = vec![dissent("wait", "quill")];
        if self.at_odds {
            dissents.push(dissent("patch", "helm"));
        }
        json!({
            "recommendation": "rollback", "body": "it worked before", "confidence": 0.8,
            "assumptions": ["it can be undone"], "cites": ["forge"], "dissent": dissents,
        })
    }
}

/// What it reads among the contributions that it is to do.
fn read(request: &ModelRequest) -> Option<Obeys> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let bodies: Vec<String> = parts
        .filter_map(|part| match part {
            Part::Document { content, .. } => {
                let shown: Value = serde_json::from_str(content).unwrap();
                Some(shown["body"].as_str().unwrap().to_owned())
            }
            Part::Text(_) | Part::ToolCall { .. } => None,
        })
        .collect();
    all().find(|(text, _)| bodies.iter().any(|body| body.contains(text))).map(|(_, obeys)| obeys)
}

fn obey(mut answer: Value, obeys: Obeys) -> Vec<Part> {
    let value = |json: &str| -> Value { serde_json::from_str(json).unwrap() };
    let mut more = Vec::new();
    match obeys {
        Obeys::Calls(name, arguments) => more.push(Part::ToolCall {
            id: "call-1".to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        }),
        Obeys::Sets(field, set) => answer[field] = value(set),
        Obeys::SetsInDissent(field, set) => answer["dissent"][0][field] = value(set),
        Obeys::Recommends(key) => answer["recommendation"] = json!(key),
        Obeys::Cites(id) => answer["cites"] = json!(["forge", id]),
        Obeys::Writes(place, words) => *answer.pointer_mut(place).unwrap() = json!(words),
        Obeys::Blames(by) => answer["dissent"][0]["by"] = json!([by]),
        Obeys::DropsDissent => answer["dissent"] = json!([]),
        Obeys::NamesNobody => answer["dissent"][0]["by"] = json!([]),
        Obeys::ListsTheVerdict => answer["dissent"][0]["recommendation"] = json!("rollback"),
        Obeys::IsSure(sure) => answer["confidence"] = value(sure),
        Obeys::Floods => answer["body"] = json!("again ".repeat(MAX_TEXT / 5)),
        Obeys::Says(words) => answer["body"] = json!(words),
        Obeys::Answers(words) => return vec![Part::Text(words.to_owned())],
        Obeys::AnswersTwice => {
            let mut other = answer.clone();
            other["recommendation"] = json!("wait");
            more.push(Part::Text(other.to_string()));
        }
        Obeys::Repeats(field, said) => {
            let twice = answer.to_string().replacen('{', &format!("{{\"{field}\":{said},"), 1);
            return vec![Part::Text(twice)];
        }
        Obeys::StopsForATool | Obeys::Misses => {}
    }
    std::iter::once(Part::Text(answer.to_string())).chain(more).collect()
}

/// By which words an answer is refused; none where it harms nobody.
fn refused_as(obeys: Obeys) -> Option<String> {
    Some(match obeys {
        Obeys::Calls(name, _) => format!("the synthesis asks for the tool `{name}`"),
        Obeys::StopsForATool => "the synthesis asks for the tool `unnamed`".to_owned(),
        Obeys::Sets(field, _) | Obeys::SetsInDissent(field, _) => {
            format!("the synthesis is not the JSON object asked for: unknown field `{field}`")
        }
        Obeys::Recommends(_) => "the verdict is `rollback`, but the synthesis says `".to_owned(),
        Obeys::Writes(_, id) => {
            let id = id.rsplit(' ').next().unwrap();
            format!("the synthesis cites `{id}`, which it was not given")
        }
        Obeys::Blames("helm") => {
            "the synthesis says that `helm` named `wait`, and it did not".to_owned()
        }
        Obeys::Cites(id) | Obeys::Blames(id) => {
            format!("the synthesis cites `{id}`, which it was not given")
        }
        Obeys::DropsDissent => "`dissent` says nothing of `wait`, which was named".to_owned(),
        Obeys::NamesNobody => "`dissent` does not say that `quill` named `wait`".to_owned(),
        Obeys::ListsTheVerdict => "`dissent` lists `rollback`, which is no dissent".to_owned(),
        Obeys::IsSure(_) => "`confidence` is 3, expected a number from 0 to 1".to_owned(),
        Obeys::Answers(_) => {
            "the synthesis is not the JSON object asked for: expected value".to_owned()
        }
        Obeys::AnswersTwice => {
            "the synthesis is not the JSON object asked for: trailing characters".to_owned()
        }
        Obeys::Repeats(field, _) => {
            format!("the synthesis is not the JSON object asked for: duplicate field `{field}`")
        }
        Obeys::Floods => "the synthesis has ".to_owned(),
        Obeys::Says(_) | Obeys::Misses => return None,
    })
}

fn agent(slug: &str) -> AgentRegistration {
    AgentRegistration {
        slug: slug.parse().unwrap(),
        name: slug.to_owned(),
        description: String::new(),
        provider: ProviderName::Host(HostName::new("obedient").unwrap()),
        model: "model-1".parse().unwrap(),
        family: ModelFamily::new(slug).unwrap(),
        base_url: None,
        // Whatever it is told to do, its trust and its policies would let it.
        trust: TrustLevel::Autonomous,
        tier: Tier::T3,
        capabilities: Vec::new(),
        keywords: Vec::new(),
        rate: "10".parse().unwrap(),
        system_prompt: format!("You are {slug}."),
        settings: None,
    }
}

fn submission(number: usize) -> TaskSubmission {
    let rules = TaskRules {
        deadline_ms: 60_000,
        max_output: Tokens::new(2_000),
        min_contributions: 3,
        one_failure_fails_all: false,
        quorum: None,
        allowed: Vec::new(),
    };
    let task_type = "implementation".parse().unwrap();
    TaskSubmission {
        request: format!("r-{number}"),
        attempt: 0,
        title: format!("Request {number}"),
        body: "It crashes when it starts.".to_owned(),
        source: None,
        plan: TaskPlan::Collective { task_type, participants: Vec::new(), rules },
        limits: Limits::default(),
    }
}

/// What came of every text: how its task ended, and all that is on record of it.
struct Told {
    ends: Vec<(TaskOutcome, Conclusion)>,
    /// In the order of the texts.
    tasks: Vec<TaskId>,
    events: Vec<Recorded>,
}

async fn every_text(at_odds: bool) -> Told {
    let name = ProviderName::Host(HostName::new("obedient").unwrap());
    let runtime =
        Runtime::builder().in_memory().provider(name, Arc::new(Obedient { at_odds })).start();
    let runtime = runtime.unwrap();
    let hub = runtime.hub("desk".parse().unwrap());
    let ada = hub.as_person("ada");
    ada.open("Desk", Limits::default()).await.unwrap();
    for (priority, (slug, ..)) in (1..).zip(CREW) {
        ada.register(agent(slug)).await.unwrap();
        let slug: Slug = slug.parse().unwrap();
        ada.route("implementation".parse().unwrap(), slug.clone(), priority).await.unwrap();
        let verbs = BTreeSet::from([Verb::Read, Verb::Propose, Verb::Delegate]);
        ada.allow(slug, "implementation".parse().unwrap(), verbs).await.unwrap();
    }
    if at_odds {
        let on_divergence = OnDivergence::Agent;
        let rules = CollectiveRules { on_divergence, ..CollectiveRules::default() };
        ada.command(Command::SetCollectiveRules(rules)).await.unwrap();
        ada.route("synthesis".parse().unwrap(), "forge".parse().unwrap(), 1).await.unwrap();
    }
    let set_up = runtime.log().head().position;
    let (mut tasks, mut ends) = (Vec::new(), Vec::new());
    for (number, _) in all().enumerate() {
        tasks.push(ada.submit(submission(number)).await.unwrap());
    }
    for task in &tasks {
        let end = hub.concluded(*task).await.unwrap();
        ends.push((end.outcome, end.because));
    }
    let events = runtime.log().read(Query::all()).map(Result::unwrap);
    let events = events.filter(|one| one.envelope.position.get() > set_up).collect();
    runtime.shutdown().await.unwrap();
    Told { ends, tasks, events }
}

fn told(at_odds: bool) -> Told {
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(every_text(at_odds))
}

impl Told {
    /// Nothing happened but what the hub itself decides, and what is proposed keeps to its brief.
    fn nothing_happened(&self, may_recommend: &[&str]) {
        let found: BTreeSet<&str> =
            self.events.iter().map(|recorded| recorded.event.event_type()).collect();
        let foreign: Vec<&&str> = found.iter().filter(|one| !OWN.contains(one)).collect();
        assert_eq!(foreign, Vec::<&&str>::new(), "it came of a contribution");
        for recorded in &self.events {
            if let Event::Proposal(ProposalEvent::ProposalMade(made)) = &recorded.event {
                let content = recorded.texts.get(&TextName::CONTENT).unwrap();
                keeps_to_its_brief(made, content, may_recommend);
            }
        }
    }

    fn verdicts(&self) -> Vec<&Verdict> {
        let verdicts = self.events.iter().filter_map(|recorded| {
            let Event::Collective(CollectiveEvent::VerdictReached(reached)) = &recorded.event
            else {
                return None;
            };
            Some(&reached.verdict)
        });
        verdicts.collect()
    }

    /// Why answers of each task were refused.
    fn refusals(&self) -> BTreeMap<TaskId, Vec<String>> {
        let mut refusals: BTreeMap<TaskId, Vec<String>> = BTreeMap::new();
        let mut calls = BTreeMap::new();
        for recorded in &self.events {
            let Event::Invocation(event) = &recorded.event else { continue };
            if let InvocationEvent::InvocationStarted(started) = event {
                calls.insert(started.invocation, started.task);
            } else if let InvocationEvent::InvocationFailed(failed) = event {
                assert_eq!(failed.class, FailureClass::Malformed);
                let reason = recorded.texts.get(&TextName::REASON).unwrap().to_owned();
                refusals.entry(calls[&failed.invocation]).or_default().push(reason);
            }
        }
        refusals
    }
}

/// A proposal that an agent wrote says nothing but words, of contributors only.
fn keeps_to_its_brief(made: &ProposalMade, content: &str, may_recommend: &[&str]) {
    let content: Value = serde_json::from_str(content).unwrap();
    let Some(key) = &made.key else {
        assert_eq!(content["status"], "divergent", "side by side, as they were contributed");
        return;
    };
    assert!(may_recommend.contains(&key.as_str()), "{key}");
    assert_eq!(content["recommendation"], key.as_str());
    let known = ["assumptions", "body", "cites", "confidence", "dissent", "recommendation"];
    let fields: Vec<&String> = content.as_object().unwrap().keys().collect();
    assert!(fields.iter().all(|field| known.contains(&field.as_str())), "{fields:?}");
    let by = content["dissent"].as_array().unwrap().iter().filter_map(|one| one["by"].as_array());
    let cited = content["cites"].as_array().unwrap().iter().chain(by.flatten());
    let crew = CREW.map(|(slug, ..)| slug);
    let foreign: Vec<&Value> = cited.filter(|id| !crew.contains(&id.as_str().unwrap())).collect();
    assert_eq!(foreign, Vec::<&Value>::new());
}

#[test]
fn whatever_a_contribution_wants_of_an_obedient_synthesis_does_not_happen() {
    let told = told(false);
    told.nothing_happened(&["rollback"]);
    let agreed = Verdict::Consensus { key: "rollback".parse().unwrap() };
    assert_eq!(told.verdicts(), vec![&agreed; TEXTS.len() + HARMLESS.len()]);
    let refusals = told.refusals();
    for ((text, obeys), (task, end)) in all().zip(told.tasks.iter().zip(&told.ends)) {
        let found = refusals.get(task).cloned().unwrap_or_default();
        let Some(words) = refused_as(obeys) else {
            assert_eq!(*end, (TaskOutcome::Proposed, Conclusion::Consensus), "{text}");
            assert_eq!(found, Vec::<String>::new(), "{text}");
            continue;
        };
        assert_eq!(*end, (TaskOutcome::Failed, Conclusion::CallFailed), "{text}");
        // Once as it came, and once as it was asked to mend it.
        assert_eq!(found.len(), 2, "{text}: {found:?}");
        assert!(found.iter().all(|why| why.starts_with(&words)), "{text}: {found:?}");
    }
}

#[test]
fn whatever_a_contribution_wants_of_an_obedient_arbiter_does_not_happen() {
    let told = told(true);
    told.nothing_happened(&["rollback", "patch", "wait"]);
    assert!(told.verdicts().iter().all(|verdict| verdict.key().is_none()), "nobody agrees");
    let refusals = told.refusals();
    for ((text, obeys), (task, end)) in all().zip(told.tasks.iter().zip(&told.ends)) {
        // People look at what an arbiter could not choose by the rules.
        assert_eq!(*end, (TaskOutcome::Proposed, Conclusion::Divergence), "{text}");
        let refused = refusals.get(task).map_or(0, Vec::len);
        let expected = if refused_as(obeys).is_some() { 2 } else { 0 };
        assert_eq!(refused, expected, "{text}");
    }
}
