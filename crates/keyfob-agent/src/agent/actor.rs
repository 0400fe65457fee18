//! The actor's loop: messages in, state machine steps, effects out as tasks that report back by message.
//!
//! It naps at most 30 s and compares times on each wake, so that a closed lid cannot hide a token's end. It touches no
//! file and no network itself: reads and journeys run as tasks, so that a slow keyring never keeps anyone waiting who
//! does not need it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use keyfob_core::credential::Credential;
use keyfob_core::credential_state::{AttemptNumber, Effect, Event, Hold};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::Fingerprint;
use tokio::sync::{mpsc, oneshot, watch};

use super::entry::{Entry, Waiter};
use super::flights::Flights;
use super::reminding::StoreLock;
use super::{Message, Reply};
use crate::delivery::DeliveryReport;
use crate::journeys::refresh_transaction::Refreshed;
use crate::journeys::remind::Told;
use crate::journeys::sign_in::{SignedIn, sign_in};
use crate::ports::{Ports, SleepDelay, StoreStatus};
use crate::shown;
use crate::snapshot::{AgentShown, Snapshot};

/// Longest nap; sleeping laptops make timers lie.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// What a task of the actor's tells it.
pub(crate) enum News {
    Read {
        name: ProfileName,
        read: Result<Option<Credential>, StoreProblem>,
    },
    Store(StoreStatus),
    SignInEnded {
        name: ProfileName,
        attempt: AttemptNumber,
        outcome: Result<SignedIn, Failure>,
        reply: Reply<()>,
    },
    RefreshNeeded {
        name: ProfileName,
        waiter: Box<WaiterSent>,
    },
    RefreshEnded {
        name: ProfileName,
        attempt: AttemptNumber,
        /// The access token it was to replace.
        unwanted: Fingerprint,
        /// The host it went to.
        host: String,
        outcome: Result<Refreshed, Failure>,
    },
    /// A host was reached after the machine woke, or has been waited for long enough.
    Reached {
        host: String,
    },
    Reminded {
        name: ProfileName,
        told: Option<Box<Told>>,
    },
    DeliveredAgain {
        name: ProfileName,
        deliveries: Vec<DeliveryReport>,
    },
}

/// A waiter on its way to the actor.
pub(crate) struct WaiterSent(pub(super) Waiter);

/// The actor.
pub(super) struct Actor {
    pub(super) ports: Ports,
    pub(super) mailbox: mpsc::Sender<Message>,
    pub(super) entries: BTreeMap<ProfileName, Entry>,
    pub(super) settings_version: Option<u64>,
    pub(super) settings_problem: Option<String>,
    pub(super) store: StoreStatus,
    pub(super) store_lock: StoreLock,
    pub(super) agent: AgentShown,
    pub(super) snapshot: watch::Sender<Arc<Snapshot>>,
    pub(super) stopping: Option<oneshot::Sender<()>>,
    pub(super) flights: Flights,
    /// Keeps the machine awake until the renewals under way have ended.
    pub(super) sleep_delay: Option<SleepDelay>,
    /// Boot clock, milliseconds: since when no renewal starts because the machine is about to sleep.
    pub(super) grounded_at: Option<u64>,
}

impl Actor {
    pub(super) fn new(
        ports: Ports,
        mailbox: mpsc::Sender<Message>,
        agent: AgentShown,
    ) -> (Self, watch::Receiver<Arc<Snapshot>>) {
        let store = StoreStatus { backend: String::new(), strength: String::new(), problem: None };
        let empty = Snapshot {
            version: env!("CARGO_PKG_VERSION").into(),
            agent: agent.clone(),
            store: shown::store(&store),
            settings_problem: None,
            profiles: Vec::new(),
        };
        let (snapshot, receiver) = watch::channel(Arc::new(empty));
        let entries = BTreeMap::new();
        let actor = Self {
            ports,
            mailbox,
            entries,
            settings_version: None,
            settings_problem: None,
            store,
            store_lock: StoreLock::default(),
            agent,
            snapshot,
            stopping: None,
            flights: Flights::default(),
            sleep_delay: None,
            grounded_at: None,
        };
        (actor, receiver)
    }

    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let power = self.listen_to_power();
        self.look_at_store();
        self.look_at_settings();
        loop {
            self.publish();
            if self.may_end() {
                break;
            }
            let clock = Arc::clone(&self.ports.clock);
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.hear(message),
                    None => break,
                },
                () = clock.sleep(self.nap()) => {
                    self.wake_untold();
                    self.wake();
                }
            }
        }
        power.abort();
        if let Some(reply) = self.stopping.take() {
            let _ = reply.send(());
        }
    }

    /// A stop waits for renewals under way: their answers must reach the disk (fault 33).
    fn may_end(&self) -> bool {
        self.stopping.is_some() && !self.flights.any_under_way()
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::SignIn { name, options, reply } => self.sign_in_asked(&name, options, reply),
            Message::CancelSignIn { name } => self.step(&name, Event::SignInCancelled),
            Message::HandOut { name, wanted, reply } => self.hand_out_asked(name, wanted, reply),
            Message::LookAgain => {
                self.settings_version = None;
                self.look_at_settings();
                self.look_at_store();
            }
            Message::News(news) => self.hear_news(*news),
            Message::Power(event) => self.hear_power(event),
            Message::Stop { reply } => {
                self.stopping = Some(reply);
                self.give_up_waiting_renewals();
            }
        }
    }

    fn hear_news(&mut self, news: News) {
        match news {
            News::Read { name, read } => self.take_in(&name, read),
            News::Store(status) => self.store = status,
            News::SignInEnded { name, attempt, outcome, reply } => {
                let told = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
                self.step(&name, Event::SignInEnded { attempt, outcome: told.clone() });
                if let Ok(SignedIn { credential, deliveries }) = outcome {
                    self.delivered(&name, Some(deliveries));
                    self.take_in(&name, Ok(Some(credential)));
                }
                self.publish();
                let _ = reply.send(told);
            }
            News::RefreshNeeded { name, waiter } => self.refresh_asked(&name, waiter.0),
            News::Reminded { name, told } => self.reminded(&name, told),
            News::DeliveredAgain { name, deliveries } => self.delivered(&name, Some(deliveries)),
            News::RefreshEnded { name, attempt, unwanted, host, outcome } => {
                self.landed(&host);
                self.refresh_ended(&name, attempt, &unwanted, &outcome);
                self.launch(&host);
            }
            News::Reached { host } => {
                self.flights.reached(&host);
                self.launch(&host);
            }
        }
    }

    // ---- time ----

    /// Until the earliest renewal, at most [`LONGEST_NAP`].
    fn nap(&self) -> Duration {
        let now = self.ports.clock.now();
        let earliest = self.entries.values().filter_map(|entry| entry.due_in(&now)).min();
        earliest.and_then(|due| due.to_std().ok()).map_or(LONGEST_NAP, |due| due.min(LONGEST_NAP))
    }

    pub(super) fn wake(&mut self) {
        if self.settings_version != Some(self.ports.settings.version()) {
            self.look_at_settings();
        }
        let now = self.ports.clock.now();
        let due = |entry: &Entry| entry.due_in(&now).is_some_and(|left| left <= TimeDelta::zero());
        let due: Vec<_> = self.entries.iter().filter(|(_, e)| due(e)).map(|(name, _)| name.clone()).collect();
        for name in due {
            self.step(&name, Event::RefreshDue);
        }
        // A locked store is looked at again, so that an unlock is noticed without a restart (fault 28).
        let locked = |entry: &Entry| matches!(entry.state.hold, Hold::Locked(_));
        let locked: Vec<_> =
            self.entries.iter().filter(|(_, e)| locked(e)).map(|(name, _)| name.clone()).collect();
        if !locked.is_empty() {
            self.look_at_store();
        }
        for name in locked {
            self.look_at_record(name);
        }
        self.remind_all();
    }

    // ---- steps and effects ----

    pub(super) fn step(&mut self, name: &ProfileName, event: Event) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        for effect in entry.step(event) {
            self.carry_out(name, &effect);
        }
    }

    fn carry_out(&mut self, name: &ProfileName, effect: &Effect) {
        match effect {
            Effect::StartSignIn(attempt) => self.start_sign_in(name, *attempt),
            Effect::CancelSignIn => {
                if let Some((_, journey)) = self.entries.get_mut(name).and_then(|entry| entry.sign_in.take())
                {
                    journey.abort();
                }
            }
            Effect::StartRefresh(attempt) => self.start_refresh(name, *attempt),
        }
    }

    fn sign_in_asked(
        &mut self,
        name: &ProfileName,
        options: crate::journeys::sign_in::SignInOptions,
        reply: Reply<()>,
    ) {
        let Some(entry) = self.entries.get_mut(name) else {
            let _ = reply.send(Err(Failure::NoSuchProfile(name.to_string())));
            return;
        };
        if entry.state.signing_in.is_some() {
            let _ = reply.send(Err(keyfob_core::failure::Temporary::Busy.into()));
            return;
        }
        entry.asked = Some((options, reply));
        self.step(name, Event::SignInRequested);
    }

    fn start_sign_in(&mut self, name: &ProfileName, attempt: AttemptNumber) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        let Some((options, reply)) = entry.asked.take() else { return };
        let (ports, profile, name) = (self.ports.clone(), entry.profile.clone(), name.clone());
        let mailbox = self.mailbox.clone();
        let journey = tokio::spawn(async move {
            let outcome = sign_in(&ports, &profile, options).await;
            let _ = mailbox
                .send(Message::News(Box::new(News::SignInEnded { name, attempt, outcome, reply })))
                .await;
        });
        entry.sign_in = Some((attempt, journey.abort_handle()));
    }

    // ---- outwards ----

    pub(super) fn publish(&self) {
        let now = self.ports.clock.now();
        let snapshot = Snapshot {
            version: env!("CARGO_PKG_VERSION").into(),
            agent: self.agent.clone(),
            store: shown::store(&self.store),
            settings_problem: self.settings_problem.clone(),
            profiles: self.entries.values().map(|entry| entry.shown(&now)).collect(),
        };
        self.snapshot.send_if_modified(|shown| {
            let changed = **shown != snapshot;
            if changed {
                *shown = Arc::new(snapshot);
            }
            changed
        });
    }

    pub(super) fn spawn(&self, task: impl Future<Output = Option<News>> + Send + 'static) {
        let mailbox = self.mailbox.clone();
        tokio::spawn(async move {
            if let Some(news) = task.await {
                let _ = mailbox.send(Message::News(Box::new(news))).await;
            }
        });
    }
}
