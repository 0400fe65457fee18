//! The grants of OAuth 2.1, by name and one file each, and what they share: the token endpoint.
//!
//! There is no implicit and no password grant here, and there will be none (D12).

pub mod authorization_code;
pub mod client_assertion;
pub mod client_credentials;
pub mod credential_request;
pub mod device_code;
pub mod id_token;
pub mod refresh_token;
pub mod revocation;
pub mod token_endpoint;

use serde::{Deserialize, Serialize};

/// The grants keyfob knows. No implicit, no password grant (D12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GrantKind {
    /// Browser and redirect (RFC 6749 §4.1).
    #[default]
    AuthorizationCode,
    /// A code typed on another device (RFC 8628).
    Device,
    /// No user at all (RFC 6749 §4.4).
    ClientCredentials,
}
