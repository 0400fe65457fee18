//! Sleep, wake and the network, as far as the machine tells: logind and the kernel's routes on Linux.
//!
//! Elsewhere nothing is told yet: macOS (`IORegisterForSystemPower`) and Windows (`WM_POWERBROADCAST`) are not done. The
//! keeper's nap of at most 30 s notices there what a sleep has hidden.

#[cfg(target_os = "linux")]
mod logind;
#[cfg(target_os = "linux")]
mod routes;

use async_trait::async_trait;
use keyfob_agent::ports::{PowerEvent, PowerEvents};
use tokio::sync::{Mutex, mpsc};

/// Events are few; a keeper that does not listen for a while loses none.
const ROOM: usize = 16;

/// This machine. Listening begins with the first question.
#[derive(Default)]
pub struct SystemPower {
    heard: Mutex<Option<mpsc::Receiver<PowerEvent>>>,
}

#[async_trait]
impl PowerEvents for SystemPower {
    async fn next(&self) -> PowerEvent {
        let mut heard = self.heard.lock().await;
        match heard.get_or_insert_with(listen).recv().await {
            Some(event) => event,
            // Nobody tells anything here.
            None => std::future::pending().await,
        }
    }
}

fn listen() -> mpsc::Receiver<PowerEvent> {
    let (teller, heard) = mpsc::channel(ROOM);
    #[cfg(target_os = "linux")]
    {
        tokio::spawn(logind::tell(teller.clone()));
        tokio::spawn(routes::tell(teller));
    }
    #[cfg(not(target_os = "linux"))]
    drop(teller);
    heard
}
