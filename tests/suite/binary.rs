//! The real command, run in a data directory of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The command, with this data directory and nobody's environment but ours.
pub(crate) fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_convoke"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_clear().env("CONVOKE_DATA", data);
    command.env("USER", "tester").stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a run of the command left behind.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Its answer, where it must have been done.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// Its complaint, where it must have ended with this code.
    #[track_caller]
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}{}", self.out, self.err);
        self.err
    }
}

/// Runs it to its end.
pub(crate) fn convoke(data: &Path, arguments: &[&str]) -> Ran {
    command(data).args(arguments).output().unwrap().into()
}

/// Runs it to its end with something on its standard input.
pub(crate) fn convoke_reading(data: &Path, arguments: &[&str], input: &str) -> Ran {
    let mut child = command(data).args(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // From a thread of its own: both pipes may be full at the same time.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    // It may have stopped reading before the end, which is its right.
    let _ = writer.join().unwrap();
    output.into()
}

/// Its answer as one JSON document.
pub(crate) fn json(data: &Path, arguments: &[&str]) -> Value {
    let out = convoke(data, &[arguments, &["--json"]].concat()).done();
    serde_json::from_str(&out).unwrap()
}

/// Its answer as JSON lines.
pub(crate) fn json_lines(data: &Path, arguments: &[&str]) -> Vec<Value> {
    let out = convoke(data, &[arguments, &["--json"]].concat()).done();
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The arguments that take the example's requests through the example's scenario.
pub(crate) const RUN_EXAMPLE: [&str; 4] =
    ["run", "examples/intake.toml", "--input", "examples/requests.jsonl"];

/// A place for data that nothing has made yet.
pub(crate) fn fresh() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    (place, data)
}
