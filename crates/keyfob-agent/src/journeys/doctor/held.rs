//! What a profile holds: its token, how it can be renewed, MCP's word on it, and this machine's part. Nothing is renewed, and a
//! token past its end is not presented (some servers end the sign-in for that).

use std::sync::Arc;

use async_trait::async_trait;
use keyfob_core::credential::Credential;
use keyfob_core::diagnosis::{Finding, Step, machine, tokens};
use keyfob_core::failure::{Failure, StoreProblem, Temporary};
use keyfob_core::profile::{DeliveryTarget, Profile};
use keyfob_core::secret::AccessToken;

use super::Walk;
use crate::journeys::usable_sign_in;
use crate::ports::{HttpClient, Ports};

/// MCP with a token, by whoever speaks MCP. Nothing there may be changed by it.
#[async_trait]
pub trait Handshake: Send + Sync {
    /// Says hello over `http` and ends again; what the server has, in words.
    async fn shake(
        &self,
        http: Arc<dyn HttpClient>,
        profile: &Profile,
        token: AccessToken,
    ) -> Result<String, Failure>;
}

impl Walk<'_> {
    /// The steps that need a token, with the one that is held.
    pub(super) async fn held(&mut self, ports: &Ports, handshake: &dyn Handshake) {
        // The store has a step of its own.
        let Ok(record) = ports.store.read(&self.profile.name).await else {
            return self.skip_tokens("the store does not open");
        };
        if let Err(failure) = usable_sign_in(record.as_ref(), self.profile) {
            return self.skip_tokens(&format!("{failure}; keyfob sign-in {}", self.profile.name));
        }
        if let Some(credential) = record {
            self.sign_in(ports, handshake, &credential).await;
        }
    }

    async fn sign_in(&mut self, ports: &Ports, handshake: &dyn Handshake, credential: &Credential) {
        let (profile, now) = (self.profile, ports.clock.now());
        let Some(sign_in) = credential.sign_in_for(&profile.url) else { return };
        self.found(Finding::skip(Step::ResourceParameter, "not tried; a sign-in has worked here"));
        self.found(tokens::token(sign_in, profile, self.about(), &now));
        self.found(tokens::audience(sign_in, &profile.url));
        self.found(tokens::refresh_held(credential, sign_in, self.about()));
        if self.is_silent() {
            self.found(Finding::skip(Step::Mcp, "not tried: the server gave no answer in time"));
            return;
        }
        if !sign_in.tokens.is_valid_for(profile.margin, &now) {
            self.found(Finding::skip(
                Step::Mcp,
                format!("a token past its end is not presented; keyfob refresh {} first", profile.name),
            ));
            return;
        }
        self.look(Step::Mcp);
        let http: Arc<dyn HttpClient> = self.http.clone();
        let answered = handshake.shake(http, profile, sign_in.tokens.access_token.clone()).await;
        self.found(tokens::mcp(answered));
    }

    /// Connected, and nothing came: MCP with a token has no time limit of its own.
    fn is_silent(&self) -> bool {
        let cut = |finding: &Finding| matches!(finding.failure, Some(Failure::Temporary(Temporary::Cut(_))));
        self.is_late || self.steps.iter().any(|finding| finding.step == Step::Challenge && cut(finding))
    }

    /// The steps that need a token and have not been told yet.
    pub(super) fn skip_tokens(&mut self, why: &str) {
        for finding in tokens::without_token(why) {
            if self.steps.iter().all(|told| told.step != finding.step) {
                self.found(finding);
            }
        }
    }

    /// Store, keeper, places.
    pub(super) async fn machine(&mut self, ports: &Ports, keeper: Option<(&str, u32)>) {
        self.look(Step::Store);
        let status = ports.store.status().await;
        self.found(machine::store(&status.backend, &status.strength, status.problem));
        self.found(machine::keeper(keeper));
        let mut places: Vec<(String, Option<StoreProblem>)> = Vec::new();
        for delivery in &self.profile.deliver {
            let problem = match &delivery.target {
                DeliveryTarget::TokenFile { path, .. } => ports.token_files.check(path).await.err(),
                DeliveryTarget::KeyringEntry { .. } | DeliveryTarget::Command(_) => None,
            };
            places.push((delivery.target.to_string(), problem));
        }
        self.found(machine::deliveries(&places));
    }
}
