//! Waiting for what a command started.

use std::future::Future;

use tokio::runtime::Builder;

use super::failure::Failure;

/// Runs a future on this thread to its end.
pub(super) fn wait_for<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let waiting = Builder::new_current_thread().build();
    waiting.map_err(|source| Failure::Waiting { source })?.block_on(future)
}
