//! Knobs of the metadata documents.

use serde_json::Value;

/// What the metadata documents say, and where they are.
#[derive(Clone, Debug, Default)]
pub struct Discovery {
    /// The issuer's spelling.
    pub issuer: IssuerForm,
    /// Which well-known forms answer.
    pub metadata: MetadataForm,
    /// Where the protected resource metadata answers.
    pub resource_metadata: ResourceMetadataPlace,
    /// What the protected resource metadata names as `resource`.
    pub resource: ResourceClaim,
    /// What it names as `authorization_servers`.
    pub authorization_servers: AuthorizationServers,
    /// What the authorization server says of PKCE.
    pub pkce: Pkce,
    /// Members of the authorization server's document replaced or left out, last of all: wrong issuer, hostile
    /// endpoints, endpoints on a foreign host.
    pub authorization_server_overrides: Vec<Override>,
    /// The same for the protected resource's document.
    pub protected_resource_overrides: Vec<Override>,
}

/// The issuer's spelling. RFC 8414 section 3.3 compares it byte by byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum IssuerForm {
    /// `http://127.0.0.1:PORT`
    #[default]
    Origin,
    /// `http://127.0.0.1:PORT/` (fastmcp, the TypeScript SDK, Auth0)
    OriginWithSlash,
    /// The origin and a path such as `/tenant` (begins with a slash, ends without one).
    WithPath(String),
}

/// Which well-known forms answer; the others are 404.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MetadataForm {
    /// RFC 8414, inserted.
    #[default]
    OAuth,
    /// RFC 8414 and OpenID Connect, inserted and appended.
    OAuthAndOpenId,
    /// OpenID Connect, inserted before the issuer's path.
    OpenIdInserted,
    /// OpenID Connect, appended to the issuer (glewlwyd, a mounted oidc-provider).
    OpenIdAppended,
    /// None.
    Nowhere,
}

/// Where the protected resource metadata answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResourceMetadataPlace {
    /// At the path-inserted and the root well-known.
    #[default]
    PathAndRoot,
    /// Path-inserted only.
    Path,
    /// At the root only.
    Root,
    /// Nowhere.
    Nowhere,
}

/// What the protected resource metadata names as `resource` (RFC 9728 section 3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ResourceClaim {
    /// The MCP URL.
    #[default]
    McpUrl,
    /// The bare origin (better-auth).
    Origin,
    /// The bare origin with a slash.
    OriginWithSlash,
    /// Something else: a lie.
    Other(String),
}

/// What the protected resource metadata names as `authorization_servers`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AuthorizationServers {
    /// The portal's own issuer.
    #[default]
    Own,
    /// An empty list.
    Empty,
    /// No such member.
    Absent,
    /// These.
    Others(Vec<String>),
}

/// What the authorization server says in `code_challenge_methods_supported`. S256 is demanded all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pkce {
    /// `["S256"]`
    #[default]
    S256,
    /// No such member.
    Unstated,
    /// `["plain"]`
    PlainOnly,
}

/// One member of a JSON answer, replaced or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The member's name: `issuer`, `authorization_endpoint`, …
    pub member: String,
    /// Its value; `None` leaves it out.
    pub value: Option<Value>,
}

impl Override {
    /// Replaces a member.
    pub fn with(member: &str, value: impl Into<Value>) -> Self {
        Self { member: member.to_owned(), value: Some(value.into()) }
    }

    /// Leaves a member out.
    pub fn without(member: &str) -> Self {
        Self { member: member.to_owned(), value: None }
    }

    pub(crate) fn apply(overrides: &[Self], document: &mut Value) {
        let Some(members) = document.as_object_mut() else {
            return;
        };
        for change in overrides {
            match &change.value {
                Some(value) => members.insert(change.member.clone(), value.clone()),
                None => members.remove(&change.member),
            };
        }
    }
}
