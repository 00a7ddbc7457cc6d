//! `convoke calls`: what was cut off by a crash is left alone until a run looks at it, and waits for
//! a person where the hub's rules say so.

use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex};

use convoke::actors::testkit::Loopback;
use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{command, convoke, fresh, json, json_lines};
use crate::real_models::{completes, switched};

/// A run that was killed when its first call was with the server.
struct CutOff {
    data: PathBuf,
    server: Loopback,
    run: [String; 4],
    _place: TempDir,
}

impl CutOff {
    fn new() -> Self {
        let (place, data) = fresh();
        let target: Arc<Mutex<Option<Child>>> = Arc::default();
        let aimed = Arc::clone(&target);
        let server = Loopback::start(move |heard| {
            if let Some(mut child) = aimed.lock().unwrap().take() {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            completes(heard)
        });
        let mut scenario: toml::Table =
            switched(|_| format!("{}/v1", server.url())).parse().unwrap();
        let retry = toml::Table::from_iter([("in_doubt".to_owned(), "person".into())]);
        scenario.insert("retry".to_owned(), retry.into());
        let file = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
        let run = ["run", &file("scenario.toml"), "--input", &file("requests.jsonl")];
        let run = run.map(str::to_owned);
        fs::write(&run[1], scenario.to_string()).unwrap();
        fs::write(&run[3], "{\"id\":\"a\",\"title\":\"Hello\",\"body\":\"Who are you?\"}\n")
            .unwrap();
        // It cannot be killed before the lock is let go.
        let mut held = target.lock().unwrap();
        let mut child = command(&data).args(&run).spawn().unwrap();
        let (out, err) = (child.stdout.take(), child.stderr.take());
        *held = Some(child);
        drop(held);
        // Its end, since nobody else holds the other end of its output.
        std::io::read_to_string(out.unwrap()).unwrap();
        drop(err);
        Self { data, server, run, _place: place }
    }

    /// The one call that has not ended.
    fn call(&self) -> Value {
        let mut calls = json_lines(&self.data, &["calls"]);
        assert_eq!(calls.len(), 1, "{calls:?}");
        calls.remove(0)
    }

    fn runs(&self) -> Value {
        json(&self.data, &self.run.each_ref().map(String::as_str))
    }

    fn resolves(&self, verdict: &str) -> Value {
        let call = self.call();
        let id = call["id"].as_str().unwrap();
        let reason = "their log says so";
        json(&self.data, &["calls", "resolve", id, verdict, "--by", "grace", "--reason", reason])
    }
}

#[test]
fn what_a_crash_cut_off_is_left_alone_by_every_command_but_a_run() {
    let cut_off = CutOff::new();
    let data = &cut_off.data;
    let sent = cut_off.call();
    assert_eq!((&sent["status"], &sent["slug"]), (&"sent".into(), &"porter".into()));
    assert_eq!((&sent["provider"], &sent["attempt"]), (&"openai".into(), &1.into()));
    assert!(sent["held"]["tokens"].as_u64() > Some(0));
    let events = |data| json(data, &["log", "verify"])["events"].as_u64().unwrap();
    let before = events(data);
    convoke(data, &["policies", "set", "gauge", "policy", "--allow", "read"]).done();
    assert_eq!(events(data), before + 1, "the policy, and no word on the call");
    assert_eq!(cut_off.call(), sent);
    assert_eq!(json_lines(data, &["attention"]), [Value::Null; 0]);
    assert_eq!(cut_off.server.heard().len(), 1);
}

#[test]
fn a_run_goes_on_without_what_is_in_doubt_and_a_person_has_it_made_again() {
    let cut_off = CutOff::new();
    let data = &cut_off.data;
    let summary = cut_off.runs();
    assert_eq!((&summary["handled"], &summary["in_doubt"]), (&0.into(), &1.into()));
    let call = cut_off.call();
    assert_eq!(call["status"], "in_doubt");
    let id = call["id"].as_str().unwrap();
    let waiting = json_lines(data, &["attention"]);
    let [doubtful] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!((&doubtful["cause"], &doubtful["id"]), (&"call_in_doubt".into(), &call["id"]));
    let way_out = format!("convoke calls resolve {id} --repeat or --failed --reason …");
    assert_eq!(doubtful["resolve"], way_out);
    let told = convoke(data, &["calls"]).done();
    assert!(told.contains("in doubt") && told.contains("cannot be made twice"), "{told}");
    assert_eq!(cut_off.server.heard().len(), 1, "it is not made twice by itself");

    let said = cut_off.resolves("--repeat");
    assert_eq!((&said["repeat"], &said["by"]), (&true.into(), &"grace".into()));
    assert_eq!((&cut_off.call()["status"], cut_off.server.heard().len()), (&"waiting".into(), 1));
    let again = ["calls", "resolve", id, "--failed", "--reason", "it did after all"];
    let complaint = convoke(data, &again).failed(3);
    assert!(complaint.contains("does not wait for a person"), "{complaint}");

    let summary = cut_off.runs();
    assert_eq!((&summary["handled"], &summary["in_doubt"]), (&1.into(), &0.into()));
    assert_eq!(
        (&summary["tokens"]["unknown"], &summary["tokens"]["reserved"]),
        (&0.into(), &0.into())
    );
    let heard = cut_off.server.heard();
    assert_eq!((heard.len(), &heard[0].body), (2, &heard[1].body));
    let story = convoke(data, &["audit", "--task", call["task"].as_str().unwrap()]).done();
    assert!(story.contains("did not happen: it is made again under its reservation"), "{story}");
    assert!(story.contains("their log says so") && story.contains("by grace"), "{story}");
}

#[test]
fn a_call_that_a_person_says_has_failed_is_charged_and_never_made_again() {
    let cut_off = CutOff::new();
    let data = &cut_off.data;
    cut_off.runs();
    let held = cut_off.call()["held"]["tokens"].clone();
    let id = cut_off.call()["id"].as_str().unwrap().to_owned();
    convoke(data, &["calls", "resolve", &id, "--reason", "x"]).failed(2);
    convoke(data, &["calls", "resolve", &id, "--failed", "--repeat", "--reason", "x"]).failed(2);
    assert_eq!(cut_off.resolves("--failed")["repeat"], false);
    let summary = cut_off.runs();
    assert_eq!((&summary["handled"], &summary["in_doubt"]), (&1.into(), &0.into()));
    assert_eq!((&summary["tokens"]["unknown"], cut_off.server.heard().len()), (&held, 1));
    assert_eq!(json_lines(data, &["attention"]), [Value::Null; 0]);
    let ended = ["calls", "resolve", &id, "--repeat", "--reason", "x"];
    let complaint = convoke(data, &ended).failed(1);
    assert!(complaint.contains(&format!("there is no call `{id}` in this log")), "{complaint}");
}
