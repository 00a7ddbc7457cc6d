//! `convoke agents register | revise`: agents come from a file, all of them or none.

use std::fs;
use std::path::{Path, PathBuf};

use crate::binary::{RUN_EXAMPLE, convoke, fresh, json, json_lines};

/// A file with agents of these slugs and rates.
fn file(place: &Path, agents: &[(&str, u64)]) -> PathBuf {
    let tables = agents.iter().map(|(slug, rate)| {
        format!(
            r#"
[[agents]]
slug = "{slug}"
provider = "rules"
model = "rules-1"
rate = {rate}
system_prompt = "You look for gaps."
rules = [{{ any = ["gap"], recommend = "fill", confidence = 0.8, reason = "a gap" }}]
otherwise = {{ recommend = "leave", confidence = 0.6, reason = "none" }}
"#
        )
    });
    let path = place.join("agents.toml");
    fs::write(&path, tables.collect::<String>()).unwrap();
    path
}

/// The version and rate of an agent, if it is registered.
fn registered(data: &Path, slug: &str) -> Option<(u64, u64)> {
    let agents = json_lines(data, &["agents"]);
    let agent = agents.iter().find(|one| one["slug"] == slug)?;
    Some((agent["version"].as_u64().unwrap(), agent["rate"].as_u64().unwrap()))
}

fn words<'a>(verb: &'a str, file: &'a Path) -> [&'a str; 6] {
    ["agents", verb, "--file", file.to_str().unwrap(), "--by", "ada"]
}

#[test]
fn agents_are_registered_from_a_file_and_revised_by_one() {
    let (place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let two = file(place.path(), &[("seeker", 10), ("finder", 20)]);
    let lines = json_lines(&data, &words("register", &two));
    assert_eq!(lines.iter().filter(|line| line["changed"] == true).count(), 2, "{lines:?}");
    assert_eq!((&lines[0]["agent"], &lines[0]["by"]), (&"seeker".into(), &"ada".into()));
    assert_eq!(registered(&data, "finder"), Some((1, 20)));
    let again = json_lines(&data, &words("revise", &two));
    assert!(again.iter().all(|line| line["changed"] == false), "{again:?}");
    let dearer = file(place.path(), &[("finder", 30)]);
    assert!(convoke(&data, &words("revise", &dearer)).done().starts_with("revised finder, at "));
    assert_eq!(registered(&data, "finder"), Some((2, 30)));
    assert_eq!(registered(&data, "seeker"), Some((1, 10)));
}

#[test]
fn a_file_with_one_agent_that_does_not_fit_is_refused_whole() {
    let (place, data) = fresh();
    json(&data, &RUN_EXAMPLE);
    let before = json(&data, &["log", "verify"]);
    let known = file(place.path(), &[("seeker", 10), ("gauge", 20)]);
    let complaint = convoke(&data, &words("register", &known)).failed(3);
    assert!(complaint.contains("registered already: gauge"), "{complaint}");
    let complaint = convoke(&data, &words("revise", &known)).failed(1);
    assert!(complaint.contains("there is no agent `seeker` in this log"), "{complaint}");
    let mistaken = place.path().join("mistaken.toml");
    fs::write(&mistaken, "[hub]\nslug = \"x\"\n[[agents]]\nslug = \"seeker\"\n").unwrap();
    let complaint = convoke(&data, &words("register", &mistaken)).failed(2);
    assert!(complaint.contains("hub") && complaint.contains("system_prompt"), "{complaint}");
    assert_eq!(json(&data, &["log", "verify"]), before);
}
