//! The child process: fed, listened to, and ended with everything it started.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use convoke_events::FailureClass;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::process::Command;

use super::super::network::{Failed, unsent};
use super::super::{Cancel, ProviderFailure};

/// The most of its output that is kept, in bytes; what says more is ended.
const MAX_OUTPUT: u64 = 4 * 1024 * 1024;

/// The most of its complaints that is kept, in bytes.
const MAX_COMPLAINT: u64 = 16 * 1024;

/// How long it may take to end when it is asked to, and to close its output when it has ended.
const GRACE: Duration = Duration::from_millis(500);

/// A process to be.
pub(super) struct Child {
    pub(super) command: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(&'static str, String)>,
    pub(super) input: String,
}

/// A process that has ended.
pub(super) struct Ended {
    /// What it said, whatever its code is.
    pub(super) output: Vec<u8>,
    /// What it complained about.
    pub(super) complaint: Vec<u8>,
    /// How it ended, in words, and whether it calls that a success.
    pub(super) how: (String, bool),
}

/// A process group that does not outlive this.
struct Group(Option<Pid>);

impl Group {
    /// Asks all of them to end. Who has ended already is not there to be asked.
    fn ask(&self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::TERM);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Child {
    /// Runs it to its end, unless time runs out or the call is called off.
    pub(super) async fn run(self, left: Duration, mut cancel: Cancel) -> Result<Ended, Failed> {
        if cancel.is_cancelled() {
            return Err(unsent(FailureClass::Cancelled, "the call was called off"));
        }
        if left.is_zero() {
            return Err(unsent(FailureClass::Timeout, "the deadline passed before it was started"));
        }
        let place = tempfile::Builder::new().prefix("convoke-claude-").tempdir();
        let place = place.map_err(|error| {
            let message = format!("no empty directory can be made: {error}");
            unsent(FailureClass::Unavailable, &message)
        })?;
        let name = self.command.display().to_string();
        let mut child = self.start(&place).map_err(|error| {
            let message = format!("the command `{name}` cannot be started: {error}");
            unsent(FailureClass::NoProvider, &message)
        })?;
        let pid = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let group = Group(pid);
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => {
                Err(Box::new(ProviderFailure::new(FailureClass::Cancelled, "the call was called off")))
            }
            () = tokio::time::sleep(left) => {
                let message = format!("`{name}` did not end by the deadline");
                Err(Box::new(ProviderFailure::new(FailureClass::Timeout, message)))
            }
            ended = listen(&mut child, self.input) => ended,
        };
        if ended.is_err() {
            group.ask();
            // It has had its time: what is left of the group goes with `group`.
            let _ = tokio::time::timeout(GRACE, child.wait()).await;
        }
        drop(group);
        // It has been killed by now, and is taken note of so that nothing of it stays behind.
        let _ = tokio::time::timeout(GRACE, child.wait()).await;
        ended
    }

    fn start(&self, place: &TempDir) -> std::io::Result<tokio::process::Child> {
        let mut command = Command::new(&self.command);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command.spawn()
    }
}

/// Feeds it, hears it out and waits for its end.
async fn listen(child: &mut tokio::process::Child, input: String) -> Result<Ended, Failed> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut output, mut complaint) = (Vec::new(), Vec::new());
    let heard = async {
        tokio::try_join!(
            feed(stdin, &input),
            hear(stdout, &mut output),
            hear_some(stderr, &mut complaint),
        )
    };
    let status = {
        tokio::pin!(heard);
        tokio::select! {
            all = &mut heard => {
                all?;
                child.wait().await
            }
            status = child.wait() => {
                // What it left behind may hold its output open for ever: not waited for.
                if let Ok(all) = tokio::time::timeout(GRACE, heard).await {
                    all?;
                }
                status
            }
        }
    };
    let how = match status {
        Ok(status) => (status.to_string(), status.success()),
        Err(error) => (error.to_string(), false),
    };
    Ok(Ended { output, complaint, how })
}

/// One that does not listen may still answer: what it does not take is no failure.
async fn feed(stdin: Option<impl AsyncWrite + Unpin>, input: &str) -> Result<(), Failed> {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input.as_bytes()).await;
        let _ = stdin.shutdown().await;
    }
    Ok(())
}

/// All it says, and at once a failure when that is too much. What came before it broke off counts.
async fn hear(stdout: Option<impl AsyncRead + Unpin>, output: &mut Vec<u8>) -> Result<(), Failed> {
    if let Some(stdout) = stdout {
        let _ = stdout.take(MAX_OUTPUT.saturating_add(1)).read_to_end(output).await;
    }
    if u64::try_from(output.len()).is_ok_and(|said| said > MAX_OUTPUT) {
        let message = format!("it said more than {MAX_OUTPUT} bytes");
        return Err(Box::new(ProviderFailure::new(FailureClass::Malformed, message)));
    }
    Ok(())
}

/// The beginning of its complaints; the rest is taken from it, so that it never waits to complain.
async fn hear_some(
    stderr: Option<impl AsyncRead + Unpin>,
    complaint: &mut Vec<u8>,
) -> Result<(), Failed> {
    if let Some(mut stderr) = stderr {
        let _ = (&mut stderr).take(MAX_COMPLAINT).read_to_end(complaint).await;
        let _ = tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await;
    }
    Ok(())
}
