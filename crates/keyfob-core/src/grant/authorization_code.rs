//! The authorization code grant (OAuth 2.1 §4.1) with PKCE, `state`, `iss` and `resource`: one pending authorization,
//! which ends itself when the right redirect arrives.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope};
use url::{Url, form_urlencoded};

use super::credential_request::CredentialRequest;
use crate::client_registration::Registration;
use crate::discovery::authorization_server::AuthorizationServer;
use crate::failure::{Failure, Incompatibility, Misbehaviour};
use crate::scope::ScopeSet;
use crate::secret::{AuthorizationCode, CodeVerifier, State};
use crate::server_text::shown;

/// How long a `state` is good for (D2).
pub const STATE_LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// Random bytes one authorization request needs: 32 for the verifier (D1), 32 for the state (D2).
pub const RANDOM_BYTES: usize = 64;

/// What an authorization request asks for.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest<'a> {
    /// The checked server.
    pub server: &'a AuthorizationServer,
    /// The client there.
    pub client: &'a Registration,
    /// The redirect URI, on a listener that is already bound.
    pub redirect_uri: &'a str,
    /// `resource` (D3).
    pub resource: Option<&'a str>,
    /// `scope`.
    pub scopes: &'a ScopeSet,
    /// Further parameters, the profile's `audience` among them.
    pub extra: &'a [(String, String)],
}

/// An authorization that waits for its redirect. Issuer, redirect URI, verifier and state stand together (D5).
#[derive(Debug)]
pub struct PendingAuthorization {
    server: AuthorizationServer,
    client: Registration,
    redirect_uri: Url,
    resource: Option<String>,
    state: State,
    verifier: CodeVerifier,
    begun: DateTime<Utc>,
}

/// A request that reached the loopback listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectArrival {
    /// The HTTP method.
    pub method: String,
    /// The `Host` header.
    pub host: String,
    /// The path.
    pub path: String,
    /// The raw query, without `?`.
    pub query: String,
}

/// What became of an arrival.
#[derive(Debug)]
pub enum Received {
    /// Not ours: answer 400 (or 404, 405 as `status` says) and go on waiting (E5).
    Ignored {
        /// The authorization, still pending.
        pending: Box<PendingAuthorization>,
        /// The HTTP status to answer with.
        status: u16,
    },
    /// The code arrived; here is the request that redeems it.
    Code(CredentialRequest),
    /// The authorization is over without a code.
    Failed(Failure),
}

impl PendingAuthorization {
    /// Makes the authorization URL and what must be remembered until the redirect.
    ///
    /// # Errors
    /// [`Misbehaviour::UnusableEndpoint`] where the server's endpoint cannot carry a request.
    #[expect(
        clippy::disallowed_methods,
        reason = "state and PKCE challenge are what the authorization URL carries"
    )]
    pub fn begin(
        request: &AuthorizationRequest<'_>,
        random: &[u8; RANDOM_BYTES],
        now: DateTime<Utc>,
    ) -> Result<(Self, Url), Failure> {
        let page = request.server.authorization_endpoint();
        let page = page.ok_or_else(|| Incompatibility::NoGrant("authorization-code".into()))?;
        let (verifier_bytes, state_bytes) = random.split_at(32);
        let verifier = CodeVerifier::new(URL_SAFE_NO_PAD.encode(verifier_bytes));
        let state = State::new(URL_SAFE_NO_PAD.encode(state_bytes));
        let redirect_uri =
            Url::parse(request.redirect_uri).map_err(|e| Failure::Bug(format!("redirect URI: {e}")))?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(
            verifier.expose_secret().to_owned(),
        ));
        let client = BasicClient::new(ClientId::new(request.client.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(page.url().clone()))
            .set_redirect_uri(
                RedirectUrl::new(request.redirect_uri.to_owned()).map_err(|e| Failure::Bug(e.to_string()))?,
            );
        let state_text = state.expose_secret().to_owned();
        let mut builder = client
            .authorize_url(|| CsrfToken::new(state_text))
            .set_pkce_challenge(challenge)
            .add_scopes(request.scopes.names().iter().cloned().map(Scope::new));
        if let Some(resource) = request.resource {
            builder = builder.add_extra_param("resource", resource.to_owned());
        }
        for (name, value) in prompt(request).into_iter().chain(request.extra.iter().cloned()) {
            builder = builder.add_extra_param(name, value);
        }
        let (url, _) = builder.url();
        let pending = Self {
            server: request.server.clone(),
            client: request.client.clone(),
            redirect_uri,
            resource: request.resource.map(str::to_owned),
            state,
            verifier,
            begun: now,
        };
        Ok((pending, url))
    }

    /// Takes one arrival. Strangers are ignored and can neither end nor spoil the sign-in (E5, V7).
    pub fn receive(self, arrival: &RedirectArrival, now: DateTime<Utc>) -> Received {
        let ignored = |pending: Self, status| Received::Ignored { pending: Box::new(pending), status };
        if let Some(status) = self.is_elsewhere(arrival) {
            return ignored(self, status);
        }
        let query = Query::read(&arrival.query);
        if !self.is_our_state(&query) || now - self.begun > STATE_LIFETIME {
            return ignored(self, 400);
        }
        // From here on the state proves that the answer belongs to this authorization.
        if query.repeats(&["code", "iss", "error"]) {
            let why = "a parameter came twice (RFC 6749 §3.1)";
            return Received::Failed(Misbehaviour::Document("redirect".into(), why.into()).into());
        }
        if let Err(failure) = self.check_issuer(query.first("iss")) {
            return Received::Failed(failure);
        }
        if let Some(error) = query.first("error") {
            return Received::Failed(refused(error, query.first("error_description").unwrap_or_default()));
        }
        match query.first("code").filter(|code| !code.is_empty()) {
            Some(code) => Received::Code(self.redeem(&AuthorizationCode::new(code.to_owned()))),
            None => Received::Failed(
                Misbehaviour::Document("redirect".into(), "it carries neither code nor error".into()).into(),
            ),
        }
    }

    /// E6, E9: only GET, only our path, only the literal loopback authority.
    fn is_elsewhere(&self, arrival: &RedirectArrival) -> Option<u16> {
        if arrival.path != self.redirect_uri.path() {
            return Some(404);
        }
        if arrival.method != "GET" {
            return Some(405);
        }
        let authority = self.redirect_uri.authority();
        (arrival.host != authority).then_some(400)
    }

    fn is_our_state(&self, query: &Query) -> bool {
        !query.repeats(&["state"])
            && query.first("state").is_some_and(|s| State::new(s.to_owned()) == self.state)
    }

    /// RFC 9207 §2.4: exact match, no normalising (E1, E2, E3).
    fn check_issuer(&self, iss: Option<&str>) -> Result<(), Failure> {
        match iss {
            Some(iss) if iss == self.server.issuer().as_str() => Ok(()),
            Some(_) => Err(Misbehaviour::IssMismatch.into()),
            None if self.server.iss_promised() => Err(Misbehaviour::IssMissing.into()),
            None => Ok(()),
        }
    }

    /// F1: to the recorded issuer's token endpoint, with verifier, exact redirect URI and resource.
    #[expect(
        clippy::disallowed_methods,
        reason = "code and verifier go to the authorization server that issued the code"
    )]
    fn redeem(self, code: &AuthorizationCode) -> CredentialRequest {
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose_secret()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code_verifier", self.verifier.expose_secret()),
        ];
        parameters.extend(self.resource.as_deref().map(|resource| ("resource", resource)));
        CredentialRequest::new(self.server.token_endpoint(), &self.client, &parameters)
    }
}

/// OpenID Connect Core §11: `offline_access` counts only with `prompt=consent`; one certified server drops it silently
/// otherwise (oddity 8).
fn prompt(request: &AuthorizationRequest<'_>) -> Option<(String, String)> {
    let chosen = request.extra.iter().any(|(name, _)| name == "prompt");
    (!chosen && request.scopes.contains("offline_access")).then(|| ("prompt".into(), "consent".into()))
}

fn refused(error: &str, description: &str) -> Failure {
    let description = shown(description);
    match error {
        "access_denied" => Failure::UserDeclined(description),
        "temporarily_unavailable" | "server_error" => {
            crate::failure::Temporary::ServerTrouble(shown(error)).into()
        }
        _ => Misbehaviour::Refused { error: shown(error), description }.into(),
    }
}

/// A query decoded once (E9).
struct Query(Vec<(String, String)>);

impl Query {
    fn read(raw: &str) -> Self {
        Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn repeats(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.iter().filter(|(n, _)| n == name).count() > 1)
    }
}

#[cfg(test)]
#[path = "authorization_code_tests.rs"]
mod tests;
