//! Where the bridge and single calls get their tokens.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use keyfob_agent::journeys::examine::examine;
use keyfob_agent::journeys::hand_out::{HandOutRequest, HandedOut, hand_out};
use keyfob_agent::journeys::sign_in::{
    DEFAULT_TIMEOUT, OtherAccount, SignInOptions, SignInProgress, sign_in,
};
use keyfob_agent::ports::Ports;
use keyfob_core::failure::{Failure, Misbehaviour, SignInNeeded};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::{AccessToken, Fingerprint};
use tokio::sync::mpsc;

use crate::taken_tokens::{TakenTokens, Taker};

/// Gives tokens.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is valid now; `None` for a server that wants none. May wait for a person to sign in.
    async fn token(&self) -> Result<Option<AccessToken>, Failure>;
    /// As [`TokenSource::token`], for what nobody asked for: never troubles a person.
    async fn token_unattended(&self) -> Result<Option<AccessToken>, Failure> {
        self.token().await
    }
    /// Another token than the one the server has just refused (F8).
    async fn after_unauthorized(&self, refused: &AccessToken) -> Result<AccessToken, Failure>;
    /// A token after the server has refused even the newest one: it may have moved to another authorization server (A10).
    /// By default it has not.
    async fn after_second_refusal(&self) -> Result<AccessToken, Failure> {
        Err(refused_anew())
    }
    /// A token with more scopes than the one the server found lacking (D8).
    /// [`SignInNeeded::MoreScopes`] and [`Failure::UserDeclined`] mean that asking again is no use.
    async fn step_up(&self, lacking: &AccessToken, wanted: &ScopeSet) -> Result<AccessToken, Failure>;
}

/// Somebody who decides about a step-up before a browser opens for it: the user of the keeper's window.
#[async_trait]
pub trait StepUpQuestion: Send + Sync {
    /// Asks whether `profile` is to be signed in with more scopes, and waits for the answer. A yes has been carried out by then.
    async fn ask(&self, profile: &ProfileName, wanted: &ScopeSet) -> Result<Decision, Failure>;
}

/// Who decided about a step-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The user of the window; the sign-in says which way.
    InTheWindow,
    /// Nobody: there is no window.
    Nobody,
}

/// For servers without OAuth.
#[derive(Debug, Clone, Copy)]
pub struct NoTokens;

#[async_trait]
impl TokenSource for NoTokens {
    async fn token(&self) -> Result<Option<AccessToken>, Failure> {
        Ok(None)
    }

    async fn after_unauthorized(&self, _refused: &AccessToken) -> Result<AccessToken, Failure> {
        Err(SignInNeeded::SignedOut.into())
    }

    async fn step_up(&self, _lacking: &AccessToken, wanted: &ScopeSet) -> Result<AccessToken, Failure> {
        Err(more_scopes(wanted))
    }
}

/// After a sign-in that came to nothing, no browser is opened for the same reason for so long: a client that asks every few
/// seconds must not cover a person with windows. A sign-in made elsewhere is noticed at once.
const PAUSE_MS: u64 = 10 * 60 * 1000;
/// The same where the cause passes by itself.
const SHORT_PAUSE_MS: u64 = 5 * 1000;

/// Tokens of a profile, renewed as needed; where a person is at hand, signed in as needed.
pub struct KeptTokens {
    ports: Ports,
    profile: Profile,
    person: Option<mpsc::UnboundedSender<SignInProgress>>,
    /// Asked before a browser opens for a step-up.
    question: Option<Arc<dyn StepUpQuestion>>,
    /// One sign-in at a time; whoever waited takes its result.
    turn: tokio::sync::Mutex<Attempts>,
    /// Whom the journal names.
    taker: Option<Taker>,
    taken: TakenTokens,
}

/// Sign-ins that came to nothing, by the scopes they were for.
#[derive(Default)]
struct Attempts {
    failed: HashMap<Option<String>, Failed>,
}

struct Failed {
    failure: Failure,
    at_boot_ms: u64,
}

impl KeptTokens {
    /// Without a person: never opens a browser.
    pub fn new(ports: Ports, profile: Profile) -> Self {
        let (turn, taken) = (tokio::sync::Mutex::default(), TakenTokens::default());
        Self { ports, profile, person: None, question: None, turn, taker: None, taken }
    }

    /// With a person, who is told by `progress`.
    pub fn interactive(
        ports: Ports,
        profile: Profile,
        progress: mpsc::UnboundedSender<SignInProgress>,
    ) -> Self {
        Self { person: Some(progress), ..Self::new(ports, profile) }
    }

    /// The journal is told that this program takes the tokens.
    #[must_use]
    pub fn taken_by(self, taker: Taker) -> Self {
        Self { taker: Some(taker), ..self }
    }

    /// Before a browser opens for a step-up, `question` is put.
    #[must_use]
    pub fn asking(self, question: Arc<dyn StepUpQuestion>) -> Self {
        Self { question: Some(question), ..self }
    }

    async fn hand_out(&self, wanted: &HandOutRequest) -> Result<HandedOut, Failure> {
        let outcome = hand_out(&self.ports, &self.profile, wanted).await;
        self.tell(outcome.as_ref().map(|token| token.access_token.fingerprint()));
        outcome
    }

    /// Tells the journal, once for each token.
    fn tell(&self, outcome: Result<Fingerprint, &Failure>) {
        let Some(taker) = &self.taker else { return };
        if self.taken.is_new(&self.profile.name, &taker.words, outcome) {
            taker.write(&self.ports, &self.profile.name, outcome);
        }
    }

    /// A token, by a sign-in if nothing else gives one and a person is at hand.
    async fn token_or_sign_in(&self, wanted: &HandOutRequest) -> Result<AccessToken, Failure> {
        let person = match (self.hand_out(wanted).await, &self.person) {
            (Err(Failure::SignInNeeded(_)), Some(person)) => person,
            (handed_out, _) => return handed_out.map(|token| token.access_token),
        };
        let mut attempts = self.turn.lock().await;
        // Somebody else's sign-in may have ended the need while this one waited.
        match self.hand_out(wanted).await {
            Err(Failure::SignInNeeded(_)) => self.sign_in(&mut attempts, person, &ScopeSet::default()).await,
            handed_out => handed_out.map(|token| token.access_token),
        }
    }

    /// One sign-in; the failure of a recent one for the same scopes stands for it.
    async fn sign_in(
        &self,
        attempts: &mut Attempts,
        person: &mpsc::UnboundedSender<SignInProgress>,
        additional: &ScopeSet,
    ) -> Result<AccessToken, Failure> {
        let key = additional.to_wire();
        if let Some(failed) = attempts.failed.get(&key).filter(|failed| self.is_recent(failed)) {
            return Err(failed.failure.clone());
        }
        let signed_in = match self.decided(additional).await {
            Ok(Decision::InTheWindow) => self.given(additional).await,
            Ok(Decision::Nobody) => self.sign_in_now(person.clone(), additional).await,
            Err(failure) => Err(failure),
        };
        match &signed_in {
            Ok(_) => attempts.failed.clear(),
            Err(failure) => {
                let at_boot_ms = self.ports.clock.now().boot_ms;
                attempts.failed.insert(key, Failed { failure: failure.clone(), at_boot_ms });
            }
        }
        signed_in
    }

    /// Who decides about more scopes; a first sign-in is what the user has just asked for.
    async fn decided(&self, additional: &ScopeSet) -> Result<Decision, Failure> {
        let Some(question) = self.question.as_ref().filter(|_| !additional.is_empty()) else {
            return Ok(Decision::Nobody);
        };
        tokio::select! {
            decision = question.ask(&self.profile.name, additional) => decision,
            () = self.ports.clock.sleep(DEFAULT_TIMEOUT) => Err(Failure::SignInTimedOut),
        }
    }

    /// The token after a decision elsewhere, where it may do what was wanted.
    async fn given(&self, wanted: &ScopeSet) -> Result<AccessToken, Failure> {
        let held = self.hand_out(&HandOutRequest::default()).await?;
        // Scopes that nobody knows are what they were before.
        let may_do = held.scopes.as_ref().is_some_and(|granted| granted.covers(wanted));
        if may_do { Ok(held.access_token) } else { Err(more_scopes(wanted)) }
    }

    fn is_recent(&self, failed: &Failed) -> bool {
        let age = self.ports.clock.now().boot_ms.saturating_sub(failed.at_boot_ms);
        age < if failed.failure.is_temporary() { SHORT_PAUSE_MS } else { PAUSE_MS }
    }

    async fn sign_in_now(
        &self,
        progress: mpsc::UnboundedSender<SignInProgress>,
        additional: &ScopeSet,
    ) -> Result<AccessToken, Failure> {
        let options = SignInOptions {
            open_browser: true,
            timeout: DEFAULT_TIMEOUT,
            additional_scopes: additional.clone(),
            pasted: None,
            other_account: OtherAccount::Refuse,
            progress,
        };
        let credential = sign_in(&self.ports, &self.profile, options).await?.credential;
        let sign_in = credential.sign_in.ok_or_else(|| Failure::Bug("a sign-in left no tokens".into()))?;
        self.tell(Ok(sign_in.tokens.access_token.fingerprint()));
        // A server that says it gave less than was asked for will refuse the same request again.
        if sign_in.tokens.scopes.as_ref().is_some_and(|granted| !granted.covers(additional)) {
            return Err(more_scopes(additional));
        }
        Ok(sign_in.tokens.access_token)
    }
}

pub(crate) fn refused_anew() -> Failure {
    Misbehaviour::Mcp("it refuses (401) a token that its authorization server has just issued".into()).into()
}

fn more_scopes(wanted: &ScopeSet) -> Failure {
    SignInNeeded::MoreScopes(wanted.to_wire().unwrap_or_default()).into()
}

#[async_trait]
impl TokenSource for KeptTokens {
    async fn token(&self) -> Result<Option<AccessToken>, Failure> {
        self.token_or_sign_in(&HandOutRequest::default()).await.map(Some)
    }

    async fn token_unattended(&self) -> Result<Option<AccessToken>, Failure> {
        self.hand_out(&HandOutRequest::default()).await.map(|token| Some(token.access_token))
    }

    async fn after_unauthorized(&self, refused: &AccessToken) -> Result<AccessToken, Failure> {
        let wanted = HandOutRequest { rejected: Some(refused.fingerprint()), ..HandOutRequest::default() };
        self.token_or_sign_in(&wanted).await
    }

    /// A10, B8: looked up from the start, without a token. Only where all of it holds and another issuer is named does a new
    /// sign-in begin there, as a client of its own; nothing of the old sign-in goes along.
    async fn after_second_refusal(&self) -> Result<AccessToken, Failure> {
        let examined = examine(&self.ports, &self.profile).await?;
        let held = self.ports.store.read(&self.profile.name).await?;
        let issuer = held.and_then(|held| held.registration).map(|registration| registration.issuer);
        if issuer.as_deref() == Some(examined.server.issuer().as_str()) {
            return Err(refused_anew());
        }
        let Some(person) = &self.person else { return Err(SignInNeeded::Moved.into()) };
        let mut attempts = self.turn.lock().await;
        self.sign_in(&mut attempts, person, &ScopeSet::default()).await
    }

    async fn step_up(&self, lacking: &AccessToken, wanted: &ScopeSet) -> Result<AccessToken, Failure> {
        let mut attempts = self.turn.lock().await;
        let held = self.hand_out(&HandOutRequest::default()).await?;
        // Somebody else's step-up may have ended the need while this one waited.
        let may_do = held.scopes.as_ref().is_none_or(|granted| granted.covers(wanted));
        if held.access_token != *lacking && may_do {
            return Ok(held.access_token);
        }
        match &self.person {
            Some(person) => self.sign_in(&mut attempts, person, wanted).await,
            None => Err(more_scopes(wanted)),
        }
    }
}
