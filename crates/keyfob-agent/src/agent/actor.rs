//! The actor's loop: messages in, state machine steps, effects out as tasks that report back by message.
//!
//! It naps at most 30 s and compares times on each wake, so that a closed lid cannot hide a token's end. It touches no
//! file and no network itself: reads and journeys run as tasks, so that a slow keyring never keeps anyone waiting who
//! does not need it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use keyfob_core::credential::Credential;
use keyfob_core::credential_state::{AttemptNumber, Effect, Event};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::Fingerprint;
use tokio::sync::{mpsc, oneshot, watch};

use super::entries::{Change, Entries};
use super::entry::Waiter;
use super::flights::Flights;
use super::outbox::Outbox;
use super::places;
use super::reads::Reads;
use super::reminding::StoreLock;
use super::sleeps::Sleeps;
use super::step_ups::StepUps;
use super::{Message, Reply};
use crate::delivery::DeliveryReport;
use crate::journeys::refresh_transaction::Refreshed;
use crate::journeys::remind::Told;
use crate::journeys::revoke::Settled;
use crate::journeys::sign_in::{SignedIn, sign_in};
use crate::ports::{Clock, Ports, SleepDelay, StoreStatus};
use crate::shown;
use crate::snapshot::{AgentShown, Snapshot};

/// Longest nap; sleeping laptops make timers lie.
const LONGEST_NAP: Duration = Duration::from_secs(30);

/// How many records that are out of reach are tried again on one wake.
const LOCKED_AT_ONCE: usize = 8;

/// What can be seen of an actor from outside.
pub(super) struct Seen {
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) read: watch::Receiver<bool>,
    pub(super) looked: Arc<AtomicU64>,
}

/// What a task of the actor's tells it.
pub(crate) enum News {
    /// Which records there are, the last written first.
    Records(Result<Vec<ProfileName>, StoreProblem>),
    Read {
        name: ProfileName,
        read: Result<Option<Credential>, StoreProblem>,
    },
    /// A journey beside the actor's own has ended.
    MayHaveChanged {
        name: ProfileName,
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
    /// A record's revocations were offered to their server.
    Settled {
        name: ProfileName,
        outcome: Result<Settled, Failure>,
    },
}

/// A waiter on its way to the actor.
pub(crate) struct WaiterSent(pub(super) Waiter);

/// The actor.
pub(super) struct Actor {
    pub(super) ports: Ports,
    pub(super) mailbox: mpsc::Sender<Message>,
    pub(super) entries: Entries,
    pub(super) reads: Reads,
    pub(super) outbox: Outbox,
    /// The last one of those out of reach that was looked at again.
    last_locked: Option<ProfileName>,
    pub(super) settings_version: Option<u64>,
    pub(super) settings_problem: Option<Failure>,
    pub(super) store: StoreStatus,
    pub(super) store_lock: StoreLock,
    pub(super) snapshot: watch::Sender<Arc<Snapshot>>,
    /// True once everything that was there at the start has been read.
    pub(super) has_read: watch::Sender<bool>,
    pub(super) stopping: Option<oneshot::Sender<()>>,
    pub(super) flights: Flights,
    /// Keeps the machine awake until the renewals under way have ended.
    pub(super) sleep_delay: Option<SleepDelay>,
    /// Boot clock, milliseconds: since when no renewal starts because the machine is about to sleep.
    pub(super) grounded_at: Option<u64>,
    sleeps: Sleeps,
    pub(super) step_ups: StepUps,
}

impl Actor {
    pub(super) fn new(
        ports: Ports,
        mailbox: mpsc::Sender<Message>,
        agent: AgentShown,
        step_ups: StepUps,
    ) -> (Self, Seen) {
        let store = StoreStatus { backend: String::new(), strength: String::new(), problem: None };
        let empty = Snapshot {
            version: env!("CARGO_PKG_VERSION").into(),
            agent,
            store: shown::store(&store),
            settings_problem: None,
            profiles: Vec::new(),
        };
        let (snapshot, snapshots) = watch::channel(Arc::new(empty));
        let (has_read, read) = watch::channel(false);
        let entries = Entries::default();
        let seen = Seen { snapshots, read, looked: entries.looked() };
        let actor = Self {
            ports,
            mailbox,
            entries,
            reads: Reads::default(),
            outbox: Outbox::default(),
            last_locked: None,
            settings_version: None,
            settings_problem: None,
            store,
            store_lock: StoreLock::default(),
            snapshot,
            has_read,
            stopping: None,
            flights: Flights::default(),
            sleep_delay: None,
            grounded_at: None,
            sleeps: Sleeps::default(),
            step_ups,
        };
        (actor, seen)
    }

    pub(super) async fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let listeners = [
            self.listen_to_power(),
            self.listen_to_settings(),
            tokio::spawn(places::keep_right(self.ports.clone())),
        ];
        self.look_at_store();
        self.look_at_settings();
        self.look_for_records();
        loop {
            self.publish();
            self.begin_reads();
            self.revoke_what_is_due();
            if self.may_end() {
                break;
            }
            let clock = Arc::clone(&self.ports.clock);
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => self.hear(message),
                    None => break,
                },
                () = rest(&*clock, self.until_due()) => {
                    self.wake_untold();
                    self.wake();
                }
            }
            if let Some(slept) = self.sleeps.awake(&self.ports.clock.now()) {
                self.ports.journal.append(&slept);
            }
        }
        listeners.iter().for_each(tokio::task::JoinHandle::abort);
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
            Message::LookAgain { name } => self.look_again(name),
            Message::SettingsMayHaveChanged => self.look_at_changed_settings(),
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
            News::Records(names) => self.records_found(names),
            News::Read { name, read } => self.record_read(&name, read),
            News::MayHaveChanged { name } => self.look_at_record(name),
            News::Store(status) => self.store_seen(status),
            News::SignInEnded { name, attempt, outcome, reply } => {
                let told = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
                self.step(&name, Event::SignInEnded { attempt, outcome: told.clone() });
                if let Ok(SignedIn { credential, deliveries }) = outcome {
                    self.delivered(&name, Some(deliveries));
                    self.take_report(&name, credential);
                }
                self.publish();
                let _ = reply.send(told);
            }
            News::RefreshNeeded { name, waiter } => self.refresh_asked(&name, waiter.0),
            News::Reminded { name, told } => self.reminded(&name, told),
            News::DeliveredAgain { name, deliveries } => self.delivered(&name, Some(deliveries)),
            News::Settled { name, outcome } => self.settled(&name, &outcome),
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

    /// Until the earliest renewal or revocation.
    fn until_due(&self) -> Option<Duration> {
        let now = self.ports.clock.now().boot_ms;
        let earliest = self.entries.next_renewal().into_iter().chain(self.outbox.next()).min();
        earliest.map(|at| Duration::from_millis(at.saturating_sub(now)))
    }

    pub(super) fn wake(&mut self) {
        self.look_at_changed_settings();
        let now = self.ports.clock.now();
        self.entries.heed_clocks(&now);
        // Places anew what has been touched, so that nothing is taken for due that is not.
        self.publish();
        let due: Vec<_> = std::iter::from_fn(|| self.entries.take_renewal(&now)).collect();
        for name in due {
            self.step(&name, Event::RefreshDue);
        }
        let to_look_at: Vec<_> = std::iter::from_fn(|| self.entries.take_look(&now)).collect();
        for name in to_look_at {
            self.remind(&name);
        }
        self.look_at_locked();
        self.remind_of_locked_store();
    }

    /// A locked store is looked at again, so that an unlock is noticed without a restart (fault 28): by a few records each
    /// time, and by all as soon as the store says that it is open.
    fn look_at_locked(&mut self) {
        let locked = self.entries.locked(self.last_locked.as_ref(), LOCKED_AT_ONCE);
        if let Some(last) = locked.last() {
            self.last_locked = Some(last.clone());
            self.look_at_store();
        }
        for name in locked {
            self.look_at_record(name);
        }
    }

    // ---- steps and effects ----

    pub(super) fn step(&mut self, name: &ProfileName, event: Event) {
        let Some(entry) = self.entries.touch(name) else { return };
        for effect in entry.step(event) {
            self.carry_out(name, &effect);
        }
    }

    fn carry_out(&mut self, name: &ProfileName, effect: &Effect) {
        match effect {
            Effect::StartSignIn(attempt) => self.start_sign_in(name, *attempt),
            Effect::CancelSignIn => {
                if let Some((_, journey)) = self.entries.touch(name).and_then(|entry| entry.sign_in.take()) {
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
        let Some(entry) = self.entries.touch(name) else {
            let _ = reply.send(Err(self.unknown(name)));
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
        let Some(entry) = self.entries.touch(name) else { return };
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

    /// Shows what has changed. Whoever still holds the last snapshot keeps it as it was.
    pub(super) fn publish(&mut self) {
        let changes = self.entries.settle(&self.ports.clock.now());
        let problem = self.settings_problem.as_ref().map(ToString::to_string);
        let store = shown::store(&self.store);
        self.snapshot.send_if_modified(|shown| {
            if changes.is_empty() && shown.store == store && shown.settings_problem == problem {
                return false;
            }
            let snapshot = Arc::make_mut(shown);
            for change in changes {
                match change {
                    Change::Shown(profile) => snapshot.put(profile),
                    Change::Gone(name) => snapshot.take_out(name.as_str()),
                }
            }
            snapshot.store = store;
            snapshot.settings_problem = problem;
            true
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

/// Until something is due, at most [`LONGEST_NAP`].
async fn rest(clock: &dyn Clock, until_due: Option<Duration>) {
    match until_due {
        Some(soon) if soon < LONGEST_NAP => clock.sleep(soon).await,
        _ => clock.nap(LONGEST_NAP).await,
    }
}
