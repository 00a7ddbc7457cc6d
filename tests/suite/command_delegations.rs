//! `convoke delegations`: who handed what to whom, what it cost, and where it shows.

use std::path::Path;

use serde_json::Value;

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

fn granted(data: &Path) -> Vec<Value> {
    let all = json_lines(data, &["delegations"]);
    all.into_iter().filter(|one| one["status"] != "refused").collect()
}

#[test]
fn the_example_hands_its_search_for_duplicates_over_and_finds_one() {
    let (_place, data) = fresh();
    let summary = json(&data, &RUN_EXAMPLE);
    let granted = granted(&data);
    assert_eq!(summary["delegations"], granted.len());
    let keys: Vec<&str> =
        granted.iter().filter_map(|one| one["call"]["answer"]["key"].as_str()).collect();
    assert!(keys.contains(&"duplicate") && keys.contains(&"unique"), "{keys:?}");
    for one in &granted {
        assert_eq!((&one["from"]["slug"], &one["to"]["slug"]), (&"quill".into(), &"porter".into()));
        assert_eq!(one["status"], "completed");
        let (used, budget) = (&one["used"]["tokens"], &one["budget"]["tokens"]);
        assert!(used.as_u64() > Some(0) && used.as_u64() <= budget.as_u64(), "{one}");
        assert_eq!(json(&data, &["delegations", "show", one["id"].as_str().unwrap()]), *one);
    }
    let refused = json_lines(&data, &["delegations"]).len() - granted.len();
    assert!(refused > 0, "a long request leaves no room");
}

#[test]
fn what_was_handed_over_is_charged_to_its_task_and_set_apart_under_it() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let accounts = json_lines(&data, &["budgets"]);
    for one in granted(&data) {
        let at = accounts.iter().position(|account| account["id"] == one["account"]).unwrap();
        let account = &accounts[at];
        assert_eq!(account["label"], "delegation of quill to porter: was this asked before?");
        assert_eq!(account["depth"], 2);
        assert_eq!(account["totals"]["settled"], one["used"]);
        let task = &accounts[at - 1];
        assert_eq!((&task["id"], &task["task"]), (&account["parent"], &one["task"]));
    }
    let settled = |account: &Value| account["totals"]["settled"]["tokens"].as_u64().unwrap();
    let tasks = accounts.iter().filter(|account| account["depth"] == 1);
    assert_eq!(tasks.map(settled).sum::<u64>(), settled(&accounts[0]));
}

#[test]
fn a_proposal_shows_where_it_comes_from() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let delegation = granted(&data).remove(0);
    let proposals = json_lines(&data, &["proposals"]);
    let proposal = proposals.iter().find(|one| one["task"] == delegation["task"]).unwrap();
    let show = ["proposals", "show", proposal["id"].as_str().unwrap()];
    let provenance = &json(&data, &show)["provenance"];
    let contributions = &provenance["below"][0]["below"];
    assert_eq!(contributions[0]["by"]["slug"], "quill");
    let below = &contributions[0]["below"][0];
    assert_eq!((&below["part"], &below["id"]), (&"delegation".into(), &delegation["id"]));
    assert_eq!(below["used_in_all"], delegation["used"]);
    let told = convoke(&data, &show).done();
    assert!(told.contains("├─ contribution by quill (v1): recommends `"), "{told}");
    assert!(told.contains("└─ delegation to porter (v1) \"was this asked before?\": completed"));
    let story = convoke(&data, &["audit", "--proposal", show[2]]).done();
    assert!(story.contains("quill handed \"was this asked before?\""), "{story}");
}

#[test]
fn a_delegation_that_has_ended_cannot_be_called_off() {
    let (_place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let before = json(&data, &["log", "verify"]);
    let id = granted(&data)[0]["id"].as_str().unwrap().to_owned();
    let cancel = ["delegations", "cancel", &id, "--reason", "too late", "--by", "grace"];
    let complaint = convoke(&data, &cancel).failed(3);
    assert!(complaint.contains(&format!("delegation {id} is unknown to this hub, or has ended")));
    let nobody = "00000000-0000-8000-8000-000000000000";
    let complaint = convoke(&data, &["delegations", "show", nobody]).failed(1);
    assert!(complaint.contains("hint: `convoke delegations` lists what there is"), "{complaint}");
    assert_eq!(json(&data, &["log", "verify"]), before);
}

#[test]
fn every_run_comes_to_the_same_figures() {
    let mut figures: Vec<Value> = Vec::new();
    for _ in 0..3 {
        let (_place, data) = fresh();
        let mut summary = json(&data, &RUN_EXAMPLE);
        summary.as_object_mut().unwrap().remove("head");
        figures.push(summary);
    }
    assert_eq!(figures[0], figures[1]);
    assert_eq!(figures[0], figures[2]);
}
