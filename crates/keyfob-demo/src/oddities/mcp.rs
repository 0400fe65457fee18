//! Knobs of the MCP endpoint.

/// How the MCP endpoint guards itself.
#[derive(Clone, Debug, Default)]
pub struct Mcp {
    /// What there is at all.
    pub service: Service,
    /// What a missing token gets.
    pub challenge: Challenge,
    /// What a wrong, expired or revoked token gets.
    pub wrong_token: WrongToken,
    /// Which spellings of `Bearer` are taken.
    pub bearer: BearerSpelling,
    /// Whether the endpoint keeps sessions.
    pub sessions: McpSessions,
}

/// What the portal is at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Service {
    /// An MCP server behind OAuth.
    #[default]
    Portal,
    /// An MCP server open to all; no authorization server.
    OpenMcp,
    /// Neither: 404 everywhere. Also the place to send what nobody should ever send.
    Nothing,
}

/// The `WWW-Authenticate` of a 401 (RFC 6750 section 3, RFC 9728 section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Challenge {
    /// `resource_metadata` and `scope`.
    #[default]
    MetadataAndScope,
    /// `resource_metadata` alone.
    Metadata,
    /// `Bearer` with no parameter.
    Bare,
    /// No such header.
    Absent,
    /// These header values as they are, one header each.
    Verbatim(Vec<String>),
}

/// What a wrong, expired or revoked token gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WrongToken {
    /// 401 with the challenge and `error="invalid_token"`.
    #[default]
    Challenged,
    /// 401 with the challenge and a JSON-RPC error as body (better-auth).
    ChallengedInJsonRpc,
    /// 500 without a challenge (the TypeScript SDK).
    ServerError,
}

/// Which spellings of the scheme are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BearerSpelling {
    /// Any case, as RFC 9110 section 11.1 says.
    #[default]
    AnyCase,
    /// `Bearer` alone (better-auth).
    Exact,
}

/// Whether the MCP endpoint keeps sessions. Chosen at the start; a change while running has no effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum McpSessions {
    /// With `Mcp-Session-Id`, for the protocol versions that have it; answers as event streams.
    #[default]
    Kept,
    /// None; answers as JSON.
    None,
}
