//! The grants of OAuth 2.1, one file each, and what they share: the token endpoint.
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
