//! A gate that holds an answer back until the test opens it; it takes the place of every sleep.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

/// Shut when made. Once opened it stays open. Clones are the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Arc::new(watch::Sender::new(false)) }
    }
}

impl Gate {
    /// A shut gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets everything through that waits or will come.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Resolves once the gate is open. The gate itself is kept alive by the wait.
    pub(crate) fn opened(&self) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        let gate = self.open.clone();
        Box::pin(async move {
            // The sender is held above, so the only way out is an open gate.
            let _ = gate.subscribe().wait_for(|open| *open).await;
        })
    }
}
