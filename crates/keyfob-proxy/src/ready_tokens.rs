//! The token of each profile, kept at hand for the next request. The keeper decides what is valid and when to renew; here is only
//! remembered what it said, for as long as nothing it shows has changed, and for half a minute at most.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_agent::agent::AgentHandle;
use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_agent::journeys::profiles::find_profile;
use keyfob_agent::ports::Opened;
use keyfob_agent::snapshot::Snapshot;
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::identity::ProfileName;
use keyfob_core::moment::Moment;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::{AccessToken, Fingerprint};
use tokio::sync::watch;

use crate::taken_tokens::{TakenTokens, Taker};
use crate::target::Target;

/// What is not shown may have changed as well, such as a profile's leave to reach private addresses.
const LONGEST_MS: u64 = 30_000;
/// After a server refused even a token made for it, no further one is made for so long: a client that asks on and on must not
/// turn a sign-in over with each request.
const PAUSE_MS: u64 = 60_000;

/// A token and where it may go.
pub(crate) struct Ready {
    pub(crate) token: AccessToken,
    fingerprint: Fingerprint,
    pub(crate) target: Target,
    asked_under: Arc<Snapshot>,
    until_boot_ms: u64,
    until: DateTime<Utc>,
}

/// The tokens at hand.
pub(crate) struct ReadyTokens {
    agent: AgentHandle,
    shown: watch::Receiver<Arc<Snapshot>>,
    ready: Mutex<HashMap<ProfileName, Arc<Ready>>>,
    refused: Mutex<HashMap<ProfileName, (Fingerprint, u64)>>,
}

impl ReadyTokens {
    /// None yet.
    pub(crate) fn new(agent: AgentHandle) -> Self {
        let shown = agent.snapshots();
        Self { agent, shown, ready: Mutex::default(), refused: Mutex::default() }
    }

    /// A token that is valid now; renewed first where it must be.
    pub(crate) async fn ready(&self, profile: &ProfileName) -> Result<Arc<Ready>, Failure> {
        let now = self.now();
        if let Some(ready) = self.all().get(profile).filter(|ready| self.is_good(ready, &now)) {
            return Ok(Arc::clone(ready));
        }
        self.ask(profile, HandOutRequest::default(), &now).await
    }

    /// Another token than this one, which the server has just refused; `None` where a new one would be refused as well.
    pub(crate) async fn other_than(
        &self,
        profile: &ProfileName,
        refused: &Ready,
    ) -> Result<Option<Arc<Ready>>, Failure> {
        let (now, fingerprint) = (self.now(), refused.fingerprint);
        let known = self.refusals().get(profile).copied();
        if known.is_some_and(|(known, at)| known == fingerprint && now.boot_ms.saturating_sub(at) < PAUSE_MS)
        {
            return Ok(None);
        }
        let wanted = HandOutRequest { rejected: Some(fingerprint), ..HandOutRequest::default() };
        self.ask(profile, wanted, &now).await.map(Some)
    }

    /// The server has refused this one too, though it was made for it.
    pub(crate) fn refused_anew(&self, profile: &ProfileName, refused: &Ready) {
        let entry = (refused.fingerprint, self.now().boot_ms);
        self.refusals().insert(profile.clone(), entry);
    }

    /// The server wants more scopes than this token has (D8); whoever sits at the screen is asked.
    pub(crate) fn lacks(&self, opened: &Opened, scopes: &ScopeSet) {
        match find_profile(&*self.agent.ports().settings, &opened.profile) {
            Ok(profile) => self.agent.offer_step_up(&profile, scopes, &opened.client),
            Err(failure) => tracing::debug!(%failure, "nobody was asked for more scopes"),
        }
    }

    /// Tells the journal what a linked client got.
    pub(crate) fn tell(&self, taken: &TakenTokens, opened: &Opened, outcome: Result<&Ready, &Failure>) {
        let outcome = outcome.map(|ready| ready.fingerprint);
        if taken.is_new(&opened.profile, &opened.client, outcome) {
            let words = format!("through the proxy, for {}", opened.client);
            Taker { program: None, words }.write(self.agent.ports(), &opened.profile, outcome);
        }
    }

    async fn ask(
        &self,
        name: &ProfileName,
        wanted: HandOutRequest,
        now: &Moment,
    ) -> Result<Arc<Ready>, Failure> {
        // What is shown before the question: a change while it is answered makes the answer old at once.
        let asked_under = Arc::clone(&self.shown.borrow());
        let handed_out = match self.agent.hand_out(name.clone(), wanted.clone()).await {
            // Signed in under another process's eyes, or edited by hand: the keeper has not looked yet.
            Err(Failure::NoSuchProfile(_)) if find_profile(&*self.agent.ports().settings, name).is_ok() => {
                self.agent.look_again(Some(name)).await;
                return Err(Temporary::Busy.into());
            }
            handed_out => handed_out?,
        };
        let profile = find_profile(&*self.agent.ports().settings, name)?;
        let shows = |shown: &Snapshot| {
            let mut named = shown.profiles.iter().filter(|shown| shown.name == name.as_str());
            named.any(|shown| shown.url == profile.url.as_str())
        };
        // G2: the keeper gave the token of the URL it shows; where the file names another one by now, it goes to neither.
        if !shows(&asked_under) || !shows(&self.shown.borrow()) {
            self.agent.look_again(Some(name)).await;
            return Err(Temporary::Busy.into());
        }
        let target = Target::of(&profile).ok_or_else(|| Failure::Bug("a profile's URL is no URI".into()))?;
        let kept = TimeDelta::seconds(wanted.min_validity_s) + profile.margin;
        let ready = Arc::new(Ready {
            fingerprint: handed_out.access_token.fingerprint(),
            token: handed_out.access_token,
            target,
            asked_under,
            until_boot_ms: now.boot_ms + LONGEST_MS,
            until: handed_out.expires_at - kept,
        });
        self.all().insert(name.clone(), Arc::clone(&ready));
        Ok(ready)
    }

    fn is_good(&self, ready: &Ready, now: &Moment) -> bool {
        now.boot_ms < ready.until_boot_ms
            && now.wall < ready.until
            && Arc::ptr_eq(&ready.asked_under, &self.shown.borrow())
    }

    fn now(&self) -> Moment {
        self.agent.ports().clock.now()
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ProfileName, Arc<Ready>>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refusals(&self) -> MutexGuard<'_, HashMap<ProfileName, (Fingerprint, u64)>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
