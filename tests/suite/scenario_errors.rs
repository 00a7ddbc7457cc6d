//! A mistake in a scenario or in its requests is named, and nothing is touched.

use std::fs;

use convoke::events::{Event, Log, Options, Query, Recourse, ResilienceEvent, RetryRules};

use crate::binary::{convoke, fresh};

const SCENARIO: &str = r#"[hub]
slug = "desk"
name = "Desk"

[tasks]
triage = "triage"
escalate = { bug = "implementation" }
deadline_s = 60
max_output = 200
min_contributions = 1

[[agents]]
slug = "scout"
provider = "rules"
model = "rules-1"
rate = 40
system_prompt = "Say what it is."
[[agents.rules]]
any = ["crash"]
recommend = "bug"
confidence = 0.9
reason = "it broke"
[agents.otherwise]
recommend = "question"
confidence = 0.5
reason = "it did not"

[[routing]]
task_type = "triage"
agents = ["scout"]
[[routing]]
task_type = "implementation"
agents = ["scout"]

[[policies]]
agent = "scout"
artifact = "request"
verbs = ["read"]
"#;

const REQUESTS: &str = "{\"id\":\"1\",\"title\":\"A crash\",\"body\":\"It broke.\"}\n";

/// What the command complains about, with the file's name put short.
#[track_caller]
fn complaint(scenario: &str, requests: &str) -> String {
    let (place, data) = fresh();
    let (toml, jsonl) = (place.path().join("s.toml"), place.path().join("r.jsonl"));
    fs::write(&toml, scenario).unwrap();
    fs::write(&jsonl, requests).unwrap();
    let arguments = ["run", toml.to_str().unwrap(), "--input", jsonl.to_str().unwrap()];
    let ran = convoke(&data, &arguments);
    assert_eq!(ran.out, "");
    let complaint = ran.failed(2);
    assert!(!data.exists(), "a directory was made");
    complaint.replace(&format!("{}/", place.path().display()), "")
}

#[track_caller]
fn check_scenario(from: &str, to: &str, expected: &str) {
    assert!(SCENARIO.contains(from), "the scenario does not hold {from:?}");
    let complaint = complaint(&SCENARIO.replacen(from, to, 1), REQUESTS);
    let first = complaint.lines().next().unwrap();
    assert_eq!(first, format!("error: s.toml:{expected}"), "{complaint}");
    assert!(complaint.ends_with("hint: nothing was done; correct the file and run it again\n"));
}

#[track_caller]
fn check_requests(requests: &str, expected: &str) {
    let complaint = complaint(SCENARIO, requests);
    assert_eq!(complaint.lines().next().unwrap(), format!("error: r.jsonl:{expected}"));
}

#[test]
fn what_is_no_toml_is_named_with_its_line() {
    let complaint = complaint(&SCENARIO.replacen("name = \"Desk\"", "name = ", 1), REQUESTS);
    assert!(complaint.starts_with("error: s.toml:3: found "), "{complaint}");
}

#[test]
fn fields_of_the_hub_and_the_tasks_are_checked() {
    check_scenario(
        "slug = \"desk\"",
        "slug = \"My desk\"",
        "2: hub.slug: found `My desk`, expected a hub of 1 to 64 of the characters a-z, 0-9, `-`, \
         `_` and `.`, the first a letter or digit",
    );
    check_scenario("name = \"Desk\"\n", "", "1: hub.name: found nothing, expected this field");
    check_scenario(
        "name = \"Desk\"",
        "name = \"Desk\"\ndefault = \"allow\"",
        "4: hub.default: found `allow`, expected a governance default: deny, permit",
    );
    check_scenario(
        "name = \"Desk\"",
        "name = \"Desk\"\nlimits = { tokens = -1 }",
        "4: hub.limits.tokens: found `-1`, expected a whole number from 0",
    );
    check_scenario(
        "name = \"Desk\"",
        "name = \"Desk\"\ncolour = \"red\"",
        "4: hub.colour: found the unknown field `colour`, expected one of: default, limits, name, \
         slug",
    );
    check_scenario(
        "deadline_s = 60",
        "deadline_s = 0",
        "8: tasks.deadline_s: found `0`, expected a whole number from 1 to 86400",
    );
    check_scenario(
        "deadline_s = 60",
        "one_failure_fails_all = true\nquorum = 1\ndeadline_s = 60",
        "9: tasks.quorum: found `quorum` beside `one_failure_fails_all = true`, expected one of \
         the two: who is not waited for would be missing",
    );
    check_scenario(
        "triage = \"triage\"",
        "triage = \"policy_check\"",
        "6: tasks.triage: found `policy_check`, expected a task type with a [[routing]] entry",
    );
    check_scenario(
        "{ bug = \"implementation\" }",
        "{ bug = \"fixing\" }",
        "7: tasks.escalate.bug: found `fixing`, expected a task type: requirement_draft, triage, \
         synthesis, policy_check, implementation, feedback_summary, duplicate_check",
    );
    check_scenario(
        "{ bug = \"implementation\" }",
        "{ \"A Bug\" = \"implementation\" }",
        "7: tasks.escalate.A Bug: found the recommendation `A Bug`, expected one in canonical \
         form, such as `needs-work`",
    );
}

#[test]
fn fields_of_agents_are_checked() {
    check_scenario(
        "slug = \"scout\"\n",
        "",
        "12: agents[0].slug: found nothing, expected this field",
    );
    check_scenario(
        "provider = \"rules\"",
        "provider = \"host:ours\"",
        "14: agents[0].provider: found `host:ours`, expected a provider that this command has: \
         openrouter, gemini, openai, claude-code, rules",
    );
    check_scenario(
        "rate = 40",
        "rate = 40\ntrust = \"full\"",
        "17: agents[0].trust: found `full`, expected a trust level: advisory, elevated, autonomous",
    );
    check_scenario(
        "rate = 40",
        "rate = 40\ntier = 2",
        "17: agents[0].tier: found `2`, expected a tier: T0, T1, T2, T3, T4",
    );
    check_scenario(
        "Say what it is.",
        &"long ".repeat(1_000),
        "17: agents[0].system_prompt: found a text of 5000 bytes, expected 1 to 4096 bytes",
    );
    check_scenario(
        "confidence = 0.9",
        "confidence = 1.9",
        "21: agents[0].rules[0].confidence: found `1.9`, expected a number from 0 to 1",
    );
    check_scenario(
        "any = [\"crash\"]",
        "any = []",
        "19: agents[0].rules[0].any: found a list of 0, expected at least 1",
    );
    check_scenario(
        "recommend = \"bug\"",
        "recommend = \"?!\"",
        "20: agents[0].rules[0].recommend: found `?!`, expected a recommendation with at least one \
         letter or digit",
    );
    let agent = SCENARIO.split_once("[[agents]]").unwrap().1.split_once("\n[[routing]]").unwrap().0;
    check_scenario(
        "\n[[routing]]",
        &format!("\n[[agents]]{agent}\n[[routing]]"),
        "29: agents[1].slug: found `scout` again, expected a slug of its own for every agent",
    );
}

#[test]
fn what_a_rule_hands_over_and_how_titles_are_compared_is_checked() {
    let delegate = |fields: &str| format!("reason = \"it broke\"\ndelegate = {{ {fields} }}");
    check_scenario(
        "reason = \"it broke\"",
        &delegate("to = \"nobody\", scope = \"look\""),
        "23: agents[0].rules[0].delegate.to: found `nobody`, expected the slug of an agent in this \
         file: scout",
    );
    check_scenario(
        "reason = \"it broke\"",
        &delegate("to = \"scout\", scope = \"?\""),
        "23: agents[0].rules[0].delegate.scope: found `?`, expected a scope with at least one letter \
         or digit",
    );
    check_scenario(
        "reason = \"it broke\"",
        &delegate("to = \"scout\", scope = \"look\", tokens = 0"),
        "23: agents[0].rules[0].delegate.tokens: found `0`, expected a whole number from 1",
    );
    check_scenario(
        "reason = \"it broke\"",
        &delegate("to = \"scout\", scope = \"look\", cut = true"),
        "23: agents[0].rules[0].delegate.cut: found the unknown field `cut`, expected one of: \
         scope, to, tokens, trim",
    );
    check_scenario(
        "reason = \"it did not\"",
        "reason = \"it did not\"\n[agents.compare]\nat_least = 2\nrecommend = \"a\"",
        "27: agents[0].compare.otherwise: found nothing, expected this field",
    );
    check_scenario(
        "name = \"Desk\"",
        "name = \"Desk\"\nlimits = { tokens = 1, period = \"week\" }",
        "4: hub.limits.period: found `week`, expected a period: total, day, month",
    );
}

#[test]
fn routing_policies_and_prices_name_what_there_is() {
    check_scenario(
        "agents = [\"scout\"]",
        "agents = [\"nobody\"]",
        "30: routing[0].agents[0]: found `nobody`, expected the slug of an agent in this file: \
         scout",
    );
    check_scenario(
        "task_type = \"implementation\"",
        "task_type = \"triage\"",
        "32: routing[1].task_type: found `triage` again, expected one entry per type",
    );
    check_scenario(
        "agent = \"scout\"",
        "agent = \"scoot\"",
        "36: policies[0].agent: found `scoot`, expected the slug of an agent in this file: scout",
    );
    check_scenario(
        "artifact = \"request\"",
        "artifact = \"code\"",
        "37: policies[0].artifact: found `code`, expected an artifact type: requirement, request, \
         synthesis, policy, implementation, feedback_summary, duplicate",
    );
    check_scenario(
        "verbs = [\"read\"]",
        "verbs = [\"write\"]",
        "38: policies[0].verbs[0]: found `write`, expected a verb: read, propose, delegate, \
         auto_apply",
    );
    check_scenario(
        "[[policies]]",
        "[[prices]]\nprovider = \"rules\"\nmodel = \"rules-1\"\ninput = 1\noutput = 1\n[[policies]]",
        "35: prices[0].cached: found nothing, expected this field",
    );
}

#[test]
fn what_may_be_a_key_is_refused_and_not_repeated() {
    let rules = SCENARIO.find("[[agents.rules]]").unwrap()..SCENARIO.find("[[routing]]").unwrap();
    for (more, expected) in [
        (
            "base_url = \"https://ada:s3cret@example.com/v1\"",
            "18: agents[0].base_url: found a text that is none, expected a base URL: the base URL \
             holds an `@`: it is recorded, so that it may hold no user name and no password",
        ),
        (
            "base_url = \"https://example.com/v1\"",
            "18: agents[0].base_url: found what does not hold, expected what `openai` takes: its \
             base URL is not on this machine: say which key goes there with `key_env` or \
             `key_file`, or `keyless = true`",
        ),
        (
            "settings = { key_env = \"sk-s3cret\" }",
            "18: agents[0].settings: found what does not hold, expected what `openai` takes: its \
             setting `key_env` is not the name of an environment variable: A-Z, 0-9 and `_`",
        ),
        (
            "settings = { api_key = \"sk-s3cret\" }",
            "18: agents[0].settings: found what does not hold, expected what `openai` takes: its \
             settings hold the unknown setting `api_key`, expected some of: key_env, key_file, \
             keyless, temperature, top_p, answer, reasoning_effort, output_bound",
        ),
    ] {
        let mut scenario = SCENARIO.to_owned();
        scenario.replace_range(rules.clone(), &format!("{more}\n"));
        let scenario = scenario.replacen("\"rules\"", "\"openai\"", 1);
        let complaint = complaint(&scenario, REQUESTS);
        assert!(complaint.starts_with(&format!("error: s.toml:{expected}\n")), "{complaint}");
        assert!(!complaint.contains("s3cret"), "{complaint}");
    }
}

#[test]
fn every_mistake_of_a_file_is_listed_at_once() {
    let scenario = SCENARIO
        .replacen("slug = \"desk\"", "slug = 7", 1)
        .replacen("max_output = 200", "max_output = \"many\"", 1)
        .replacen("verbs = [\"read\"]", "verbs = \"read\"", 1);
    let complaint = complaint(&scenario, REQUESTS);
    let errors: Vec<&str> = complaint.lines().filter(|line| line.starts_with("error: ")).collect();
    let places: Vec<&str> = errors
        .iter()
        .filter_map(|line| line.split_once(": found"))
        .map(|(place, _)| place)
        .collect();
    assert_eq!(
        places,
        [
            "error: s.toml:2: hub.slug",
            "error: s.toml:9: tasks.max_output",
            "error: s.toml:38: policies[0].verbs",
        ]
    );
}

#[test]
fn requests_are_checked_line_by_line() {
    let good = REQUESTS;
    check_requests(
        "",
        "1: found no request, expected at least one line such as {\"id\": \"1\", \"title\": \"…\", \"body\": \"…\"}",
    );
    check_requests("[]\n", "1: found `[]`, expected a JSON object");
    check_requests(
        &format!("{good}{{\"id\":\"2\",\"title\":\"T\"}}\n"),
        "2: body: found nothing, expected a text of 0 to 8388608 bytes",
    );
    check_requests(
        "\n{\"id\":2,\"title\":\"T\",\"body\":\"\"}\n",
        "2: id: found `2`, expected a text of 1 to 128 bytes",
    );
    check_requests(
        "{\"id\":\"2\",\"title\":\" \",\"body\":\"\"}\n",
        "1: title: found ` `, expected a text of 1 to 1024 bytes",
    );
    check_requests(
        "{\"id\":\"2\",\"title\":\"T\",\"body\":\"\",\"urgent\":true}\n",
        "1: urgent: found the unknown field `urgent`, expected one of: id, title, body, source",
    );
    check_requests(
        &format!("{good}{good}{{\"id\":\"1\",\"title\":\"Another\",\"body\":\"\"}}\n"),
        "3: id: found `1` again, expected another id, or the same content as on line 1",
    );
    let body = "x".repeat(8 * 1024 * 1024);
    check_requests(
        &format!("{{\"id\":\"2\",\"title\":\"T\",\"body\":\"{body}\"}}\n"),
        "1: body: found 8388609 bytes together with the title, expected at most 8388608 bytes",
    );
    let complaint = complaint(SCENARIO, &format!("{good}{{\"id\": \n"));
    assert!(complaint.starts_with("error: r.jsonl:2: found `{\"id\": ` ("), "{complaint}");
    assert!(complaint.contains("expected a JSON object on one line\n"), "{complaint}");
}

#[test]
fn every_mistake_in_what_is_done_when_calls_fail_is_named() {
    let check = |lines: &[&str], expected: &[(usize, &str)]| {
        let scenario = format!("{SCENARIO}[retry]\n{}\n", lines.join("\n"));
        let complaint = complaint(&scenario, REQUESTS);
        let told = complaint.lines().filter_map(|line| line.strip_prefix("error: "));
        let told: Vec<&str> = told.collect();
        let first = SCENARIO.lines().count() + 1;
        let expected =
            expected.iter().map(|(nth, what)| format!("s.toml:{}: retry{what}", first + nth));
        assert_eq!(told, expected.collect::<Vec<_>>());
    };
    let whole = |what: &str| format!("{what}, expected a whole number from 1 to 100");
    check(&["max_attempts = 0"], &[(1, &whole(".max_attempts: found `0`"))]);
    check(&["max_attempts = \"3\""], &[(1, &whole(".max_attempts: found `3`"))]);
    check(
        &["base_ms = 5_000", "cap_ms = 4_000"],
        &[(2, ".cap_ms: found `4000`, expected a whole number from 5000 to 86400000")],
    );
    check(
        &["base_ms = 0", "per_agent = 0", "in_doubt = \"ask\"", "tries = 3"],
        &[
            (1, ".base_ms: found `0`, expected a whole number from 1 to 86400000"),
            (2, ".per_agent: found `0`, expected a whole number from 1 to 10000"),
            (3, ".in_doubt: found `ask`, expected a recourse: repeat, fail, person"),
            (
                4,
                ".tries: found the unknown field `tries`, expected one of: base_ms, \
                 breaker_failures, breaker_open_ms, cap_ms, in_doubt, max_attempts, per_agent, \
                 per_provider",
            ),
        ],
    );
}

#[test]
fn what_is_done_when_calls_fail_is_recorded_as_it_is_said_and_as_usual_where_it_is_not() {
    let (place, data) = fresh();
    let (toml, jsonl) = (place.path().join("s.toml"), place.path().join("r.jsonl"));
    let retry =
        "[retry]\nmax_attempts = 2\nbase_ms = 60_000\nper_provider = 7\nin_doubt = \"person\"\n";
    fs::write(&toml, format!("{SCENARIO}{retry}")).unwrap();
    fs::write(&jsonl, REQUESTS).unwrap();
    convoke(&data, &["run", toml.to_str().unwrap(), "--input", jsonl.to_str().unwrap()]).done();
    let log = Log::open_existing(&data, Options::default()).unwrap();
    let set = log.read(Query::event_type("RetryRulesSet")).map(|recorded| recorded.unwrap().event);
    let [Event::Resilience(ResilienceEvent::RetryRulesSet(set))] = &set.collect::<Vec<_>>()[..]
    else {
        panic!("it is recorded once");
    };
    let expected = RetryRules {
        max_attempts: 2,
        base_ms: 60_000,
        // Never below the first wait.
        cap_ms: 60_000,
        per_provider: 7,
        in_doubt: Recourse::Person,
        ..RetryRules::default()
    };
    assert_eq!(set.rules, expected);
}

#[test]
fn a_file_that_is_not_there_is_wrong_usage() {
    let (_place, data) = fresh();
    let arguments = ["run", "nowhere.toml", "--input", "examples/requests.jsonl"];
    let complaint = convoke(&data, &arguments).failed(2);
    assert!(complaint.starts_with("error: nowhere.toml cannot be read: "), "{complaint}");
    assert!(!data.exists());
}

#[test]
fn the_scenario_of_these_tests_is_itself_without_mistake() {
    let (place, data) = fresh();
    let (toml, jsonl) = (place.path().join("s.toml"), place.path().join("r.jsonl"));
    fs::write(&toml, SCENARIO).unwrap();
    fs::write(&jsonl, REQUESTS).unwrap();
    let arguments = ["run", toml.to_str().unwrap(), "--input", jsonl.to_str().unwrap(), "--json"];
    let out = convoke(&data, &arguments).done();
    assert!(out.starts_with("{\"requests\":1,\"handled\":1,"), "{out}");
}
