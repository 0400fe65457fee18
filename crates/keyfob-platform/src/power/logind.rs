//! logind's `PrepareForSleep`, and the delay lock that keeps the machine awake until the renewals under way have ended
//! (trust rule 10). A machine without logind tells nothing, and nothing is lost: naps compare times.

use std::time::Duration;

use futures_util::StreamExt;
use keyfob_agent::ports::{PowerEvent, SleepDelay};
use tokio::sync::mpsc;
use zbus::zvariant::OwnedFd;
use zbus::{Connection, Proxy};

use crate::threads;

const SERVICE: &str = "org.freedesktop.login1";
const OBJECT: &str = "/org/freedesktop/login1";
const MANAGER: &str = "org.freedesktop.login1.Manager";

/// How long until a bus that is not there, or that went away, is looked for again: seldom, because an idle machine is to
/// stay idle.
const LOOK_AGAIN: Duration = Duration::from_mins(5);

/// Tells until nobody listens.
pub(super) async fn tell(teller: mpsc::Sender<PowerEvent>) {
    loop {
        tokio::select! {
            () = teller.closed() => return,
            ended = listen(&teller) => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "logind does not tell of sleep");
                }
            }
        }
        // A sleep announced by a logind that went away must not keep renewals back.
        if teller.send(PowerEvent::Woke).await.is_err() {
            return;
        }
        tokio::select! {
            () = teller.closed() => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

async fn listen(teller: &mpsc::Sender<PowerEvent>) -> zbus::Result<()> {
    // The library starts up to two threads, and panics where it gets none (fault 39).
    threads::are_left(2)?;
    let bus = Connection::system().await?;
    let manager = Proxy::new(&bus, SERVICE, OBJECT, MANAGER).await?;
    let mut signals = manager.receive_signal("PrepareForSleep").await?;
    let mut lock = Some(delay_lock(&manager).await?);
    while let Some(signal) = signals.next().await {
        let begins: bool = signal.body().deserialize()?;
        let event = if begins {
            PowerEvent::SleepSoon(SleepDelay::new(lock.take()))
        } else {
            // For the next time. Without it that sleep comes sooner; it is told all the same.
            lock = delay_lock(&manager).await.ok();
            PowerEvent::Woke
        };
        if teller.send(event).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// The machine does not sleep while this is open, for as long as logind is patient (5 s by default).
async fn delay_lock(manager: &Proxy<'_>) -> zbus::Result<OwnedFd> {
    let why = "a sign-in is being renewed";
    manager.call("Inhibit", &("sleep", "keyfob", why, "delay")).await
}
