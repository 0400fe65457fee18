//! The runtime under a command: made late, because what a keeper answers needs none.

use keyfob_core::failure::Failure;

/// Runs a command to its end, on this one thread: nothing here computes for long, files and keyrings have threads of their own,
/// and what is started for every token should not start others first.
pub(crate) fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Bug(format!("no runtime: {error}")))?;
    let outcome = runtime.block_on(command);
    // A blocking read of standard input must not keep a finished program alive.
    runtime.shutdown_background();
    outcome
}
