//! The walls of the house: who leans on whom, who is held to the lints, and what is named where.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn manifest(room: &str) -> toml::Table {
    let path = root().join(room).join("Cargo.toml");
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The rooms that a room's manifest names among these dependencies.
fn leans_on(room: &str, table: &str) -> BTreeSet<String> {
    let manifest = manifest(room);
    let dependencies = manifest.get(table).and_then(toml::Value::as_table);
    let names = dependencies.into_iter().flat_map(toml::Table::keys);
    names.filter(|name| name.starts_with("convoke")).cloned().collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The files outside tests and benches that say a word in code, comments and docs aside.
fn who_says(word: &str) -> BTreeSet<String> {
    let mut files = Vec::new();
    for room in ["src", "events/src", "actors/src", "projections/src"] {
        sources(&root().join(room), &mut files);
    }
    let says = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        // `self::sled` is a module of our own that wears the library's name.
        let own = format!("self::{word}");
        text.lines().any(|line| {
            !line.trim_start().starts_with("//") && line.contains(word) && !line.contains(&own)
        })
    };
    let relative = |path: &PathBuf| path.strip_prefix(root()).unwrap().display().to_string();
    files.iter().filter(|path| says(path)).map(relative).collect()
}

#[test]
fn the_rooms_lean_only_on_those_below() {
    assert_eq!(leans_on("events", "dependencies"), set(&[]));
    assert_eq!(leans_on("projections", "dependencies"), set(&["convoke-events"]));
    assert_eq!(leans_on("actors", "dependencies"), set(&["convoke-events"]));
    let below = set(&["convoke-actors", "convoke-events", "convoke-projections"]);
    assert_eq!(leans_on("", "dependencies"), below);
    for room in ["events", "projections", "actors"] {
        let helpers = leans_on(room, "dev-dependencies");
        assert!(helpers.is_subset(&set(&["convoke-events"])), "{room} tests with {helpers:?}");
    }
}

#[test]
fn every_room_is_held_to_the_same_lints() {
    for room in ["", "events", "projections", "actors", "benches"] {
        let manifest = manifest(room);
        let lints = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(lints.and_then(toml::Value::as_bool), Some(true), "`{room}` opts out");
    }
}

#[test]
fn every_room_is_a_member_and_nothing_else_is() {
    let manifest = manifest("");
    let members = manifest["workspace"]["members"].as_array().unwrap();
    let members: Vec<&str> = members.iter().filter_map(toml::Value::as_str).collect();
    assert_eq!(members, [".", "events", "projections", "actors", "benches"]);
}

#[test]
fn unmaintained_libraries_are_named_in_one_file_each() {
    assert_eq!(who_says("sled::"), set(&["events/src/store/sled.rs"]));
    assert_eq!(who_says("bincode::"), set(&["events/src/codec.rs"]));
}

#[test]
fn actix_stays_in_the_drivers_room() {
    let said = who_says("actix::");
    assert!(!said.is_empty(), "this test looks in the wrong place");
    for file in said {
        assert!(file.starts_with("actors/src/driver/"), "{file} names actix");
    }
}

/// Whoever drives a hub calls its providers, for calls that the hub's state owes; nobody else does,
/// and governance's leave and routing's are made nowhere but where they are decided.
#[test]
fn there_is_no_door_to_a_provider_beside_the_drivers() {
    let drivers = set(&["actors/src/driver/agent.rs", "actors/src/driver/scheduler/world.rs"]);
    let mut callers = who_says("provider.call(");
    callers.retain(|file| !file.contains("/tests/") && !file.ends_with("/tests.rs"));
    assert_eq!(callers, drivers);
    let of = |file: &str| set(&[file]);
    assert_eq!(who_says("Ok(Grant {"), of("actors/src/governance.rs"));
    assert_eq!(who_says("struct Grant {"), of("actors/src/governance.rs"));
}

#[test]
fn every_file_of_the_suite_is_listed() {
    let index = fs::read_to_string(root().join("tests/suite/main.rs")).unwrap();
    for entry in fs::read_dir(root().join("tests/suite")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs").filter(|name| *name != "main") else {
            continue;
        };
        assert!(index.contains(&format!("mod {module};")), "tests/suite/{name} is not listed");
    }
}

#[test]
fn no_source_file_outgrows_a_reader() {
    let mut files = Vec::new();
    for room in ["src", "events/src", "actors/src", "projections/src", "tests", "benches"] {
        sources(&root().join(room), &mut files);
    }
    for path in files {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines: look for the second noun", path.display());
    }
}
