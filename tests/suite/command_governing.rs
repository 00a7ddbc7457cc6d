//! `convoke policies`, `roles`, `agents deactivate`, `attention` and `plan`, and runs in ready shapes.

use std::fs;
use std::path::{Path, PathBuf};

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

/// A few requests, in a file of the test's own.
fn requests(place: &Path) -> PathBuf {
    let file = place.join("requests.jsonl");
    let lines = [
        r#"{"id":"1","title":"It crashes","body":"The importer crashes on an empty file."}"#,
        r#"{"id":"2","title":"A dark theme","body":"We would like a dark theme."}"#,
    ];
    fs::write(&file, lines.join("\n")).unwrap();
    file
}

fn run_shapes(place: &Path, data: &Path) -> serde_json::Value {
    let input = requests(place);
    json(data, &["run", "examples/shapes.toml", "--input", input.to_str().unwrap()])
}

#[test]
fn a_run_in_a_ready_shape_ends_in_proposals_that_hold_what_the_shape_asks_for() {
    let (place, data) = fresh();
    run_shapes(place.path(), &data);
    let proposals = json_lines(&data, &["proposals"]);
    assert_eq!(proposals.len(), 2, "{proposals:?}");
    for proposal in &proposals {
        assert_eq!(
            (&proposal["status"], &proposal["artifact"]),
            (&"pending".into(), &"requirement".into())
        );
        assert_eq!((&proposal["author"], &proposal["reviewers"]), (&"quill".into(), &2.into()));
        let content = proposal["content"].as_str().unwrap();
        let content: serde_json::Value = serde_json::from_str(content).unwrap();
        assert!(content["statement"].is_string() && content["acceptance_criteria"].is_array());
    }
}

#[test]
fn each_of_the_other_shapes_is_run_by_changing_one_line_of_the_example() {
    let example = fs::read_to_string("examples/shapes.toml").unwrap();
    for (shape, artifact, fields) in [
        ("summarise-feedback", "feedback_summary", ["themes", "quotes"]),
        ("propose-implementation", "implementation", ["steps", "risks"]),
        ("detect-duplicates", "duplicate", ["candidates", "candidates"]),
    ] {
        let (place, data) = fresh();
        let scenario = place.path().join("shape.toml");
        let changed = example.replacen("\"draft-requirement\"", &format!("\"{shape}\""), 1);
        assert_ne!(changed, example);
        fs::write(&scenario, changed).unwrap();
        let input = requests(place.path());
        let run = ["run", scenario.to_str().unwrap(), "--input", input.to_str().unwrap()];
        convoke(&data, &run).done();
        let proposals = json_lines(&data, &["proposals"]);
        assert_eq!(proposals.len(), 2, "{shape}: {proposals:?}");
        for proposal in &proposals {
            assert_eq!(
                (&proposal["status"], &proposal["artifact"]),
                (&"pending".into(), &artifact.into()),
                "{shape}"
            );
            let content = proposal["content"].as_str().unwrap();
            let content: serde_json::Value = serde_json::from_str(content).unwrap();
            assert!(fields.iter().all(|field| content[field].is_array()), "{shape}: {content}");
            assert!(content.get("statement").is_none(), "{shape}: {content}");
        }
        let tasks = json_lines(&data, &["log", "export"]);
        let ended = tasks.iter().filter(|event| event["event_type"] == "TaskConcluded");
        assert!(ended.clone().all(|event| event["facts"]["outcome"] == "proposed"), "{shape}");
        assert_eq!(ended.count(), 2, "{shape}");
    }
}

#[test]
fn what_waits_is_listed_with_what_would_resolve_it_until_two_people_have_agreed() {
    let (place, data) = fresh();
    run_shapes(place.path(), &data);
    let waiting = json_lines(&data, &["attention"]);
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    assert_eq!(waiting[0]["cause"], "proposal");
    let id = waiting[0]["id"].as_str().unwrap().to_owned();
    assert!(waiting[0]["resolve"].as_str().unwrap().contains(&id));
    let first = json(&data, &["review", &id, "--accept", "--by", "grace"]);
    assert_eq!(first["waits"], true);
    let same = convoke(&data, &["review", &id, "--accept", "--by", "grace"]).failed(3);
    assert!(same.contains("takes two people, and you have agreed already"), "{same}");
    let waiting = json_lines(&data, &["attention"]);
    let second = waiting.iter().find(|one| one["id"] == id.as_str()).unwrap();
    assert_eq!(second["cause"], "second_reviewer");
    assert!(second["resolve"].as_str().unwrap().starts_with("somebody else than grace"));
    convoke(&data, &["review", &id, "--accept", "--by", "edsger"]).done();
    assert_eq!(json_lines(&data, &["attention"]).len(), 1);
    assert_eq!(json(&data, &["proposals", "show", &id])["status"], "accepted");
}

#[test]
fn a_person_revokes_an_agent_and_reinstates_it_in_a_new_epoch() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let revoke = ["agents", "revoke", "gauge", "--reason", "it went astray", "--by", "ada"];
    assert_eq!(json(&data, &revoke)["changed"], true);
    assert_eq!(json(&data, &revoke)["changed"], false);
    let life = json(&data, &["agents", "show", "gauge"])["life"].clone();
    let revoked = &life["revoked"];
    assert_eq!((&life["epoch"], &revoked["by"]), (&1.into(), &"ada".into()));
    assert_eq!(revoked["reason"], "it went astray");
    let shown = convoke(&data, &["agents", "show", "gauge"]).done();
    assert!(shown.contains("by ada: a person decided so"), "{shown}");
    let lives = json_lines(&data, &["report", "lifecycle"]);
    let told = lives.iter().find(|one| one["agent"] == "gauge").unwrap();
    assert_eq!(told["revoked"]["reason"], "it went astray");
    let reinstate = ["agents", "reinstate", "gauge", "--reason", "it was mended", "--by", "ada"];
    assert_eq!(json(&data, &reinstate)["changed"], true);
    let life = json(&data, &["agents", "show", "gauge"])["life"].clone();
    assert_eq!((&life["epoch"], life["revoked"].is_null()), (&2.into(), true));
    convoke(&data, &reinstate).failed(3);
}

#[test]
fn nobody_promotes_an_agent_beyond_what_its_runs_have_earned() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let promote =
        ["agents", "promote", "gauge", "policy_check", "--reason", "we like it", "--by", "ada"];
    let complaint = convoke(&data, &promote).failed(3);
    assert!(complaint.contains("its runs at this tier have not earned it"), "{complaint}");
    convoke(&data, &["agents", "promote", "gauge", "policy_check"]).failed(2);
}

#[test]
fn policies_are_listed_set_and_switched_and_a_second_time_nothing_changes() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let set = ["policies", "set", "gauge", "policy", "--allow", "read,propose", "--reviewers", "2"];
    assert_eq!(json(&data, &set)["changed"], true);
    assert_eq!(json(&data, &set)["changed"], false);
    let policy = |data: &Path| {
        let policies = json_lines(data, &["policies"]);
        let is_it =
            |one: &&serde_json::Value| one["slug"] == "gauge" && one["artifact"] == "policy";
        policies.iter().find(is_it).unwrap().clone()
    };
    assert_eq!((&policy(&data)["active"], &policy(&data)["reviewers"]), (&true.into(), &2.into()));
    convoke(&data, &["policies", "toggle", "gauge", "policy", "--by", "ada"]).done();
    assert_eq!(policy(&data)["active"], false);
    let complaint = convoke(&data, &["policies", "toggle", "gauge", "poem"]).failed(1);
    assert!(complaint.contains("there is no policy `gauge on poem`"), "{complaint}");
    let both = ["policies", "set", "ward", "policy", "--allow", "auto_apply", "--reviewers", "2"];
    let complaint = convoke(&data, &both).failed(3);
    assert!(complaint.contains("cannot let results be applied without one"), "{complaint}");
}

#[test]
fn a_policy_is_shown_with_who_set_it_and_what_came_of_it() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let set = ["policies", "set", "gauge", "policy", "--allow", "read", "--by", "ada"];
    convoke(&data, &set).done();
    let shown = json(&data, &["policies", "show", "gauge", "policy"]);
    assert_eq!((&shown["by"], &shown["active"]), (&"ada".into(), &true.into()));
    assert_eq!(
        (&shown["verbs"], &shown["blocked_7_days"]),
        (&serde_json::json!(["read"]), &0.into())
    );
    assert!(convoke(&data, &["policies", "show", "gauge", "policy"]).done().contains("by ada"));
    let complaint = convoke(&data, &["policies", "show", "gauge", "poem"]).failed(1);
    assert!(complaint.contains("`convoke policies` lists what there is"), "{complaint}");
    let routed = json(&data, &["policies", "routing", "show", "triage", "1"]);
    assert_eq!((&routed["slug"], &routed["by"]), (&"porter".into(), &"tester".into()));
    assert_eq!((&routed["considered"], &routed["won"]), (&43.into(), &43.into()));
    let words = convoke(&data, &["policies", "routing", "show", "triage", "1"]).done();
    assert!(words.contains("43 of 43 times"), "{words}");
}

#[test]
fn routing_policies_are_listed_set_and_switched_and_a_run_leaves_them_so() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let policy = |data: &Path, priority: u64| {
        let policies = json_lines(data, &["policies", "routing"]);
        let is_it =
            |one: &&serde_json::Value| one["task_type"] == "triage" && one["priority"] == priority;
        policies.iter().find(is_it).cloned()
    };
    assert_eq!(policy(&data, 9), None);
    let set = ["policies", "routing", "set", "triage", "9", "gauge", "--by", "ada"];
    assert_eq!(json(&data, &set)["changed"], true);
    assert_eq!(json(&data, &set)["changed"], false);
    assert_eq!(policy(&data, 9).unwrap()["slug"], "gauge");
    let toggle = ["policies", "routing", "toggle", "triage", "1", "--by", "ada"];
    assert_eq!(json(&data, &toggle)["active"], false);
    assert_eq!(policy(&data, 1).unwrap()["active"], false);
    let plan = json_lines(&data, &["plan", "examples/intake.toml"]);
    let left: Vec<&str> = plan.iter().filter_map(|one| one["left"].as_str()).collect();
    assert!(left.iter().any(|note| note.contains("`triage` at priority 1 was switched off")));
    assert!(left.iter().any(|note| note.contains("to `gauge` at priority 9 holds")), "{left:?}");
    assert_eq!(json(&data, &toggle)["active"], true);
    let complaint = convoke(&data, &["policies", "routing", "toggle", "triage", "7"]).failed(1);
    assert!(complaint.contains("there is no routing policy `triage at priority 7`"), "{complaint}");
    let poems = ["policies", "routing", "set", "poems", "1", "gauge"];
    assert!(convoke(&data, &poems).failed(3).contains("task type `poems` is unknown"));
    convoke(&data, &["policies", "routing", "set", "triage", "1", "nobody"]).failed(3);
}

#[test]
fn a_plan_shows_task_types_reviews_and_the_lifecycle_and_a_run_sets_them() {
    let (place, data) = fresh();
    let scenario = place.path().join("scenario.toml");
    let example = fs::read_to_string("examples/shapes.toml").unwrap();
    let more = "\n[[task_types]]\ntask_type = \"release_notes\"\nartifact = \"document\"\n\n\
                [lifecycle]\ngate = 0.9\n\n[collective]\nverdict = \"classic\"\n";
    fs::write(&scenario, format!("{example}{more}")).unwrap();
    let scenario = scenario.to_str().unwrap();
    let planned = json_lines(&data, &["plan", scenario]);
    let would =
        |name: &str| planned.iter().find(|one| one["would"] == name).unwrap()["facts"].clone();
    assert!(planned.iter().any(|one| one["facts"]["task_type"] == "release_notes"));
    assert_eq!(would("ReviewRulesSet")["rules"]["expires_ms"], 1_209_600_000);
    assert_eq!(would("LifecycleRulesSet")["rules"]["gate"], 900_000);
    assert_eq!(would("CollectiveRulesSet")["rules"]["verdict"], "classic");
    let words = convoke(&data, &["plan", scenario]).done();
    assert!(words.contains("would record TaskTypeRegistered (release_notes)"), "{words}");
    let input = requests(place.path());
    convoke(&data, &["run", scenario, "--input", input.to_str().unwrap()]).done();
    assert!(convoke(&data, &["plan", scenario]).done().contains("nothing would be recorded"));
    let set = ["policies", "routing", "set", "release_notes", "1", "quill"];
    convoke(&data, &set).done();
    let file = place.path().join("otherwise.toml");
    fs::write(&file, "[[routing]]\ntask_type = \"release_notes\"\nagents = [\"quill\"]\n").unwrap();
    convoke(&data, &["what-if", "--policy", file.to_str().unwrap()]).done();
}

#[test]
fn roles_are_granted_listed_and_withdrawn_but_not_the_last_owners() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    assert_eq!(json(&data, &["roles", "grant", "grace", "reviewer"])["changed"], true);
    assert_eq!(json(&data, &["roles", "grant", "grace", "reviewer"])["changed"], false);
    let held = |data: &Path, name: &str| {
        let roles = json_lines(data, &["roles"]);
        roles.iter().find(|one| one["name"] == name).map(|one| one["roles"].clone())
    };
    assert_eq!(held(&data, "grace"), Some(serde_json::json!(["reviewer"])));
    assert_eq!(held(&data, "tester"), Some(serde_json::json!(["owner"])));
    convoke(&data, &["roles", "withdraw", "grace", "reviewer"]).done();
    assert_eq!(held(&data, "grace"), None);
    let complaint = convoke(&data, &["roles", "withdraw", "tester", "owner"]).failed(3);
    assert!(complaint.contains("the last owner's role cannot be withdrawn"), "{complaint}");
}

#[test]
fn a_plan_says_what_a_run_would_record_and_records_nothing() {
    let (_place, data) = fresh();
    let plan = ["plan", "examples/intake.toml"];
    let planned = json_lines(&data, &plan);
    assert!(!data.exists(), "a plan touches nothing");
    json(&data, &RUN_EXAMPLE);
    let set_up = |one: &&serde_json::Value| one["would"] == "AgentRegistered";
    assert_eq!(planned.iter().filter(set_up).count(), json_lines(&data, &["agents"]).len());
    let before = json(&data, &["log", "verify"]);
    assert!(convoke(&data, &plan).done().contains("nothing would be recorded"));
    assert_eq!(json(&data, &["log", "verify"]), before);
}

#[test]
fn a_plan_leaves_what_events_closed_and_says_so() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let off = ["agents", "deactivate", "gauge", "--reason", "too dear", "--by", "ada"];
    assert_eq!(json(&data, &off)["changed"], true);
    assert_eq!(json(&data, &off)["changed"], false);
    convoke(&data, &["policies", "toggle", "porter", "request"]).done();
    let plan = json_lines(&data, &["plan", "examples/intake.toml"]);
    let left: Vec<&str> = plan.iter().filter_map(|one| one["left"].as_str()).collect();
    assert_eq!(left.len(), plan.len(), "nothing would be recorded: {plan:?}");
    assert!(left.iter().any(|note| note.contains("`gauge` was deactivated and is left so")));
    assert!(left.iter().any(|note| note.contains("policy of `porter` on `request`")), "{left:?}");
    convoke(&data, &["agents", "reactivate", "gauge", "--reason", "cheaper"]).done();
    assert_eq!(json(&data, &["agents", "show", "gauge"])["active"], true);
}
