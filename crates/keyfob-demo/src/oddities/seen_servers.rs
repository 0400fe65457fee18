//! Real servers as they were measured on the wire, as sets of knobs. What a knob cannot say is left out.

use std::time::Duration;

use super::{
    AfterRevocation, BearerSpelling, Challenge, DeviceBody, DeviceInterval, DevicePolling, Discovery,
    ExpiredToken, ForeignResource, GraceAnswer, IssInRedirect, IssuerForm, LoopbackPort, Mcp, MetadataForm,
    MissingScope, Oddities, OldAccessToken, OmittedAuthMethod, OmittedGrants, RefreshTokens, Refusal,
    RegistrationAnswer, RegistrationLife, RegistrationUpdate, ResourceClaim, Reuse, RevocationSupport,
    SecondSignIn, SignIn, SignInSpan, SignInTold, Token, WrongToken, WrongVerifier,
};

const MONTH: Duration = Duration::from_hours(30 * 24);

impl Oddities {
    /// Cloudflare's workers-oauth-provider 1.2. Its old token is answered however late: give `refresh_grace` no end.
    pub fn cloudflare() -> Self {
        Self {
            sign_in: SignIn {
                registration_update: RegistrationUpdate::Unsupported,
                registration_life: RegistrationLife::Untold(3 * MONTH),
                missing_scope: MissingScope::Empty,
                second_sign_in: SecondSignIn::EndsFirstAtConsent,
                ..SignIn::default()
            },
            token: Token {
                token_type: "bearer".to_owned(),
                grace: GraceAnswer::LastPairLives,
                reuse: Reuse::Refused,
                sign_in_told: SignInTold::Untold,
                refused_before_end: Duration::from_mins(1),
                wrong_verifier: WrongVerifier::CodeLives(Refusal::error(400, "invalid_grant")),
                ..Token::default()
            },
            ..Self::default()
        }
    }

    /// oidc-provider 9.13: strict. Wants `refresh_grace` zero.
    pub fn oidc_provider() -> Self {
        Self {
            discovery: Discovery { metadata: MetadataForm::OAuthAndOpenId, ..Discovery::default() },
            sign_in: SignIn {
                registration_update: RegistrationUpdate::Unsupported,
                loopback_port: LoopbackPort::AnyForNative,
                missing_scope: MissingScope::AccessDenied,
                ..SignIn::default()
            },
            token: Token {
                refresh_tokens: RefreshTokens::OfflineAccessWithConsent,
                sign_in_span: SignInSpan::FromRefresh,
                sign_in_told: SignInTold::Untold,
                after_revocation: AfterRevocation::AccessTokenLivesOn,
                wrong_verifier: WrongVerifier::CodeLives(Refusal::error(400, "invalid_grant")),
                device_interval: DeviceInterval::Untold,
                device_polling: DevicePolling::Unhurried,
                ..Token::default()
            },
            ..Self::default()
        }
    }

    /// better-auth 1.6. Its old tokens are answered however late: give `refresh_grace` no end.
    pub fn better_auth() -> Self {
        Self {
            discovery: Discovery { resource: ResourceClaim::Origin, ..Discovery::default() },
            sign_in: SignIn {
                registration_update: RegistrationUpdate::Unsupported,
                loopback_port: LoopbackPort::Exact,
                iss: IssInRedirect::AbsentUnadvertised,
                foreign_resource: ForeignResource::Ignored,
                ..SignIn::default()
            },
            token: Token {
                refresh_tokens: RefreshTokens::OfflineAccess,
                grace: GraceAnswer::AllPairsLive,
                reuse: Reuse::Tolerated,
                refused_refresh: Refusal::error(401, "invalid_grant"),
                wrong_verifier: WrongVerifier::CodeGone(Refusal::error(401, "invalid_request")),
                sign_in_span: SignInSpan::FromRefresh,
                sign_in_told: SignInTold::Untold,
                revocation: RevocationSupport::NoEndpoint,
                device_body: DeviceBody::JsonOnly,
                ..Token::default()
            },
            mcp: Mcp {
                challenge: Challenge::Metadata,
                wrong_token: WrongToken::ChallengedInJsonRpc,
                bearer: BearerSpelling::Exact,
                ..Mcp::default()
            },
        }
    }

    /// fastmcp 4.1 with the Python SDK. Wants `refresh_grace` zero.
    pub fn fastmcp() -> Self {
        Self {
            discovery: Discovery { issuer: IssuerForm::OriginWithSlash, ..Discovery::default() },
            sign_in: SignIn {
                registration_update: RegistrationUpdate::Unsupported,
                omitted_grants: OmittedGrants::CodeAndRefresh,
                omitted_auth_method: OmittedAuthMethod::Post,
                loopback_port: LoopbackPort::Exact,
                iss: IssInRedirect::AbsentUnadvertised,
                foreign_resource: ForeignResource::Ignored,
                missing_scope: MissingScope::Empty,
                ..SignIn::default()
            },
            token: Token {
                refresh_tokens: RefreshTokens::Always,
                reuse: Reuse::Refused,
                old_access_token: OldAccessToken::Dies,
                expired_token: ExpiredToken::EndsGrant,
                refused_refresh: Refusal::error(401, "invalid_grant"),
                wrong_verifier: WrongVerifier::CodeLives(Refusal::error(401, "invalid_grant")),
                sign_in_told: SignInTold::Untold,
                revocation: RevocationSupport::ConfidentialOnly,
                ..Token::default()
            },
            ..Self::default()
        }
    }

    /// The TypeScript SDK's demo server 1.32: no refresh tokens, and a 500 for a wrong token.
    pub fn typescript_sdk() -> Self {
        Self {
            discovery: Discovery { issuer: IssuerForm::OriginWithSlash, ..Discovery::default() },
            sign_in: SignIn {
                registration_update: RegistrationUpdate::Unsupported,
                registration_life: RegistrationLife::Told(MONTH),
                loopback_port: LoopbackPort::ExactButRedirected,
                iss: IssInRedirect::AbsentUnadvertised,
                foreign_resource: ForeignResource::Ignored,
                ..SignIn::default()
            },
            token: Token {
                token_type: "bearer".to_owned(),
                refresh_tokens: RefreshTokens::Never,
                refused_refresh: Refusal::error(500, "server_error"),
                unknown_client: Refusal::error(400, "invalid_client"),
                wrong_verifier: WrongVerifier::CodeLives(Refusal::error(400, "invalid_grant")),
                revocation: RevocationSupport::NoEndpoint,
                ..Token::default()
            },
            mcp: Mcp {
                challenge: Challenge::Metadata,
                wrong_token: WrongToken::ServerError,
                ..Mcp::default()
            },
        }
    }

    /// glewlwyd 2.7: OpenID metadata appended only, empty refusals. Wants `refresh_grace` zero.
    pub fn glewlwyd() -> Self {
        Self {
            discovery: Discovery {
                issuer: IssuerForm::WithPath("/api/oidc".to_owned()),
                metadata: MetadataForm::OpenIdAppended,
                ..Discovery::default()
            },
            sign_in: SignIn {
                registration_update: RegistrationUpdate::Unsupported,
                registration: RegistrationAnswer::Ok,
                omitted_auth_method: OmittedAuthMethod::Public,
                loopback_port: LoopbackPort::Exact,
                iss: IssInRedirect::SentUnadvertised,
                foreign_resource: ForeignResource::Ignored,
                ..SignIn::default()
            },
            token: Token {
                token_type: "bearer".to_owned(),
                refresh_tokens: RefreshTokens::Always,
                refused_refresh: Refusal::Empty { status: 400 },
                unknown_client: Refusal::Empty { status: 400 },
                wrong_verifier: WrongVerifier::CodeLives(Refusal::error(403, "invalid_code")),
                sign_in_span: SignInSpan::FromRefresh,
                sign_in_told: SignInTold::Untold,
                revocation: RevocationSupport::ConfidentialOnly,
                after_revocation: AfterRevocation::AccessTokenLivesOn,
                ..Token::default()
            },
            ..Self::default()
        }
    }
}
