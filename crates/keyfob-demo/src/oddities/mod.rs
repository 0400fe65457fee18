//! The knobs by which a portal departs from an exemplary one: each plays something that real servers do, or a lie that a
//! hostile one would tell. The default of every knob is the exemplary behaviour.

mod discovery;
mod mcp;
mod seen_servers;
mod sign_in;
mod token;

pub use discovery::{
    AuthorizationServers, Discovery, IssuerForm, MetadataForm, Override, Pkce, ResourceClaim,
    ResourceMetadataPlace,
};
pub use mcp::{BearerSpelling, Challenge, Mcp, McpSessions, Service, WrongToken};
pub use sign_in::{
    ClientIdDocuments, ForeignResource, IssInRedirect, LoopbackPort, MissingScope, OmittedAuthMethod,
    OmittedGrants, RegistrationAnswer, RegistrationLife, RegistrationUpdate, SecondSignIn, SignIn,
};
pub use token::{
    AccessTokenShape, AfterRevocation, DeviceBody, DeviceInterval, DevicePolling, EarlyRefresh, ExpiredToken,
    GraceAnswer, OldAccessToken, RefreshTokens, Refusal, Reuse, RevocationSupport, Rotation, SignInSpan,
    SignInTold, Token, WrongVerifier,
};

/// All knobs, by the stage at which a client meets them.
#[derive(Clone, Debug, Default)]
pub struct Oddities {
    /// Finding the authorization server.
    pub discovery: Discovery,
    /// Registration, consent and the redirect back.
    pub sign_in: SignIn,
    /// The token, device and revocation endpoints.
    pub token: Token,
    /// The MCP endpoint.
    pub mcp: Mcp,
}
