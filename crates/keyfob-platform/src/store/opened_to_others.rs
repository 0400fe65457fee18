//! Files of keyfob's own that were found open to others of this machine. They are private again as soon as they are read, so that each
//! is told once; a program without a log asks for what is to be told.

use std::path::Path;
use std::sync::Mutex;

/// What the log calls these warnings, so that a log of errors alone can let them through.
pub const LOG_TARGET: &str = "opened_to_others";

static TOLD: Mutex<Vec<String>> = Mutex::new(Vec::new());

pub(super) fn tell(path: &Path, mode: u32) {
    let words = format!(
        "{} was open to other users of this machine (mode {mode:o}) and is private again: they may have a copy",
        path.display()
    );
    tracing::warn!(target: LOG_TARGET, "{words}");
    if let Ok(mut told) = TOLD.lock() {
        told.push(words);
    }
}

/// What was told to the log in this process, and not yet taken.
pub fn take() -> Vec<String> {
    TOLD.lock().map(|mut told| std::mem::take(&mut *told)).unwrap_or_default()
}
