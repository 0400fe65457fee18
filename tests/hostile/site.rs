//! A portal and its authorization server as they should be, each answer of which a test may replace.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use keyfob_agent::journeys::sign_in::{SignInOptions, sign_in};
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use serde_json::{Value, json};
use url::Url;

use crate::machine::Machine;
use crate::network::{Reply, Sent, Servers};

pub(crate) const MCP: &str = "https://portal.example/mcp";
pub(crate) const RESOURCE_METADATA: &str = "https://portal.example/.well-known/oauth-protected-resource/mcp";
pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const SERVER_METADATA: &str = "https://login.example/.well-known/oauth-authorization-server";
pub(crate) const TOKEN: &str = "https://login.example/token";
pub(crate) const REGISTER: &str = "https://login.example/register";
pub(crate) const REVOKE: &str = "https://login.example/revoke";
pub(crate) const MANAGE: &str = "https://login.example/register/1";

/// In the place of a page: where the browser ends.
type Redirects = Box<dyn Fn(&Url) -> Vec<Url> + Send + Sync>;

/// Both servers. What is not replaced behaves.
#[derive(Default)]
pub(crate) struct Site {
    replaced: Mutex<BTreeMap<String, VecDeque<Reply>>>,
    redirects: Mutex<Option<Redirects>>,
    made: AtomicU64,
}

impl Site {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// What this address answers from now on.
    pub(crate) fn set(&self, place: &str, reply: Reply) {
        self.script(place, [reply]);
    }

    /// What this address answers, one after the other; the last one stays.
    pub(crate) fn script(&self, place: &str, replies: impl IntoIterator<Item = Reply>) {
        self.replaced.lock().unwrap().insert(place.into(), replies.into_iter().collect());
    }

    /// The address behaves again.
    pub(crate) fn restore(&self, place: &str) {
        self.replaced.lock().unwrap().remove(place);
    }

    /// Where the browser ends from now on.
    pub(crate) fn redirect_browser(&self, redirects: impl Fn(&Url) -> Vec<Url> + Send + Sync + 'static) {
        *self.redirects.lock().unwrap() = Some(Box::new(redirects));
    }

    fn numbered(&self, word: &str) -> String {
        format!("canary-{word}-{}", self.made.fetch_add(1, Ordering::Relaxed))
    }

    fn replacement(&self, place: &str) -> Option<Reply> {
        let mut replaced = self.replaced.lock().unwrap();
        let replies = replaced.get_mut(place)?;
        if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
    }

    pub(crate) fn registration(&self, sent: &Sent) -> Value {
        let mut answer: Value = serde_json::from_str(&sent.body).unwrap_or_else(|_| json!({}));
        answer["client_id"] = self.numbered("client").into();
        answer["client_secret"] = self.numbered("secret").into();
        answer["token_endpoint_auth_method"] = "client_secret_basic".into();
        answer["registration_client_uri"] = MANAGE.into();
        answer["registration_access_token"] = self.numbered("registration").into();
        answer
    }

    pub(crate) fn tokens(&self) -> Value {
        json!({
            "access_token": self.numbered("access"),
            "refresh_token": self.numbered("refresh"),
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "basic",
        })
    }
}

pub(crate) fn resource_metadata() -> Value {
    json!({ "resource": MCP, "authorization_servers": [ISSUER], "scopes_supported": ["basic"] })
}

pub(crate) fn server_metadata() -> Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": "https://login.example/authorize",
        "token_endpoint": TOKEN,
        "registration_endpoint": REGISTER,
        "revocation_endpoint": REVOKE,
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        "authorization_response_iss_parameter_supported": true,
    })
}

pub(crate) fn challenge(metadata: &str) -> Reply {
    Reply::status(401).with("www-authenticate", &format!(r#"Bearer resource_metadata="{metadata}""#))
}

impl Servers for Site {
    fn answer(&self, sent: &Sent) -> Reply {
        if let Some(reply) = self.replacement(sent.place()) {
            return reply;
        }
        match sent.place() {
            MCP if sent.authorization.is_none() => challenge(RESOURCE_METADATA),
            MCP => Reply::json(&json!({ "jsonrpc": "2.0", "id": 1, "result": {} })),
            RESOURCE_METADATA => Reply::json(&resource_metadata()),
            SERVER_METADATA => Reply::json(&server_metadata()),
            REGISTER => Reply::bytes(201, self.registration(sent).to_string().into_bytes()),
            TOKEN => Reply::json(&self.tokens()),
            REVOKE | MANAGE => Reply::status(200),
            _ => Reply::status(404),
        }
    }

    fn visited(&self, page: &Url) -> Vec<Url> {
        if let Some(redirects) = &*self.redirects.lock().unwrap() {
            return redirects(page);
        }
        vec![agreed(page, &self.numbered("code"), ISSUER)]
    }
}

/// A parameter of an address.
pub(crate) fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

/// The redirect of an authorization server that was given consent.
pub(crate) fn agreed(page: &Url, code: &str, issuer: &str) -> Url {
    let mut redirect =
        Url::parse(&parameter(page, "redirect_uri").unwrap_or_default()).expect("a redirect URI");
    let state = parameter(page, "state").unwrap_or_default();
    redirect
        .query_pairs_mut()
        .append_pair("code", code)
        .append_pair("state", &state)
        .append_pair("iss", issuer);
    redirect
}

pub(crate) fn profile() -> Profile {
    profile_for(MCP)
}

pub(crate) fn profile_for(url: &str) -> Profile {
    Profile::new(ProfileName::parse("portal").expect("a name"), CheckedUrl::parse(url).expect("a URL"))
}

/// One sign-in, given up after a minute.
pub(crate) async fn sign_in_once(machine: &Machine, profile: &Profile) -> Result<(), Failure> {
    let (mut options, _progress) = SignInOptions::usual();
    options.timeout = std::time::Duration::from_mins(1);
    sign_in(&machine.ports, profile, options).await.map(drop)
}
