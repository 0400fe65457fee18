//! Where the bridge and single calls get their tokens.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use keyfob_agent::journeys::hand_out::{HandOutRequest, HandedOut, hand_out};
use keyfob_agent::journeys::sign_in::{DEFAULT_TIMEOUT, SignInOptions, SignInProgress, sign_in};
use keyfob_agent::ports::Ports;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::AccessToken;
use tokio::sync::mpsc;

/// Gives tokens.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that is valid now; `None` for a server that wants none.
    async fn token(&self) -> Result<Option<AccessToken>, Failure>;
    /// Another token than the one the server has just refused (F8).
    async fn after_unauthorized(&self, refused: &AccessToken) -> Result<AccessToken, Failure>;
    /// A token with more scopes than the one the server found lacking (D8).
    async fn step_up(&self, lacking: &AccessToken, wanted: &ScopeSet) -> Result<AccessToken, Failure>;
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
        Err(SignInNeeded::MoreScopes(wanted.to_wire().unwrap_or_default()).into())
    }
}

/// Step-ups for one set of scopes before it counts as denied: with the sign-in before them, three in all (D8).
const STEP_UPS: u32 = 2;

/// What was asked for beyond the usual scopes, and how often.
#[derive(Default)]
struct StepUps(Mutex<HashMap<String, u32>>);

impl StepUps {
    /// Counts one more; false where a person has been asked often enough.
    fn may_ask_for(&self, wanted: &ScopeSet) -> bool {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(wanted.to_wire().unwrap_or_default()).or_default();
        *count = count.saturating_add(1);
        *count <= STEP_UPS
    }
}

/// Tokens of a profile, renewed as needed; where a person is at hand, signed in as needed.
pub struct KeptTokens {
    ports: Ports,
    profile: Profile,
    person: Option<mpsc::UnboundedSender<SignInProgress>>,
    /// One sign-in at a time; whoever waited takes its result.
    turn: tokio::sync::Mutex<()>,
    step_ups: StepUps,
}

impl KeptTokens {
    /// Without a person: never opens a browser.
    pub fn new(ports: Ports, profile: Profile) -> Self {
        Self {
            ports,
            profile,
            person: None,
            turn: tokio::sync::Mutex::default(),
            step_ups: StepUps::default(),
        }
    }

    /// With a person, who is told by `progress`.
    pub fn interactive(
        ports: Ports,
        profile: Profile,
        progress: mpsc::UnboundedSender<SignInProgress>,
    ) -> Self {
        Self { person: Some(progress), ..Self::new(ports, profile) }
    }

    async fn hand_out(&self, wanted: &HandOutRequest) -> Result<HandedOut, Failure> {
        hand_out(&self.ports, &self.profile, wanted).await
    }

    /// A token, by a sign-in if nothing else gives one and a person is at hand.
    async fn token_or_sign_in(&self, wanted: &HandOutRequest) -> Result<AccessToken, Failure> {
        match self.hand_out(wanted).await {
            Ok(token) => return Ok(token.access_token),
            Err(Failure::SignInNeeded(_)) if self.person.is_some() => {}
            Err(failure) => return Err(failure),
        }
        let _turn = self.turn.lock().await;
        // Somebody else's sign-in may have ended the need while this one waited.
        match self.hand_out(wanted).await {
            Err(Failure::SignInNeeded(_)) => self.sign_in(ScopeSet::default()).await,
            other => other.map(|token| token.access_token),
        }
    }

    async fn sign_in(&self, additional_scopes: ScopeSet) -> Result<AccessToken, Failure> {
        let Some(person) = &self.person else {
            return Err(SignInNeeded::MoreScopes(additional_scopes.to_wire().unwrap_or_default()).into());
        };
        let options = SignInOptions {
            open_browser: true,
            timeout: DEFAULT_TIMEOUT,
            additional_scopes,
            pasted: None,
            progress: person.clone(),
        };
        let credential = sign_in(&self.ports, &self.profile, options).await?;
        let sign_in = credential.sign_in.ok_or_else(|| Failure::Bug("a sign-in left no tokens".into()))?;
        Ok(sign_in.tokens.access_token)
    }
}

#[async_trait]
impl TokenSource for KeptTokens {
    async fn token(&self) -> Result<Option<AccessToken>, Failure> {
        self.token_or_sign_in(&HandOutRequest::default()).await.map(Some)
    }

    async fn after_unauthorized(&self, refused: &AccessToken) -> Result<AccessToken, Failure> {
        let wanted = HandOutRequest { rejected: Some(refused.fingerprint()), ..HandOutRequest::default() };
        self.token_or_sign_in(&wanted).await
    }

    async fn step_up(&self, lacking: &AccessToken, wanted: &ScopeSet) -> Result<AccessToken, Failure> {
        let _turn = self.turn.lock().await;
        let held = self.hand_out(&HandOutRequest::default()).await?;
        if held.access_token != *lacking {
            return Ok(held.access_token);
        }
        if !self.step_ups.may_ask_for(wanted) {
            return Err(SignInNeeded::MoreScopes(wanted.to_wire().unwrap_or_default()).into());
        }
        self.sign_in(wanted.clone()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D8: a server that is never content opens the browser three times in all: at the sign-in and for two step-ups.
    #[test]
    fn the_third_step_up_for_the_same_scopes_counts_as_denied() {
        let (step_ups, admin, write) =
            (StepUps::default(), ScopeSet::parse("admin"), ScopeSet::parse("write"));
        let answers = [&admin, &admin, &admin, &write].map(|wanted| step_ups.may_ask_for(wanted));
        assert_eq!(answers, [true, true, false, true]);
    }
}
