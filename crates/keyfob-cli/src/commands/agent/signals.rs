//! The signals that end a keeper or a demo.

/// What asks it to end: SIGTERM and SIGINT, or the interrupt key. Caught from the moment when this is made.
pub(in crate::commands) struct Signals {
    #[cfg(unix)]
    caught: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Signals {
    #[cfg(unix)]
    pub(in crate::commands) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let both = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        let caught =
            if let (Ok(terminate), Ok(interrupt)) = both { Some([terminate, interrupt]) } else { None };
        Self { caught }
    }

    #[cfg(unix)]
    pub(in crate::commands) async fn next(&mut self) -> &'static str {
        let Some([terminate, interrupt]) = &mut self.caught else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => "terminated",
            _ = interrupt.recv() => "interrupted",
        }
    }

    #[cfg(not(unix))]
    pub(in crate::commands) fn listen() -> Self {
        Self {}
    }

    #[cfg(not(unix))]
    pub(in crate::commands) async fn next(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "interrupted"
    }
}
