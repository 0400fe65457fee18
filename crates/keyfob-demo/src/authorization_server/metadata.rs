//! The metadata documents: protected resource (RFC 9728), authorization server (RFC 8414), OpenID Connect discovery.

use axum::response::{IntoResponse as _, Json, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::endpoint::path;
use crate::exchange::Arrived;
use crate::oddities::{
    AuthorizationServers, ClientIdDocuments, IssuerForm, MetadataForm, Oddities, Override, Pkce,
    RefreshTokens, RegistrationAnswer, ResourceClaim, ResourceMetadataPlace, RevocationSupport,
};
use crate::portal::State;

/// The protected resource's document, where the oddities put it.
pub(super) fn protected_resource(state: &State, arrived: &Arrived) -> Response {
    let oddities = state.oddities();
    let requested = arrived.parts.uri.path();
    let inserted = format!("{}{}", path::PROTECTED_RESOURCE, path::MCP);
    let here = match oddities.discovery.resource_metadata {
        ResourceMetadataPlace::PathAndRoot => requested == inserted || requested == path::PROTECTED_RESOURCE,
        ResourceMetadataPlace::Path => requested == inserted,
        ResourceMetadataPlace::Root => requested == path::PROTECTED_RESOURCE,
        ResourceMetadataPlace::Nowhere => false,
    };
    if !here {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut document = json!({
        "resource": resource(state, &oddities),
        "resource_name": format!("keyfob demo: {}", state.options.name),
        "bearer_methods_supported": ["header"],
        "scopes_supported": state.options.scopes,
    });
    match &oddities.discovery.authorization_servers {
        AuthorizationServers::Own => document["authorization_servers"] = json!([state.issuer()]),
        AuthorizationServers::Empty => document["authorization_servers"] = json!([]),
        AuthorizationServers::Absent => {}
        AuthorizationServers::Others(others) => document["authorization_servers"] = json!(others),
    }
    Override::apply(&oddities.discovery.protected_resource_overrides, &mut document);
    Json(document).into_response()
}

/// The resource as the portal names it.
pub(super) fn resource(state: &State, oddities: &Oddities) -> String {
    match &oddities.discovery.resource {
        ResourceClaim::McpUrl => state.url(path::MCP),
        ResourceClaim::Origin => state.origin.clone(),
        ResourceClaim::OriginWithSlash => format!("{}/", state.origin),
        ResourceClaim::Other(other) => other.clone(),
    }
}

/// The authorization server's document, in the forms that the oddities leave.
pub(super) fn authorization_server(state: &State, arrived: &Arrived) -> Response {
    let oddities = state.oddities();
    let issuer_path = match &oddities.discovery.issuer {
        IssuerForm::WithPath(path) => path.as_str(),
        IssuerForm::Origin | IssuerForm::OriginWithSlash => "",
    };
    let requested = arrived.parts.uri.path();
    let oauth = requested == format!("{}{issuer_path}", path::AUTHORIZATION_SERVER);
    let inserted = requested == format!("{}{issuer_path}", path::OPENID);
    let appended = requested == format!("{issuer_path}{}", path::OPENID);
    let here = match oddities.discovery.metadata {
        MetadataForm::OAuth => oauth,
        MetadataForm::OAuthAndOpenId => oauth || inserted || appended,
        MetadataForm::OpenIdInserted => inserted,
        MetadataForm::OpenIdAppended => appended,
        MetadataForm::Nowhere => false,
    };
    if !here {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut document = server_document(state, &oddities);
    if !oauth {
        document["jwks_uri"] = json!(state.url(path::KEYS));
        document["subject_types_supported"] = json!(["public"]);
        document["id_token_signing_alg_values_supported"] = json!(["none"]);
    }
    Override::apply(&oddities.discovery.authorization_server_overrides, &mut document);
    Json(document).into_response()
}

fn server_document(state: &State, oddities: &Oddities) -> Value {
    let mut document = json!({
        "issuer": state.issuer(),
        "authorization_endpoint": state.url(path::AUTHORIZE),
        "token_endpoint": state.url(path::TOKEN),
        "device_authorization_endpoint": state.url(path::DEVICE_AUTHORIZATION),
        "userinfo_endpoint": state.url(path::USER_INFO),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [
            "authorization_code", "refresh_token", "client_credentials", super::device::GRANT_TYPE
        ],
        "token_endpoint_auth_methods_supported":
            ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256"],
        "scopes_supported": scopes(state, oddities),
    });
    if oddities.sign_in.registration != RegistrationAnswer::NoEndpoint {
        document["registration_endpoint"] = json!(state.url(path::REGISTER));
    }
    if oddities.token.revocation != RevocationSupport::NoEndpoint {
        document["revocation_endpoint"] = json!(state.url(path::REVOKE));
    }
    match oddities.discovery.pkce {
        Pkce::S256 => document["code_challenge_methods_supported"] = json!(["S256"]),
        Pkce::PlainOnly => document["code_challenge_methods_supported"] = json!(["plain"]),
        Pkce::Unstated => {}
    }
    if oddities.sign_in.iss.advertised() {
        document["authorization_response_iss_parameter_supported"] = json!(true);
    }
    if oddities.sign_in.client_id_documents != ClientIdDocuments::Unsupported {
        document["client_id_metadata_document_supported"] = json!(true);
    }
    document
}

/// The portal's scopes and OpenID's; `offline_access` where a refresh token takes it.
pub(super) fn scopes(state: &State, oddities: &Oddities) -> Vec<String> {
    let mut scopes = state.options.scopes.clone();
    scopes.extend(["openid", "email"].map(str::to_owned));
    if matches!(
        oddities.token.refresh_tokens,
        RefreshTokens::OfflineAccess | RefreshTokens::OfflineAccessWithConsent
    ) {
        scopes.push("offline_access".to_owned());
    }
    scopes
}
