//! The authorization server: what it knows of clients, codes and devices, and which endpoint answers what.

mod answer;
mod authorize;
pub(crate) mod client;
mod client_authentication;
mod device;
mod metadata;
mod registration;
mod revocation;
mod token;
mod user_info;

use std::collections::{BTreeMap, HashMap, HashSet};

use axum::response::{IntoResponse as _, Json, Response};
use http::StatusCode;
use serde_json::json;

use crate::endpoint::Endpoint;
use crate::exchange::Arrived;
use crate::faults::no_store;
use crate::portal::State;
use authorize::{AuthorizationRequest, Code};
use client::Client;
use device::Device;

/// Everything but grants and tokens.
#[derive(Default)]
pub(crate) struct AuthorizationServer {
    clients: BTreeMap<String, Client>,
    /// Authorization requests whose page is open.
    pages: HashMap<String, AuthorizationRequest>,
    codes: HashMap<String, Code>,
    /// Devices by device code.
    devices: HashMap<String, Device>,
    /// Identifiers of client assertions already seen (RFC 7523 section 3).
    assertions: HashSet<String>,
}

impl AuthorizationServer {
    pub(crate) fn add_client(&mut self, client: Client) {
        self.clients.insert(client.id.clone(), client);
    }

    pub(crate) fn forget_clients(&mut self) {
        self.clients.clear();
    }

    /// Allows a waiting device for an account, or declines it.
    pub(crate) fn decide_device(&mut self, user_code: &str, account: Option<&str>) -> bool {
        let waiting = self.devices.values_mut().find(|device| device.waits_for(user_code));
        waiting.map(|device| device.decide(account)).is_some()
    }
}

/// Answers a request to one of the authorization server's endpoints.
pub(crate) fn answer(state: &State, endpoint: Endpoint, arrived: &Arrived) -> Response {
    let answer = match endpoint {
        Endpoint::ProtectedResource => return metadata::protected_resource(state, arrived),
        Endpoint::AuthorizationServerMetadata | Endpoint::OpenIdMetadata => {
            return metadata::authorization_server(state, arrived);
        }
        Endpoint::Keys => return Json(json!({ "keys": [] })).into_response(),
        Endpoint::Registration => registration::register(state, arrived),
        Endpoint::RegistrationManagement => registration::manage(state, arrived),
        Endpoint::Authorize => authorize::authorize(state, arrived),
        Endpoint::Decision => authorize::decide(state, arrived),
        Endpoint::DeviceAuthorization => device::authorize(state, arrived),
        Endpoint::DevicePage => device::page(state, arrived),
        Endpoint::Token | Endpoint::Refresh => token::token(state, arrived),
        Endpoint::Revocation => revocation::revoke(state, arrived),
        Endpoint::UserInfo => user_info::user_info(state, arrived),
        Endpoint::Mcp | Endpoint::McpCall | Endpoint::Other => StatusCode::NOT_FOUND.into_response(),
    };
    no_store(answer)
}
