//! Knobs of the token, device and revocation endpoints.

use std::time::Duration;

use super::discovery::Override;

/// What tokens are like and how they are renewed, refused and revoked.
#[derive(Clone, Debug)]
pub struct Token {
    /// How `token_type` is spelt.
    pub token_type: String,
    /// What an access token looks like.
    pub access_token: AccessTokenShape,
    /// When a refresh token is given at all.
    pub refresh_tokens: RefreshTokens,
    /// What a renewal does to the refresh token.
    pub rotation: Rotation,
    /// What a used refresh token gets within the grace.
    pub grace: GraceAnswer,
    /// What a used refresh token gets outside the grace.
    pub reuse: Reuse,
    /// What a renewal gets that comes long before the access token's end.
    pub early_refresh: EarlyRefresh,
    /// What a renewal does to the access token before it.
    pub old_access_token: OldAccessToken,
    /// What presenting an expired access token does.
    pub expired_token: ExpiredToken,
    /// How a refused renewal is answered.
    pub refused_refresh: Refusal,
    /// How an unknown client is answered.
    pub unknown_client: Refusal,
    /// What a wrong PKCE verifier gets.
    pub wrong_verifier: WrongVerifier,
    /// Whether the end of the sign-in moves with each renewal.
    pub sign_in_span: SignInSpan,
    /// Whether the end of the sign-in is told.
    pub sign_in_told: SignInTold,
    /// So long before its end a sign-in is refused already (cloudflare: 60 s).
    pub refused_before_end: Duration,
    /// Which revocation there is.
    pub revocation: RevocationSupport,
    /// What revoking a refresh token does to the access token.
    pub after_revocation: AfterRevocation,
    /// Members of every successful token answer replaced or left out: an `expires_in` that is text, a missing
    /// `token_type`.
    pub answer_overrides: Vec<Override>,
    /// The same for the device authorization answer: a hostile `verification_uri`.
    pub device_overrides: Vec<Override>,
    /// What the device endpoint reads.
    pub device_body: DeviceBody,
    /// What the device endpoint says of `interval`.
    pub device_interval: DeviceInterval,
    /// What polling too fast gets.
    pub device_polling: DevicePolling,
}

impl Default for Token {
    fn default() -> Self {
        Self {
            token_type: "Bearer".to_owned(),
            access_token: AccessTokenShape::default(),
            refresh_tokens: RefreshTokens::default(),
            rotation: Rotation::default(),
            grace: GraceAnswer::default(),
            reuse: Reuse::default(),
            early_refresh: EarlyRefresh::default(),
            old_access_token: OldAccessToken::default(),
            expired_token: ExpiredToken::default(),
            refused_refresh: Refusal::error(400, "invalid_grant"),
            unknown_client: Refusal::error(401, "invalid_client"),
            wrong_verifier: WrongVerifier::default(),
            sign_in_span: SignInSpan::default(),
            sign_in_told: SignInTold::default(),
            refused_before_end: Duration::ZERO,
            revocation: RevocationSupport::default(),
            after_revocation: AfterRevocation::default(),
            answer_overrides: Vec::new(),
            device_overrides: Vec::new(),
            device_body: DeviceBody::default(),
            device_interval: DeviceInterval::default(),
            device_polling: DevicePolling::default(),
        }
    }
}

/// How something is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A status and an OAuth error (RFC 6749 section 5.2).
    Error {
        /// The HTTP status.
        status: u16,
        /// The `error` member.
        error: String,
    },
    /// A status and no body at all (glewlwyd).
    Empty {
        /// The HTTP status.
        status: u16,
    },
}

impl Refusal {
    /// A status and an OAuth error.
    pub fn error(status: u16, error: &str) -> Self {
        Self::Error { status, error: error.to_owned() }
    }
}

/// What an access token looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AccessTokenShape {
    /// Mark and random letters, 43 characters of them.
    #[default]
    Plain,
    /// The same, filled up to so many characters.
    Long(usize),
    /// The same with this appended: bytes that no header may carry, for example.
    WithSuffix(String),
}

/// When a refresh token is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshTokens {
    /// When the client registered the `refresh_token` grant.
    #[default]
    IfRegistered,
    /// Always.
    Always,
    /// When `offline_access` was asked for, which `scopes_supported` then lists (better-auth).
    OfflineAccess,
    /// When `offline_access` was asked for with `prompt=consent` (oidc-provider).
    OfflineAccessWithConsent,
    /// Never (the TypeScript SDK).
    Never,
}

/// What a renewal does to the refresh token (RFC 6749 section 6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotation {
    /// A new one each time; the old one is used up.
    #[default]
    EachTime,
    /// No `refresh_token` member: the old one goes on.
    Omitted,
    /// The same one is sent again.
    SameAgain,
}

/// What the token before the live one gets within the grace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GraceAnswer {
    /// A new pair; the pair answered before it is dead (cloudflare).
    #[default]
    LastPairLives,
    /// A new pair beside the one answered before (better-auth).
    AllPairsLive,
    /// The same refresh token as before, with a new access token.
    SamePairAgain,
}

/// What a used refresh token gets outside the grace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Refusal, and the whole grant is dead (RFC 9700 section 4.14.2).
    #[default]
    EndsGrant,
    /// Refusal; the live token is unharmed (fastmcp).
    Refused,
    /// A new pair all the same.
    Tolerated,
}

/// What a renewal gets that comes before half of the access token's life is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EarlyRefresh {
    /// A renewal.
    #[default]
    Renewed,
    /// 400 `invalid_request`; nothing is used up.
    Refused,
    /// The same access token with what is left of its life; nothing is used up.
    SameTokenAgain,
}

/// What a renewal does to the access token before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OldAccessToken {
    /// It works until its own end.
    #[default]
    LivesOn,
    /// It is dead at once (fastmcp).
    Dies,
}

/// What presenting an expired access token does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiredToken {
    /// It is refused.
    #[default]
    Refused,
    /// It is refused and takes its refresh token with it (fastmcp).
    EndsGrant,
}

/// What a wrong PKCE verifier gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongVerifier {
    /// A refusal; the code can still be redeemed.
    CodeLives(Refusal),
    /// A refusal; the code is used up (better-auth).
    CodeGone(Refusal),
}

impl Default for WrongVerifier {
    fn default() -> Self {
        Self::CodeGone(Refusal::error(400, "invalid_grant"))
    }
}

/// Whether the end of the sign-in moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignInSpan {
    /// It is counted from the sign-in.
    #[default]
    FromSignIn,
    /// It is counted from the last renewal.
    FromRefresh,
}

/// Whether the end of the sign-in is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignInTold {
    /// As `refresh_token_expires_in`, in seconds.
    #[default]
    Told,
    /// As a vendor's member of this name, in seconds.
    ToldAs(String),
    /// Not at all, as by most servers.
    Untold,
}

/// Which revocation there is (RFC 7009).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevocationSupport {
    /// For every client.
    #[default]
    All,
    /// Public clients are refused with 401 `invalid_client` (glewlwyd; fastmcp with 400).
    ConfidentialOnly,
    /// No endpoint in the metadata, 404 at its address.
    NoEndpoint,
}

/// What revoking a refresh token does to its access tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterRevocation {
    /// They are dead at once.
    #[default]
    AccessTokenDies,
    /// They work until their own end, as self-contained tokens do (oidc-provider, glewlwyd).
    AccessTokenLivesOn,
}

/// What the device authorization endpoint reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceBody {
    /// A form.
    #[default]
    Form,
    /// JSON only; a form is 415 (better-auth). The token endpoint reads both then.
    JsonOnly,
}

/// What the device authorization endpoint says of `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceInterval {
    /// So many seconds.
    Told(u64),
    /// Nothing: the client must take 5 (RFC 8628 section 3.2).
    Untold,
}

impl Default for DeviceInterval {
    fn default() -> Self {
        Self::Told(5)
    }
}

/// What polling too fast gets (RFC 8628 section 3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevicePolling {
    /// `slow_down`, and the interval is 5 s longer from then on.
    #[default]
    SlowDown,
    /// `authorization_pending` as always (oidc-provider).
    Unhurried,
}
