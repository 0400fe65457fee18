//! The keeper: an actor with one mailbox, which is the only writer of states. [`AgentHandle`] is the only way in.

mod actor;
mod entries;
mod entry;
mod flights;
mod outbox;
mod places;
mod power;
mod reads;
mod records;
mod reminding;
mod renewals;
mod sleeps;
mod step_ups;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;
use keyfob_core::client_registration::GivenProof;
use keyfob_core::credential::Credential;
use keyfob_core::credential_state::{CredentialState, Event, Observation};
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{LifetimeAnswer, Profile};
use keyfob_core::scope::ScopeSet;
use tokio::sync::{mpsc, oneshot, watch};

use crate::journeys::examine::{Examined, examine};
use crate::journeys::hand_out::{HandOutRequest, HandedOut};
use crate::journeys::profiles::{self, find_profile};
use crate::journeys::revoke::RevocationOutcome;
use crate::journeys::sign_in::SignInOptions;
use crate::journeys::{remind, remove, sign_out};
use crate::notice::NoticeKind;
use crate::ports::{Ports, PowerEvent};
use crate::shown;
use crate::snapshot::{AgentShown, KeeperKind, Snapshot};
use step_ups::StepUps;
pub use step_ups::{Asked, StepUp};

/// Room for waiting messages; a full mailbox makes askers wait, it loses nothing.
const MAILBOX: usize = 1_024;

/// The way to a running keeper; cheap to clone.
#[derive(Clone)]
pub struct AgentHandle {
    ports: Ports,
    mailbox: mpsc::Sender<Message>,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    read: watch::Receiver<bool>,
    looked: Arc<AtomicU64>,
    told: watch::Sender<u64>,
    step_ups: StepUps,
}

/// What the actor can be told.
pub(crate) enum Message {
    SignIn {
        name: ProfileName,
        options: SignInOptions,
        reply: Reply<()>,
    },
    CancelSignIn {
        name: ProfileName,
    },
    HandOut {
        name: ProfileName,
        wanted: HandOutRequest,
        reply: Reply<HandedOut>,
    },
    /// A record or `profiles.toml` may have changed: this profile's, or nobody knows whose.
    LookAgain {
        name: Option<ProfileName>,
    },
    /// Somebody may have edited `profiles.toml`.
    SettingsMayHaveChanged,
    /// The machine sleeps, wakes or has a network again.
    Power(PowerEvent),
    /// A task of the actor's own has news.
    News(Box<actor::News>),
    /// Ends the actor once no renewal is under way.
    Stop {
        reply: oneshot::Sender<()>,
    },
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Failure>>;

impl AgentHandle {
    /// Starts the actor on the current tokio runtime.
    pub fn start(ports: Ports, kind: KeeperKind, pid: u32) -> Self {
        let (mailbox, messages) = mpsc::channel(MAILBOX);
        let agent = AgentShown { running: true, kind: Some(kind), pid: Some(pid) };
        let step_ups = StepUps::default();
        let (actor, seen) = actor::Actor::new(ports.clone(), mailbox.clone(), agent, step_ups.clone());
        tokio::spawn(actor.run(messages));
        Self {
            ports,
            mailbox,
            snapshot: seen.snapshots,
            read: seen.read,
            looked: seen.looked,
            told: watch::Sender::new(0),
            step_ups,
        }
    }

    /// What there is to show; changes are waited for on the receiver.
    pub fn snapshots(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// Waits until the keeper has read what was there when it began: the profiles, their records, the state of the store. Also
    /// over where it has ended before.
    pub async fn has_read(&self) {
        let _ = self.read.clone().wait_for(|read| *read).await;
    }

    /// How many times the keeper has looked at one of its profiles so far. What a renewal or a message adds to it does not
    /// depend on how many profiles there are.
    pub fn looked(&self) -> u64 {
        self.looked.load(Ordering::Relaxed)
    }

    /// Changes whenever somebody says that records or settings may have changed.
    pub fn told(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    /// The ports this keeper works with.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// Signs in; a sign-in already under way answers [`keyfob_core::failure::Temporary::Busy`].
    pub async fn sign_in(&self, name: ProfileName, options: SignInOptions) -> Result<(), Failure> {
        let wanted = self.step_ups.of(&name).scopes;
        let additional_scopes = options.additional_scopes.union(&wanted);
        let options = SignInOptions { additional_scopes, ..options };
        let of = name.clone();
        self.ask(|reply| Message::SignIn { name, options, reply }).await?;
        if !wanted.is_empty() {
            self.settle_step_up(&of)?;
        }
        Ok(())
    }

    /// A request of a client needs scopes that the sign-in lacks (D8): the user is told, and the next sign-in that this keeper
    /// begins asks for them as well, unless the user says no before.
    pub fn offer_step_up(&self, profile: &Profile, scopes: &ScopeSet, client: &str) {
        if self.step_ups.add(&profile.name, scopes, client) {
            let scopes = scopes.to_wire().unwrap_or_default();
            let kind = NoticeKind::MoreScopes { scopes, client: client.to_owned() };
            self.ports.notifier.notify(&remind::notice(profile, kind));
        }
    }

    /// The same for a client that waits until the user has decided, whichever way.
    ///
    /// # Errors
    /// [`SignInNeeded::MoreScopes`] where the user was told often enough and is not asked again; [`Failure::NoSuchProfile`].
    pub async fn step_up_decided(
        &self,
        name: &ProfileName,
        scopes: &ScopeSet,
        client: &str,
    ) -> Result<(), Failure> {
        let profile = find_profile(&*self.ports.settings, name)?;
        let mut asked = self.step_ups();
        self.offer_step_up(&profile, scopes, client);
        let is_open = |asked: &Asked| asked.get(name).is_some_and(|of| of.scopes.covers(scopes));
        if !is_open(&asked.borrow()) {
            return Err(SignInNeeded::MoreScopes(scopes.to_wire().unwrap_or_default()).into());
        }
        // The sender is held here, so the wait ends in no other way.
        let _ = asked.wait_for(|asked| !is_open(asked)).await;
        Ok(())
    }

    /// What clients' requests need beyond what the sign-ins have, and nobody has decided about; changes are waited for on the
    /// receiver.
    pub fn step_ups(&self) -> watch::Receiver<Arc<Asked>> {
        self.step_ups.watch()
    }

    /// The user has decided about what was asked for: no sign-in asks for it any more.
    ///
    /// # Errors
    /// [`Failure::NoSuchProfile`], or settings that cannot be read; it is settled all the same.
    pub fn settle_step_up(&self, name: &ProfileName) -> Result<(), Failure> {
        if self.step_ups.settle(name) {
            let profile = find_profile(&*self.ports.settings, name)?;
            self.ports.notifier.notify(&remind::notice(&profile, NoticeKind::Solved));
        }
        Ok(())
    }

    /// Gives a sign-in up.
    pub async fn cancel_sign_in(&self, name: ProfileName) {
        self.tell(Message::CancelSignIn { name }).await;
    }

    /// A valid token, renewed first if needed; joins a renewal under way.
    pub async fn hand_out(&self, name: ProfileName, wanted: HandOutRequest) -> Result<HandedOut, Failure> {
        self.ask(|reply| Message::HandOut { name, wanted, reply }).await
    }

    /// Renews now.
    pub async fn refresh(&self, name: ProfileName) -> Result<(), Failure> {
        let wanted = HandOutRequest { fresh: true, ..HandOutRequest::default() };
        self.hand_out(name, wanted).await.map(|_| ())
    }

    /// Looks a server up without keeping anything.
    pub async fn examine(&self, profile: &Profile) -> Result<Examined, Failure> {
        examine(&self.ports, profile).await
    }

    /// Makes a profile.
    pub async fn add(&self, profile: &Profile, proof: Option<GivenProof>) -> Result<(), Failure> {
        profiles::add(&self.ports, profile, proof).await?;
        self.look_again(Some(&profile.name)).await;
        Ok(())
    }

    /// Signs out.
    pub async fn sign_out(&self, name: &ProfileName) -> Result<RevocationOutcome, Failure> {
        self.cancel_sign_in(name.clone()).await;
        let outcome = sign_out::sign_out(&self.ports, &find_profile(&*self.ports.settings, name)?).await;
        self.look_again(Some(name)).await;
        Ok(outcome?.revocation)
    }

    /// Deletes a profile.
    pub async fn remove(&self, name: &ProfileName) -> Result<RevocationOutcome, Failure> {
        self.cancel_sign_in(name.clone()).await;
        let outcome = remove::remove(&self.ports, &find_profile(&*self.ports.settings, name)?).await;
        self.look_again(Some(name)).await;
        Ok(outcome?.revocation)
    }

    /// Pauses or resumes background renewal.
    pub async fn set_paused(&self, name: &ProfileName, paused: bool) -> Result<(), Failure> {
        self.ports.settings.set_paused(name, paused)?;
        self.look_again(Some(name)).await;
        Ok(())
    }

    /// Says no more about the profile's end until tomorrow.
    pub async fn remind_tomorrow(&self, name: &ProfileName) -> Result<(), Failure> {
        remind::tomorrow(&self.ports, &find_profile(&*self.ports.settings, name)?).await?;
        self.look_again(Some(name)).await;
        Ok(())
    }

    /// Answers "when does this sign-in end?".
    pub async fn set_sign_in_lifetime(
        &self,
        name: &ProfileName,
        answer: LifetimeAnswer,
    ) -> Result<(), Failure> {
        self.ports.settings.set_sign_in_lifetime(name, answer)?;
        self.look_again(Some(name)).await;
        Ok(())
    }

    /// Sets how long before its end the user is told, longest first.
    pub async fn set_reminders(&self, name: &ProfileName, marks: &[TimeDelta]) -> Result<(), Failure> {
        self.ports.settings.set_reminders(name, marks)?;
        self.look_again(Some(name)).await;
        Ok(())
    }

    /// Another process may have changed `profiles.toml` and this profile's record; without a name, every record.
    pub async fn look_again(&self, name: Option<&ProfileName>) {
        self.told.send_modify(|times| *times += 1);
        self.tell(Message::LookAgain { name: name.cloned() }).await;
    }

    /// Ends the keeper once no renewal is under way.
    pub async fn stop(&self) {
        let (reply, stopped) = oneshot::channel();
        self.tell(Message::Stop { reply }).await;
        let _ = stopped.await;
    }

    /// True once it has been stopped: what is asked of it now is not answered any more.
    pub fn has_ended(&self) -> bool {
        self.mailbox.is_closed()
    }

    async fn tell(&self, message: Message) {
        // Only a keeper that has been stopped has no mailbox; then there is nobody to tell.
        let _ = self.mailbox.send(message).await;
    }

    async fn ask<T>(&self, message: impl FnOnce(Reply<T>) -> Message) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.tell(message(reply)).await;
        // A dropped reply: the sign-in was given up, or the keeper has been stopped.
        answer.await.unwrap_or_else(|_| Err(Failure::UserDeclined("given up".into())))
    }
}

/// What there is to show where no keeper runs: read once from settings and records.
pub async fn snapshot_without_keeper(ports: &Ports) -> Result<Snapshot, Failure> {
    let now = ports.clock.now();
    let mut profiles = Vec::new();
    for profile in ports.settings.list()? {
        let read = ports.store.read(&profile.name).await;
        let (state, credential) = observed(ports, &profile, read);
        let known = shown::Known {
            profile: &profile,
            state: &state,
            credential: credential.as_ref(),
            next_refresh_at: None,
            deliveries: &[],
            now: &now,
        };
        profiles.push(Arc::new(shown::profile(&known)));
    }
    Ok(Snapshot {
        version: env!("CARGO_PKG_VERSION").into(),
        agent: AgentShown { running: false, kind: None, pid: None },
        store: shown::store(&ports.store.status().await),
        settings_problem: None,
        profiles,
    })
}

/// The state of a profile nobody has tried anything with yet.
fn observed(
    ports: &Ports,
    profile: &Profile,
    read: Result<Option<Credential>, keyfob_core::failure::StoreProblem>,
) -> (CredentialState, Option<Credential>) {
    let (state, _) = CredentialState::default().step(Event::PauseSet(profile.paused));
    match read {
        Ok(credential) => {
            let observation = Observation::of(credential.as_ref(), profile, &ports.clock.now())
                .seen_on(&ports.machine_id, credential.as_ref());
            (state.step(Event::Observed(observation)).0, credential)
        }
        Err(problem) => (state.step(Event::StoreFailed(problem)).0, None),
    }
}
