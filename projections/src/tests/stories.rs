//! The audit tells the whole story, in order and in words.

use convoke_events::*;

use super::agreement::*;
use super::federation::*;
use super::history::*;
use crate::audit::{Line, Subject, story};

/// Fails unless every piece of text is in a line behind the one before it.
fn in_order(lines: &[Line], pieces: &[&str]) {
    let mut rest = lines.iter();
    for piece in pieces {
        assert!(
            rest.any(|line| line.text.contains(piece)),
            "`{piece}` is not told where it should be:\n{}",
            lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n")
        );
    }
}

fn short(name: &str) -> String {
    let id = policy(name).id.to_string();
    id.split('-').next().unwrap().to_owned()
}

#[test]
fn a_proposals_story_is_told_from_submission_to_review() {
    let mut history = opened();
    agreed(&mut history, "search");
    agreed(&mut history, "login");
    let lines = story(&history.log, Subject::Proposal(proposal("login"))).unwrap();
    let forge = short("propose forge");
    let helm = short("propose helm");
    let route = short("route helm");
    in_order(
        &lines,
        &[
            "from support, to be triaged under `triage` (going on: `bug` to `implementation`): \
             \"login crashes\": \"It panics. / Every time.\"",
            "the task's account was opened under the hub's account, at most 5000 tokens and $0.02",
            "chose scout (v1) for triage",
            "scout (v1) answered `bug`",
            "chose forge (v1), mace (v1) for contribution under `implementation`, by rule \
             `by-policy` v1",
            &format!(
                "helm (v1) was blocked by governance: for its contribution it would have had \
                      to propose on `implementation`, and policy {helm}… v1 does not allow it"
            ),
            "helm (v1) is blocked",
            &format!(
                "forge (v1) was asked to contribute, by model `rules-1` of rules: governance \
                      policy {forge}… v1 allows propose on `implementation`; 412 tokens \
                      ($0.000824) set aside under decision"
            ),
            "forge (v1) answered `fix` with confidence 0.9: \"forge says fix / because\"",
            "the contribution of forge (v1) was settled: 300 tokens ($0.0006) charged, 112 tokens \
             ($0.000224) given back",
            "forge (v1)'s answer counts as a contribution: `fix`",
            "mace (v1)'s answer counts as a contribution: `fix`",
            "the verdict is `consensus` on `fix`, by rule `classic` v1: 2 of 2 contributions name \
             the leading recommendation, with 100.0 % of the weight and 100.0 % ahead; 1 \
             recommendation and 2 model families among them, 1 participant without a \
             contribution: all name the same",
            "forge (v1) was asked to put the contributions together",
            "waits for review, written by forge (v1) from the contributions, recommending `fix`",
            "the task ended as `proposed` because of `consensus`: it waits for review",
            "Grace accepted proposal",
        ],
    );
    let decision = lines.iter().find(|line| line.text.contains("for contribution under")).unwrap();
    assert!(decision.text.contains(&format!(
        "helm (v1) at priority 3 by routing policy {route}… v1, excluded: the agent is deactivated"
    )));
    assert_eq!(decision.policies.len(), 3);
    assert!(lines.iter().all(|line| !line.text.contains("search")), "another task's story");
}

#[test]
fn every_line_carries_its_event_its_cause_its_principal_and_its_policy() {
    let mut history = opened();
    let last = agreed(&mut history, "login");
    let lines = story(&history.log, Subject::Task(task("login"))).unwrap();
    assert!(lines.windows(2).all(|pair| pair[0].position < pair[1].position));
    assert!(lines.windows(2).all(|pair| pair[1].cause == Some(pair[0].position)));
    assert_eq!(lines[0].principal, "Ada");
    assert_eq!(lines[1].principal, "runtime");
    let review = lines.last().unwrap();
    assert_eq!((review.position, review.event_type), (last, "ProposalReviewed"));
    assert_eq!(
        (review.principal.as_str(), review.hash),
        ("Grace", history.log.head().hash.unwrap())
    );
    let asked = lines.iter().find(|line| line.text.contains("forge (v1) was asked")).unwrap();
    assert_eq!(asked.policies, [policy("propose forge")]);
    let blocked = lines.iter().find(|line| line.event_type == "AttemptBlocked").unwrap();
    assert_eq!(blocked.policies, [policy("propose helm")]);
}

#[test]
fn an_agents_story_holds_what_concerns_it_and_nothing_else() {
    let mut history = opened();
    agreed(&mut history, "login");
    history.by_person("Ada");
    let off = AgentDeactivated { agent: agent("mace") };
    history.add(off, Texts::none().with(TextName::REASON, "too dear"));
    let lines = story(&history.log, Subject::Agent(agent("mace"))).unwrap();
    in_order(
        &lines,
        &[
            "mace (v1) was registered: model `rules-1` of rules, family `mace`",
            "allows mace on `implementation`: read, propose",
            "asks mace for `implementation` at priority 2",
            "chose forge (v1), mace (v1)",
            "mace (v1) is asked",
            "mace (v1) was asked to contribute",
            "412 tokens ($0.000824) set aside on the task's account for the contribution of mace",
            "mace (v1) answered `fix`",
            "the verdict is `consensus`",
            "Grace accepted proposal",
            "mace takes no work from now on: too dear",
        ],
    );
    assert!(lines.iter().all(|line| !line.text.starts_with("forge (v1)")));
    assert!(lines.iter().all(|line| !line.text.contains("contribution of forge")));
}

#[test]
fn a_line_stays_a_line_and_cannot_steer_a_terminal() {
    let mut history = opened();
    let (outcome, because) = (TaskOutcome::Failed, Conclusion::CallFailed);
    let concluded = TaskConcluded { task: task("login"), outcome, because };
    let reason = Texts::none().with(TextName::REASON, "one\ntwo\u{1b}[2J");
    history.on("login", concluded, reason);
    let lines = story(&history.log, Subject::Task(task("login"))).unwrap();
    assert_eq!(lines[0].text, "the task ended as `failed` because of `call_failed`: one two [2J");
}

#[test]
fn nothing_is_told_of_what_the_log_does_not_know() {
    let history = opened();
    let unknown = [
        Subject::Task(task("none")),
        Subject::Proposal(proposal("none")),
        Subject::Agent(agent("none")),
    ];
    for subject in unknown {
        assert_eq!(story(&history.log, subject).unwrap(), []);
    }
    assert_eq!(story(&Log::in_memory(), unknown[0]).unwrap(), []);
}

#[test]
fn every_type_of_event_can_be_told_in_words() {
    let mut history = opened();
    let samples = convoke_events::testkit::samples();
    let count = samples.len();
    for (event, texts) in samples {
        history.on("sample", event, texts);
    }
    let lines = story(&history.log, Subject::Task(task("sample"))).unwrap();
    assert_eq!(lines.len(), count);
    for line in &lines {
        assert!(line.text.len() > 10, "{}: {}", line.event_type, line.text);
        assert!(!line.text.contains(['\n', '\r']), "{}: {}", line.event_type, line.text);
    }
}
