//! What a portal is started with.

use std::time::Duration;

use crate::clock::Clock;
use crate::oddities::Oddities;

/// How consent is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// The browser is sent back at once (302), as if the user had allowed it.
    #[default]
    Immediate,
    /// The browser is sent back at once (302) with `access_denied`.
    Declined,
    /// A page with an Allow and a Decline button.
    Page,
}

/// A client known before it comes, as given by an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenClient {
    /// Its client id.
    pub client_id: String,
    /// Its secret; a client without one is public.
    pub client_secret: Option<String>,
    /// Its redirect URIs; none are needed for client credentials.
    pub redirect_uris: Vec<String>,
}

/// A tool that takes a scope of its own; without it the call is 403 `insufficient_scope`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopedTool {
    /// The tool's name.
    pub tool: String,
    /// The scope it takes.
    pub scope: String,
}

/// What a portal is started with. Fill in what matters and take the rest from `Default`.
#[derive(Clone, Debug)]
pub struct PortalOptions {
    /// The portal's name, shown on its page and in its MCP server: `readonly` or `admin`. The admin portal has the tool
    /// `restart_build`.
    pub name: String,
    /// The account that signs in; a `login_hint` in the authorization request takes its place.
    pub account: String,
    /// How long an access token lasts.
    pub access_token_lifetime: Duration,
    /// How long after a rotation the refresh token before it is still answered; zero for never.
    pub refresh_grace: Duration,
    /// How long a sign-in lasts, told as `refresh_token_expires_in`; `None` for no end.
    pub sign_in_lifetime: Option<Duration>,
    /// How consent is given; may be changed while the portal runs.
    pub consent: Consent,
    /// The scopes the portal knows; the first sign-in is asked for all of them.
    pub scopes: Vec<String>,
    /// Tools that take a scope of their own.
    pub scoped_tools: Vec<ScopedTool>,
    /// Clients known beforehand.
    pub clients: Vec<GivenClient>,
    /// What the portal does differently from an exemplary one; may be changed while it runs.
    pub oddities: Oddities,
    /// The port; `None` for a free one.
    pub port: Option<u16>,
    /// The origin that it goes by, without a slash, where something with TLS stands before it.
    pub public_origin: Option<String>,
    /// The portal's time.
    pub clock: Clock,
    /// Every token, code and secret the portal makes begins with this: a mark that a leak test can search for.
    pub token_mark: String,
}

impl Default for PortalOptions {
    fn default() -> Self {
        Self {
            name: "readonly".to_owned(),
            account: "ada@example.com".to_owned(),
            access_token_lifetime: Duration::from_mins(2),
            refresh_grace: Duration::from_secs(5),
            sign_in_lifetime: None,
            consent: Consent::Immediate,
            scopes: vec!["read".to_owned()],
            scoped_tools: Vec::new(),
            clients: Vec::new(),
            oddities: Oddities::default(),
            port: None,
            public_origin: None,
            clock: Clock::default(),
            token_mark: "demo".to_owned(),
        }
    }
}
