//! Twenty secrets planted in keys, headers, base URLs and the environment: none is found anywhere.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use convoke::actors::testkit::{Heard, Loopback, Say};
use serde_json::json;

use crate::binary::{Ran, command, fresh, json_lines};
use crate::real_models::{completes, switched};

/// What every planted secret holds, and nothing else.
const CANARY: &str = "c4n4ry";

fn canary(number: u8) -> String {
    format!("sk-{CANARY}-{number:02}")
}

/// Customary variables whose keys are nobody's business here, and one that is no key of ours.
const NEVER_USED: [&str; 8] = [
    "OPENAI_API_KEY",
    "OPENROUTER_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "CLAUDE_CODE_OAUTH_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
];

/// Variables that the agents of this test name.
const USED: [&str; 3] = ["KEY_OF_PORTER", "KEY_OF_WARD", "KEY_OF_STRATA"];

/// The command with every variable planted, and with `claude` from this place.
fn planted(data: &Path, place: &Path, arguments: &[&str]) -> Ran {
    let mut command = command(data);
    command.env("HOME", place).env("PATH", format!("{}:/usr/bin:/bin", place.display()));
    for (number, name) in (1..).zip(NEVER_USED.iter().chain(&USED)) {
        command.env(name, canary(number));
    }
    command.args(arguments).output().unwrap().into()
}

fn every_file(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { every_file(&path, found) } else { found.push(path) }
    }
}

#[track_caller]
fn holds_none(what: &str, bytes: &[u8]) {
    let found = bytes.windows(CANARY.len()).position(|window| window == CANARY.as_bytes());
    let around = found.map(|at| {
        let end = bytes.len().min(at + 40);
        String::from_utf8_lossy(&bytes[at.saturating_sub(40)..end]).into_owned()
    });
    assert_eq!(around, None, "{what} holds a secret");
}

/// A server that says everything it was told and more: keys in answers and errors, secrets in its
/// headers, a redirect to a secret place.
fn tells_all(heard: &Heard) -> Say {
    let (cookie, challenge, place) = (canary(13), canary(14), canary(15));
    let headers = [("set-cookie", cookie.as_str()), ("www-authenticate", challenge.as_str())];
    let key = heard.headers.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
    let system = heard.body.to_lowercase();
    if heard.path.contains("generatecontent") || heard.path.contains("generateContent") {
        let error =
            json!([{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": key}}]);
        return Say::with(403, &headers, &error.to_string());
    }
    if heard.path.starts_with("/mason") {
        let error = json!({"error": {"code": "invalid_api_key", "message": key}});
        return Say::with(401, &headers, &error.to_string());
    }
    if heard.path.starts_with("/beacon") {
        return Say::with(307, &[("location", &format!("https://{place}.example.com"))], "");
    }
    if heard.path.starts_with("/porter") {
        let answer = json!({
            "recommendation": "bug", "body": format!("I was asked with {key}"), "confidence": 1,
            "assumptions": [key],
        });
        let body = json!({
            "model": key.split("Bearer ").nth(1).and_then(|key| key.split(' ').next()),
            "choices": [{"finish_reason": "stop", "message": {"content": answer.to_string()}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10},
        });
        return Say::with(200, &headers, &body.to_string());
    }
    assert!(!system.is_empty());
    completes(heard)
}

/// The example, its agents served by a server that tells all, by a command that tells all, and with
/// keys from everywhere.
fn scenario(server: &Loopback, place: &Path) -> String {
    let text = switched(|slug| format!("{}/{slug}/v1", server.url()));
    let mut scenario: toml::Table = text.parse().unwrap();
    let mut prices = Vec::new();
    for price in scenario["prices"].as_array().unwrap() {
        for provider in ["openai", "gemini", "claude-code"] {
            let mut price = price.as_table().unwrap().clone();
            price.insert("provider".to_owned(), provider.into());
            prices.push(toml::Value::Table(price));
        }
    }
    scenario.insert("prices".to_owned(), prices.into());
    for agent in scenario["agents"].as_array_mut().unwrap() {
        let agent = agent.as_table_mut().unwrap();
        let settings = match agent["slug"].as_str().unwrap() {
            "porter" => "key_env = \"KEY_OF_PORTER\"".to_owned(),
            "mason" => format!("key_file = \"{}\"", place.join("key").display()),
            "ward" => {
                agent.insert("provider".to_owned(), "gemini".into());
                "key_env = \"KEY_OF_WARD\"".to_owned()
            }
            "strata" => {
                agent.insert("provider".to_owned(), "claude-code".into());
                agent.remove("base_url");
                "login = \"token\"\nkey_env = \"KEY_OF_STRATA\"".to_owned()
            }
            _ => continue,
        };
        agent.insert("settings".to_owned(), settings.parse::<toml::Table>().unwrap().into());
    }
    scenario.to_string()
}

/// A command `claude` that says the whole environment it was given, and notes it where we look.
fn plays_claude(place: &Path) {
    let script = place.join("script");
    let text = format!(
        "#!/bin/sh\nenv > {}/environment\nsecret=$(env | tr '\\n' ' ')\n\
         echo \"$secret\" >&2\nprintf '{{\"type\":\"result\",\"is_error\":true,\"result\":\"%s\"}}' \
         \"$CLAUDE_CODE_OAUTH_TOKEN\"\n",
        place.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    // Not written under its name: a file that any process has open for writing cannot be started.
    assert!(Command::new("cp").arg(&script).arg(place.join("claude")).status().unwrap().success());
}

#[test]
fn what_servers_and_commands_tell_is_kept_without_the_secrets_in_it() {
    let (place, data) = fresh();
    let place = place.path();
    fs::write(place.join("key"), canary(12)).unwrap();
    fs::set_permissions(place.join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    plays_claude(place);
    let server = Loopback::start(tells_all);
    let (file, input) = (place.join("scenario.toml"), place.join("requests.jsonl"));
    fs::write(&file, scenario(&server, place)).unwrap();
    fs::write(&input, "{\"id\":\"a\",\"title\":\"A crash\",\"body\":\"It broke.\"}\n").unwrap();
    let run = ["run", file.to_str().unwrap(), "--input", input.to_str().unwrap()];
    let ran = planted(&data, place, &run);
    holds_none("standard error of the run", ran.err.as_bytes());
    holds_none("the summary", ran.done().as_bytes());

    // They did go where they were meant to, or this test would show nothing.
    let heard = format!("{:?}", server.heard());
    for number in [9, 10, 12] {
        assert!(heard.contains(&canary(number)), "{number} was not sent");
    }
    let environment = fs::read_to_string(place.join("environment")).unwrap();
    assert!(environment.contains(&canary(11)), "{environment}");
    // And nowhere else.
    for number in 1..=8 {
        assert!(!heard.contains(&canary(number)) && !environment.contains(&canary(number)));
    }

    let mut files = Vec::new();
    every_file(&data, &mut files);
    assert!(files.len() > 2);
    for file in files {
        holds_none(&file.display().to_string(), &fs::read(&file).unwrap());
    }
    let mut tellings = vec![vec!["log", "export"], vec!["log", "tail"], vec!["agents"]];
    let agents = json_lines(&data, &["agents"]);
    let slugs: Vec<&str> = agents.iter().filter_map(|agent| agent["slug"].as_str()).collect();
    for slug in &slugs {
        tellings.push(vec!["agents", "show", slug]);
        tellings.push(vec!["audit", "--agent", slug]);
    }
    let mut told = String::new();
    for telling in tellings {
        let ran = planted(&data, place, &telling);
        holds_none(&format!("{telling:?}"), ran.err.as_bytes());
        let out = ran.done();
        holds_none(&format!("{telling:?}"), out.as_bytes());
        told.push_str(&out);
    }
    assert!(told.contains("[key]"), "what they told is not there at all");
}

#[test]
fn a_scenario_that_holds_a_secret_is_refused_without_a_word_of_it() {
    let (place, data) = fresh();
    let text = switched(|_| "http://127.0.0.1:1/v1".to_owned());
    let (file, input) = (place.path().join("scenario.toml"), "examples/requests.jsonl");
    let run = ["run", file.to_str().unwrap(), "--input", input];
    let secret = canary(20);
    for (field, value) in [
        ("base_url", format!("https://{secret}:x@example.com/v1")),
        ("base_url", format!("https://ada:{secret}@example.com/v1")),
        ("base_url", format!("https://example.com/v1?key={secret}")),
        ("base_url", format!("https://example.com/v1#{secret}")),
        ("key_env", secret.clone()),
        ("key_file", secret.clone()),
        ("api_key", secret.clone()),
        ("temperature", secret.clone()),
    ] {
        let mut scenario: toml::Table = text.parse().unwrap();
        let agent = scenario["agents"][0].as_table_mut().unwrap();
        if field == "base_url" {
            agent.insert(field.to_owned(), value.into());
        } else {
            let settings = toml::Table::from_iter([(field.to_owned(), toml::Value::from(value))]);
            agent.insert("settings".to_owned(), settings.into());
        }
        fs::write(&file, scenario.to_string()).unwrap();
        let ran = planted(&data, place.path(), &run);
        holds_none("standard output", ran.out.as_bytes());
        holds_none(field, ran.failed(2).as_bytes());
        assert!(!data.exists());
    }
}
