//! The portal's endpoints by name, and which of them a request is for.

use http::Method;

use crate::parameters::Parameters;

/// One endpoint, as faults are queued for it and requests are counted. The token endpoint counts as two, because a
/// renewal is what most faults are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// Protected resource metadata (RFC 9728), path-inserted or at the root.
    ProtectedResource,
    /// Authorization server metadata (RFC 8414).
    AuthorizationServerMetadata,
    /// OpenID Connect discovery, inserted or appended.
    OpenIdMetadata,
    /// Dynamic registration (RFC 7591).
    Registration,
    /// The registration's own address (RFC 7592).
    RegistrationManagement,
    /// Where the browser goes first.
    Authorize,
    /// Where the consent page's buttons go.
    Decision,
    /// Device authorization (RFC 8628).
    DeviceAuthorization,
    /// The page on which a user code is entered.
    DevicePage,
    /// The token endpoint, every grant but the refresh.
    Token,
    /// The token endpoint with `grant_type=refresh_token`.
    Refresh,
    /// Revocation (RFC 7009).
    Revocation,
    /// OpenID Connect's userinfo.
    UserInfo,
    /// The signing keys named by the OpenID document: none, the identity token is unsigned.
    Keys,
    /// The MCP endpoint, everything but a tool call.
    Mcp,
    /// The MCP endpoint with `tools/call`.
    McpCall,
    /// Anything else.
    Other,
}

/// The paths under the portal's own origin.
pub(crate) mod path {
    pub(crate) const MCP: &str = "/mcp";
    pub(crate) const AUTHORIZE: &str = "/authorize";
    pub(crate) const DECISION: &str = "/authorize/decision";
    pub(crate) const TOKEN: &str = "/token";
    pub(crate) const REGISTER: &str = "/register";
    pub(crate) const REVOKE: &str = "/revoke";
    pub(crate) const DEVICE_AUTHORIZATION: &str = "/device_authorization";
    pub(crate) const DEVICE: &str = "/device";
    pub(crate) const USER_INFO: &str = "/userinfo";
    pub(crate) const KEYS: &str = "/jwks";
    pub(crate) const PROTECTED_RESOURCE: &str = "/.well-known/oauth-protected-resource";
    pub(crate) const AUTHORIZATION_SERVER: &str = "/.well-known/oauth-authorization-server";
    pub(crate) const OPENID: &str = "/.well-known/openid-configuration";
}

impl Endpoint {
    /// Names the endpoint of a request from its method, path and, for the token and MCP endpoints, its body.
    pub(crate) fn of(method: &Method, request_path: &str, body: &[u8]) -> Self {
        match request_path {
            path::MCP => Self::of_mcp(body),
            path::TOKEN if *method == Method::POST => Self::of_token(body),
            path::TOKEN => Self::Token,
            path::AUTHORIZE => Self::Authorize,
            path::DECISION => Self::Decision,
            path::REGISTER => Self::Registration,
            path::REVOKE => Self::Revocation,
            path::DEVICE_AUTHORIZATION => Self::DeviceAuthorization,
            path::DEVICE => Self::DevicePage,
            path::USER_INFO => Self::UserInfo,
            path::KEYS => Self::Keys,
            other => Self::of_prefix(other),
        }
    }

    fn of_prefix(request_path: &str) -> Self {
        if request_path.starts_with(path::PROTECTED_RESOURCE) {
            return Self::ProtectedResource;
        }
        if request_path.starts_with(path::AUTHORIZATION_SERVER) {
            return Self::AuthorizationServerMetadata;
        }
        if request_path.contains(path::OPENID) {
            return Self::OpenIdMetadata;
        }
        if request_path.strip_prefix(path::REGISTER).is_some_and(|rest| rest.starts_with('/')) {
            return Self::RegistrationManagement;
        }
        Self::Other
    }

    fn of_token(body: &[u8]) -> Self {
        match Parameters::of_body(body).one("grant_type") {
            Some("refresh_token") => Self::Refresh,
            _ => Self::Token,
        }
    }

    fn of_mcp(body: &[u8]) -> Self {
        let message: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        if message["method"] == "tools/call" { Self::McpCall } else { Self::Mcp }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renewal_is_told_apart_from_a_first_token() {
        let post = |body: &str| Endpoint::of(&Method::POST, "/token", body.as_bytes());
        assert_eq!(post("grant_type=refresh_token&refresh_token=x"), Endpoint::Refresh);
        assert_eq!(post("grant_type=authorization_code"), Endpoint::Token);
        assert_eq!(post(""), Endpoint::Token);
    }

    #[test]
    fn well_known_documents_are_found_in_each_form() {
        let get = |path: &str| Endpoint::of(&Method::GET, path, b"");
        assert_eq!(get("/.well-known/oauth-protected-resource/mcp"), Endpoint::ProtectedResource);
        assert_eq!(
            get("/.well-known/oauth-authorization-server/tenant"),
            Endpoint::AuthorizationServerMetadata
        );
        assert_eq!(get("/tenant/.well-known/openid-configuration"), Endpoint::OpenIdMetadata);
        assert_eq!(get("/register/abc"), Endpoint::RegistrationManagement);
        assert_eq!(get("/registered"), Endpoint::Other);
    }
}
