//! `--hub`: a log of several hubs is told about as a whole, and one hub that is meant must be named.

use std::fs;
use std::path::PathBuf;

use crate::binary::{convoke, fresh};

/// The hubs of two examples in one log.
fn two_hubs() -> (tempfile::TempDir, PathBuf) {
    let (place, data) = fresh();
    let input = place.path().join("one.jsonl");
    fs::write(&input, "{\"id\":\"one\",\"title\":\"Question\",\"body\":\"How?\"}\n").unwrap();
    for scenario in ["examples/intake.toml", "examples/shapes.toml"] {
        convoke(&data, &["run", scenario, "--input", input.to_str().unwrap()]).done();
    }
    (place, data)
}

#[test]
fn what_is_done_to_one_hub_of_several_needs_its_name() {
    let (_place, data) = two_hubs();
    for command in [
        &["roles", "grant", "zed", "reviewer"][..],
        &["what-if", "--verdict", "classic"],
        &["policies", "routing", "show", "triage", "0"],
    ] {
        let error = convoke(&data, command).failed(2);
        let expected = "error: the log holds drafting and intake: name one with --hub\n";
        assert_eq!(error, expected, "{command:?}");
    }
    convoke(&data, &["roles", "grant", "zed", "reviewer", "--hub", "drafting"]).done();
    convoke(&data, &["what-if", "--verdict", "classic", "--hub", "intake"]).done();
}

#[test]
fn a_hub_that_the_log_does_not_hold_is_an_error_and_no_empty_answer() {
    let (_place, data) = two_hubs();
    for command in [
        &["agents"][..],
        &["agents", "show", "porter"],
        &["agents", "deactivate", "porter", "--reason", "rest"],
        &["attention"],
        &["audit", "--agent", "porter"],
        &["budgets"],
        &["calls"],
        &["collectives"],
        &["delegations"],
        &["packets"],
        &["policies"],
        &["policies", "routing"],
        &["proposals"],
        &["report", "budgets"],
        &["report", "governance"],
        &["roles"],
        &["roles", "grant", "zed", "reviewer"],
        &["what-if", "--verdict", "classic"],
    ] {
        let error = convoke(&data, &[command, &["--hub", "nope"]].concat()).failed(1);
        let expected = "error: the log holds no hub `nope`: it holds drafting and intake\n";
        assert_eq!(error, expected, "{command:?}");
    }
    let intake = convoke(&data, &["agents", "--hub", "intake", "--json"]).done();
    assert!(intake.lines().count() > 1 && !intake.contains("drafting"), "{intake}");
}
