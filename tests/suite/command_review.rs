//! `convoke review` lets a person decide, once.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

fn pending(data: &Path) -> Vec<String> {
    let proposals = json_lines(data, &["proposals"]);
    let pending = proposals.iter().filter(|proposal| proposal["status"] == "pending");
    pending.map(|proposal| proposal["id"].as_str().unwrap().to_owned()).collect()
}

fn shown(data: &Path, proposal: &str) -> Value {
    json(data, &["proposals", "show", proposal])
}

#[test]
fn a_person_accepts_rejects_and_revises_and_each_is_recorded() {
    let (place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let pending = pending(&data);
    let [first, second, third, ..] = &pending[..] else { panic!("too few proposals") };

    let accepted =
        json(&data, &["review", first, "--accept", "--by", "ada", "--note", "well argued"]);
    assert_eq!((&accepted["decision"], &accepted["by"]), (&"accepted".into(), &"ada".into()));
    let proposal = shown(&data, first);
    assert_eq!(proposal["status"], "accepted");
    assert_eq!(proposal["review"]["reviewer"], "ada");
    assert_eq!(proposal["review"]["note"], "well argued");
    assert_eq!(proposal["review"]["reviewed"], proposal["digest"]);

    convoke(&data, &["review", second, "--reject"]).done();
    assert_eq!(shown(&data, second)["review"]["reviewer"], "tester");

    let file = place.path().join("mine.md");
    fs::write(&file, "Do it in two steps.").unwrap();
    convoke(&data, &["review", third, "--revise", file.to_str().unwrap(), "--by", "ada"]).done();
    let proposal = shown(&data, third);
    assert_eq!(proposal["status"], "revised");
    assert_eq!(proposal["review"]["content"], "Do it in two steps.");
    assert_ne!(proposal["content"], proposal["review"]["content"]);

    let story = convoke(&data, &["audit", "--proposal", first]).done();
    assert!(story.contains("ada") && story.contains("well argued"), "{story}");
}

#[test]
fn a_second_review_is_refused_and_that_is_recorded_and_nothing_else() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let proposal = &pending(&data)[0];
    convoke(&data, &["review", proposal, "--accept", "--by", "ada"]).done();
    let before = json(&data, &["log", "verify"])["events"].as_u64().unwrap();
    let complaint = convoke(&data, &["review", proposal, "--reject", "--by", "bo"]).failed(3);
    assert!(complaint.starts_with("error: ") && complaint.contains("accepted"), "{complaint}");
    assert_eq!(json(&data, &["log", "verify"])["events"], before + 1);
    let proposal = shown(&data, proposal);
    assert_eq!(
        (&proposal["status"], &proposal["review"]["reviewer"]),
        (&"accepted".into(), &"ada".into())
    );
    let story = convoke(&data, &["audit", "--proposal", proposal["id"].as_str().unwrap()]).done();
    assert!(story.contains("bo could not review proposal"), "{story}");
}

#[test]
fn an_unknown_proposal_is_a_clear_failure_with_a_hint() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let nobody = "00000000-0000-8000-8000-000000000000";
    for arguments in [
        vec!["review", nobody, "--accept"],
        vec!["proposals", "show", nobody],
        vec!["audit", "--proposal", nobody],
    ] {
        let complaint = convoke(&data, &arguments).failed(1);
        let expected = format!("error: there is no proposal `{nobody}` in this log\nhint: ");
        assert!(complaint.starts_with(&expected), "{complaint}");
    }
}

#[test]
fn exactly_one_decision_has_to_be_named() {
    let (_place, data) = fresh();
    let nobody = "00000000-0000-8000-8000-000000000000";
    convoke(&data, &["review", nobody]).failed(2);
    convoke(&data, &["review", nobody, "--accept", "--reject"]).failed(2);
    convoke(&data, &["review", "first", "--accept"]).failed(2);
    assert!(!data.exists());
}

#[test]
fn a_review_of_something_else_than_what_is_there_is_refused() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let proposal = &pending(&data)[0];
    let seen = shown(&data, proposal)["digest"].as_str().unwrap().to_owned();
    let other = "0".repeat(64);
    let complaint = convoke(&data, &["review", proposal, "--accept", "--digest", &other]).failed(3);
    assert!(complaint.contains(&seen) && complaint.contains(&other), "{complaint}");
    convoke(&data, &["review", proposal, "--accept", "--by", ""]).failed(2);
    convoke(&data, &["review", proposal, "--accept", "--digest", &seen]).done();
}
