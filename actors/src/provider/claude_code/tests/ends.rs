//! How the command is run and ended: what it is given, its bounds, and everything it started.

use std::time::Duration;

use convoke_events::{Clock, FailureClass, SystemClock};
use rustix::process::{Pid, test_kill_process};

use super::{Fake, KEY, block_on, provider, request, result};
use crate::provider::{Billed, Cancel, Deltas, Provider};

/// Whether the process that wrote its id down goes away. It has been told to by now; the system may
/// take a moment, and a process that has ended may still wait to be taken note of.
fn is_gone(fake: &Fake, name: &str) -> bool {
    let pid: i32 = fake.left(name).trim().parse().unwrap();
    (0..100_000).any(|_| {
        std::thread::yield_now();
        let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        test_kill_process(Pid::from_raw(pid).unwrap()).is_err() || state.contains(") Z ")
    })
}

#[test]
fn the_prompt_goes_to_standard_input_and_nothing_of_ours_into_the_environment() {
    let answer = result("{}").to_string();
    let fake = Fake::new(&format!(
        "cat > $here/input\nenv > $here/environment\npwd > $here/directory\nls -A > $here/files\n\
         printf '%s\\n' \"$@\" > $here/arguments\ncat <<'END'\n{answer}\nEND"
    ));
    fake.asked().unwrap();
    assert_eq!(fake.left("input"), "What now?");
    let environment = fake.left("environment");
    assert!(environment.contains("HOME=/home/of-the-test"), "{environment}");
    assert!(environment.contains("CLAUDE_CODE_MAX_OUTPUT_TOKENS=200"), "{environment}");
    for not_passed in ["CLAUDECODE", "ANTHROPIC_API_KEY", "AWS_SECRET", KEY, "CARGO"] {
        assert!(!environment.contains(not_passed), "{environment}");
    }
    assert_eq!(fake.left("files"), "");
    assert!(!std::path::Path::new(fake.left("directory").trim()).exists(), "it is left behind");
    let arguments = fake.left("arguments");
    assert!(arguments.starts_with("--print\n--output-format\njson\n--model\nclaude-small\n"));
    assert!(arguments.contains("\n--tools\n\n"), "{arguments}");
    assert!(arguments.contains("\n--system-prompt\nYou are brief.\n"), "{arguments}");
    assert!(arguments.contains("\n--json-schema\n{\"type\":\"object\"}\n"), "{arguments}");
    assert!(!arguments.contains("What now?") && !arguments.contains("allowedTools"), "{arguments}");
}

#[test]
fn it_gets_the_key_and_the_tools_that_its_agent_names() {
    let answer = result("{}").to_string();
    let fake = Fake::new(&format!(
        "env > $here/environment\nprintf '%s\\n' \"$@\" > $here/arguments\ncat <<'END'\n{answer}\nEND"
    ));
    let settings = r#"{"login":"api_key","key_env":"TEST_KEY","tools":["Read","Grep"]}"#;
    fake.asked_with(settings).unwrap();
    assert!(fake.left("environment").contains(&format!("ANTHROPIC_API_KEY={KEY}\n")));
    let arguments = fake.left("arguments");
    assert!(arguments.contains("--tools\nRead,Grep\n"), "{arguments}");
    assert!(arguments.contains("--allowedTools\nRead,Grep\n"), "{arguments}");
}

#[test]
fn a_command_that_is_not_there_costs_nothing() {
    let (_switch, cancel) = Cancel::pair();
    let provider = provider(std::path::Path::new("/nowhere/claude"));
    let failure = block_on(provider.call(request(), Deltas::none(), cancel)).unwrap_err();
    assert_eq!((failure.class, failure.billed), (FailureClass::NoProvider, Billed::No));
}

#[test]
fn one_that_does_not_listen_may_answer_all_the_same() {
    let mut request = request();
    request.messages[1].parts = vec![crate::provider::Part::Text("x".repeat(1024 * 1024))];
    let fake = Fake::new(&format!("cat <<'END'\n{}\nEND", result("{}")));
    let (_switch, cancel) = Cancel::pair();
    let call = fake.provider().call(request, Deltas::none(), cancel);
    assert_eq!(block_on(call).unwrap().text(), "{}");
}

#[test]
fn one_that_says_too_much_is_ended() {
    let fake = Fake::new("echo $$ > $here/pid\nexec cat /dev/zero");
    let failure = fake.asked().unwrap_err();
    assert_eq!(failure.class, FailureClass::Malformed, "{failure}");
    assert!(failure.message.contains("more than 4194304 bytes"), "{failure}");
    assert!(is_gone(&fake, "pid"));
}

#[test]
fn one_that_complains_at_length_is_heard_out() {
    let fake =
        Fake::new(&format!("head -c 1000000 /dev/zero >&2\ncat <<'END'\n{}\nEND", result("{}")));
    assert_eq!(fake.asked().unwrap().text(), "{}");
}

#[test]
fn overdue_it_is_ended_with_everything_it_started_even_if_both_ignore_the_request() {
    let fake = Fake::new(
        "trap '' TERM\n(trap '' TERM; sh -c 'echo $$ > '$here'/grandchild; exec sleep 600') &\n\
         echo $$ > $here/pid\nwhile :; do sleep 600; done",
    );
    let mut request = request();
    request.deadline = SystemClock::start().now().plus(Duration::from_millis(1_500));
    let (_switch, cancel) = Cancel::pair();
    let call = fake.provider().call(request, Deltas::none(), cancel);
    let failure = block_on(call).unwrap_err();
    assert_eq!((failure.class, failure.billed), (FailureClass::Timeout, Billed::Unknown));
    assert!(is_gone(&fake, "pid") && is_gone(&fake, "grandchild"));
}

#[test]
fn called_off_it_is_asked_to_end_first() {
    let fake = Fake::new(
        "trap 'echo asked > $here/asked; exit 0' TERM\necho $$ > $here/pid\n\
         mkfifo $here/gate $here/never\nread line < $here/never &\nwait",
    );
    let (switch, cancel) = Cancel::pair();
    let pid = fake.path("never");
    let failure = block_on(async {
        let call = fake.provider().call(request(), Deltas::none(), cancel);
        let off = async {
            // The last thing the command does before it waits.
            while !pid.exists() {
                tokio::task::yield_now().await;
            }
            switch.cancel();
        };
        tokio::join!(call, off).0.unwrap_err()
    });
    assert_eq!((failure.class, failure.billed), (FailureClass::Cancelled, Billed::Unknown));
    assert_eq!(fake.left("asked"), "asked\n");
    assert!(is_gone(&fake, "pid"));
}

#[test]
fn what_an_answered_command_left_running_is_ended() {
    let fake = Fake::new(&format!(
        "sh -c 'echo $$ > '$here'/stray; exec sleep 600' &\n\
         while [ ! -s $here/stray ]; do :; done\ncat <<'END'\n{}\nEND",
        result("{}")
    ));
    assert_eq!(fake.asked().unwrap().text(), "{}");
    assert!(is_gone(&fake, "stray"));
}

#[test]
fn a_call_that_is_dropped_leaves_no_process_behind() {
    let fake = Fake::new("echo $$ > $here/starting\nmv $here/starting $here/pid\nexec sleep 600");
    let started = fake.path("pid");
    block_on(async {
        let (_switch, cancel) = Cancel::pair();
        let call = fake.provider().call(request(), Deltas::none(), cancel);
        let up = async {
            while !started.exists() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = call => panic!("it has not ended"),
            () = up => {}
        }
    });
    assert!(is_gone(&fake, "pid"));
}
