//! What a night does to a machine whose lid was closed: its clock has jumped, and its connections of the evening are dead without
//! a word.

use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use keyfob_agent::ports::Clock;
use keyfob_core::moment::Moment;
use keyfob_demo::{Portal, PortalOptions};
use keyfob_platform::system_clock::SystemClock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use crate::machine::DEADLINE;

const NIGHT: Duration = Duration::from_hours(8);

/// The system's clock, and the time that it has slept.
#[derive(Default)]
pub(crate) struct Lid {
    slept_ms: AtomicU64,
    opened: Notify,
    /// How many naps were begun.
    naps: watch::Sender<u32>,
    /// The thread whose naps count; `None` for all.
    counted: Option<&'static str>,
}

impl Lid {
    /// One that counts the naps of this thread alone: a keeper in the same process naps as well.
    pub(crate) fn of_thread(name: &'static str) -> Self {
        Self { counted: Some(name), ..Self::default() }
    }

    /// The night passes for the machine, its network and the portal, once so many naps were begun: whoever looks at the clock
    /// would notice.
    pub(crate) async fn sleep(&self, naps: u32, network: &Network, portal: &Portal) {
        let mut begun = self.naps.subscribe();
        let waits = begun.wait_for(|begun| *begun >= naps);
        tokio::time::timeout(DEADLINE, waits).await.expect("a nap in time").unwrap();
        network.forgotten.send_modify(|nights| *nights += 1);
        portal.clock().advance(NIGHT);
        self.slept_ms.fetch_add(u64::try_from(NIGHT.as_millis()).unwrap(), Ordering::SeqCst);
        self.opened.notify_waiters();
    }
}

#[async_trait]
impl Clock for Lid {
    fn now(&self) -> Moment {
        let (now, slept) = (SystemClock.now(), self.slept_ms.load(Ordering::SeqCst));
        let wall = now.wall + TimeDelta::milliseconds(i64::try_from(slept).unwrap());
        Moment { wall, boot_ms: now.boot_ms + slept, boot_id: now.boot_id }
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn nap(&self, longest: Duration) {
        let mut opened = pin!(self.opened.notified());
        opened.as_mut().enable();
        if self.counted.is_none() || self.counted == std::thread::current().name() {
            self.naps.send_modify(|naps| *naps += 1);
        }
        tokio::select! { () = opened => {} () = tokio::time::sleep(longest) => {} }
    }
}

/// A network between the machine and the portal that forgets its connections: what is sent by one is taken in and never arrives.
pub(crate) struct Network {
    port: u16,
    forgotten: watch::Sender<u32>,
}

impl Network {
    /// One that stands before a portal, and the options that make the portal stand behind it.
    pub(crate) async fn before_a_portal() -> (Self, PortalOptions) {
        let free =
            std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let network = Self::before(free).await;
        let public_origin = Some(format!("http://127.0.0.1:{}", network.port));
        (network, PortalOptions { port: Some(free), public_origin, ..PortalOptions::default() })
    }

    async fn before(portal_port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let forgotten = watch::channel(0).0;
        let forgets = forgotten.clone();
        tokio::spawn(async move {
            while let Ok((mut machine, _)) = listener.accept().await {
                let mut forgets = forgets.subscribe();
                tokio::spawn(async move {
                    let mut portal = TcpStream::connect((Ipv4Addr::LOCALHOST, portal_port)).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut machine, &mut portal) => {}
                        _ = forgets.changed() => {
                            let _ = tokio::io::copy(&mut machine, &mut tokio::io::sink()).await;
                        }
                    }
                });
            }
        });
        Self { port, forgotten }
    }
}
