//! Sleep, wake and the network (trust rule 10): no renewal begins once the machine is about to sleep, and none is sent after
//! it woke before a connection to its host has stood.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::Message;
use super::actor::{Actor, News};
use crate::journeys::guard_of;
use crate::ports::{AddressGuard, Ports, PowerEvent};

/// How long one connection may take before another is begun: a look-up that began before the network was there hangs.
const ONE_TRY: Duration = Duration::from_secs(3);
/// The pause between two.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);
/// After this long the renewals go their usual way: they fail as offline, back off and send nothing.
const LONGEST_WAIT_MS: u64 = 60_000;
/// Systems give programs some seconds before they sleep; after this much the machine sleeps or has changed its mind.
const LONGEST_GROUNDED_MS: u64 = 60_000;

impl Actor {
    /// Tells the mailbox what the machine says; ends when aborted.
    pub(super) fn listen_to_power(&self) -> tokio::task::JoinHandle<()> {
        let (power, mailbox) = (Arc::clone(&self.ports.power), self.mailbox.clone());
        tokio::spawn(async move { while mailbox.send(Message::Power(power.next().await)).await.is_ok() {} })
    }

    pub(super) fn hear_power(&mut self, event: PowerEvent) {
        match event {
            PowerEvent::SleepSoon(delay) => {
                self.flights.ground();
                self.grounded_at = Some(self.ports.clock.now().boot_ms);
                self.sleep_delay = self.flights.any_under_way().then_some(delay);
            }
            PowerEvent::Woke => self.woken(),
            PowerEvent::NetworkUp => {
                self.hurry_offline();
                self.wake();
            }
        }
    }

    /// A sleep whose end nobody told must not keep renewals back for ever.
    pub(super) fn wake_untold(&mut self) {
        let now = self.ports.clock.now().boot_ms;
        if self.grounded_at.is_some_and(|since| now.saturating_sub(since) > LONGEST_GROUNDED_MS) {
            self.woken();
        }
    }

    fn woken(&mut self) {
        self.sleep_delay = None;
        self.grounded_at = None;
        self.hurry_offline();
        let hosts = self.hosts_to_ask();
        self.flights.wake(hosts.keys().cloned());
        for (host, (url, guard)) in hosts {
            let ports = self.ports.clone();
            self.spawn(async move {
                reach(&ports, &url, guard).await;
                Some(News::Reached { host })
            });
        }
        // What came due meanwhile lines up behind its host.
        self.wake();
    }

    /// Whoever could not reach a server tries again at once.
    fn hurry_offline(&mut self) {
        for name in self.entries.offline() {
            if let Some(entry) = self.entries.touch(&name) {
                entry.hurried = true;
            }
        }
        self.outbox.hurry(&self.ports.clock.now());
        self.publish();
    }

    /// The hosts at which a renewal is due or waits, each with an address to try.
    fn hosts_to_ask(&self) -> BTreeMap<String, (Url, AddressGuard)> {
        let names = self.entries.asking(&self.ports.clock.now());
        let asks = names.iter().filter_map(|name| self.entries.get(name));
        asks.filter_map(|entry| {
            Some((entry.token_host()?, (entry.token_endpoint()?.clone(), guard_of(&entry.profile))))
        })
        .collect()
    }
}

async fn reach(ports: &Ports, url: &Url, guard: AddressGuard) {
    let began = ports.clock.now().boot_ms;
    while ports.clock.now().boot_ms.saturating_sub(began) < LONGEST_WAIT_MS {
        tokio::select! {
            reached = ports.http.reach(url, guard) => if reached.is_ok() { return },
            () = ports.clock.sleep(ONE_TRY) => {}
        }
        ports.clock.sleep(BETWEEN_TRIES).await;
    }
}
