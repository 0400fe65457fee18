//! What must not be cut off, counted while it lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<AtomicUsize>);

/// One thing under way, until it is dropped.
#[derive(Debug)]
pub(crate) struct Begun(Arc<AtomicUsize>);

impl Busy {
    /// From now on something is under way.
    pub(crate) fn begin(&self) -> Begun {
        self.0.fetch_add(1, Ordering::AcqRel);
        Begun(Arc::clone(&self.0))
    }

    /// Whether anything is.
    #[cfg(any(test, target_os = "linux"))]
    pub(crate) fn is_busy(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_busy_until_the_last_thing_has_ended() {
        let busy = Busy::default();
        assert!(!busy.is_busy());
        let (one, other) = (busy.begin(), busy.clone().begin());
        drop(one);
        assert!(busy.is_busy());
        drop(other);
        assert!(!busy.is_busy());
    }
}
