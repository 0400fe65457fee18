//! Knobs of registration, consent and the redirect back.

use std::time::Duration;

use super::discovery::Override;
use super::token::Refusal;

/// How clients are registered and sent through consent.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// How a registration is answered.
    pub registration: RegistrationAnswer,
    /// Members of the registration's answer replaced or left out.
    pub registration_overrides: Vec<Override>,
    /// How an update of a registration is answered.
    pub registration_update: RegistrationUpdate,
    /// How long a registration lasts.
    pub registration_life: RegistrationLife,
    /// Which grants a client has that named none.
    pub omitted_grants: OmittedGrants,
    /// How a client authenticates that named no method.
    pub omitted_auth_method: OmittedAuthMethod,
    /// Whether a URL is taken as client id.
    pub client_id_documents: ClientIdDocuments,
    /// Which redirect ports are taken.
    pub loopback_port: LoopbackPort,
    /// How `iss` comes back (RFC 9207).
    pub iss: IssInRedirect,
    /// What becomes of a `resource` that is not this portal's.
    pub foreign_resource: ForeignResource,
    /// What becomes of a request without `scope`.
    pub missing_scope: MissingScope,
    /// What a second sign-in of the same client and account does to the first.
    pub second_sign_in: SecondSignIn,
}

/// How a registration is answered (RFC 7591 section 3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RegistrationAnswer {
    /// 201 with all metadata.
    #[default]
    Created,
    /// 200 with all metadata (glewlwyd).
    Ok,
    /// 201 with `client_id` and `redirect_uris` alone.
    Terse,
    /// 201, but with other redirect URIs than those asked for.
    OtherRedirects(Vec<String>),
    /// Refused.
    Refused(Refusal),
    /// No registration endpoint in the metadata, 404 at its address.
    NoEndpoint,
}

/// How an update of a registration is answered (RFC 7592 section 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationUpdate {
    /// Taken; secret, token and end stay as they were.
    #[default]
    Taken,
    /// Taken; secret and token are new ones, the old ones are dead, and the registration's life begins anew.
    Renewed,
    /// 405: registrations can be deleted, and no more.
    Unsupported,
}

/// How long a registration lasts. Used past its end it is `invalid_client`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegistrationLife {
    /// For ever.
    #[default]
    Unlimited,
    /// So long, told as `client_secret_expires_at` where there is a secret (the TypeScript SDK).
    Told(Duration),
    /// So long, and nobody is told (cloudflare, public clients).
    Untold(Duration),
}

/// Which grants a client has that named none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OmittedGrants {
    /// `authorization_code` alone, as RFC 7591 says: no refresh token.
    #[default]
    CodeOnly,
    /// `authorization_code` and `refresh_token`.
    CodeAndRefresh,
}

/// How a client authenticates that named no method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OmittedAuthMethod {
    /// `client_secret_basic`, as RFC 7591 says.
    #[default]
    Basic,
    /// `client_secret_post`.
    Post,
    /// `none`.
    Public,
}

/// Whether a client metadata document's URL is taken as client id. The document itself is not fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientIdDocuments {
    /// No, and the metadata does not say so.
    #[default]
    Unsupported,
    /// Yes, and the metadata says so.
    Supported,
    /// The metadata says so, but such a client is `invalid_client`.
    AdvertisedOnly,
}

/// Which ports a loopback redirect URI may have (RFC 8252 section 7.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoopbackPort {
    /// Any.
    #[default]
    Any,
    /// Any for clients registered as `native`, else the registered one.
    AnyForNative,
    /// The registered one; another is a 400 page.
    Exact,
    /// The registered one; with another the browser is redirected *there*, with an error (the TypeScript SDK).
    ExactButRedirected,
}

/// How `iss` comes back with the code, and what the metadata says of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IssInRedirect {
    /// Advertised and sent.
    #[default]
    Sent,
    /// Sent, though never advertised (glewlwyd).
    SentUnadvertised,
    /// Advertised, but not sent.
    Absent,
    /// Neither.
    AbsentUnadvertised,
    /// Advertised, and sent with this value: another issuer, or its own with another case, port or slash.
    Wrong(String),
    /// Sent with this value and never advertised.
    WrongUnadvertised(String),
}

impl IssInRedirect {
    pub(crate) fn advertised(&self) -> bool {
        matches!(self, Self::Sent | Self::Absent | Self::Wrong(_))
    }
}

/// What becomes of a `resource` that is not this portal's (RFC 8707).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignResource {
    /// `invalid_target`.
    #[default]
    InvalidTarget,
    /// Nothing: it is ignored.
    Ignored,
    /// Any `resource` at all is 400 `invalid_request`, this portal's too.
    AnyRefused,
}

/// What becomes of an authorization request without `scope`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingScope {
    /// It is read as all the portal's scopes.
    #[default]
    AllScopes,
    /// A token with the scope "" (cloudflare, fastmcp).
    Empty,
    /// A redirect with `access_denied` (oidc-provider).
    AccessDenied,
}

/// What a second sign-in of the same client and account does to the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecondSignIn {
    /// Both live.
    #[default]
    BothLive,
    /// The first ends at the consent, before the new code is redeemed (cloudflare).
    EndsFirstAtConsent,
}
