//! Who signed in: from the ID token, else from userinfo. Best effort: a name is nice to have, never a reason to fail.

use http::{HeaderMap, Method};
use keyfob_core::discovery::authorization_server::AuthorizationServer;
use keyfob_core::grant::id_token;
use keyfob_core::grant::token_endpoint::TokenAnswer;
use keyfob_core::profile::Profile;

use super::guard_of;
use crate::ports::{HttpRequest, Ports};

/// The account, where anybody tells.
pub(super) async fn account(
    ports: &Ports,
    profile: &Profile,
    server: &AuthorizationServer,
    answer: &TokenAnswer,
) -> Option<String> {
    if answer.account.is_some() {
        return answer.account.clone();
    }
    let endpoint = server.userinfo_endpoint()?;
    // Userinfo is the authorization server's own resource (G2): only a token with `openid` is meant for it.
    if !answer.scopes.as_ref().is_some_and(|scopes| scopes.contains("openid")) {
        return None;
    }
    let request = HttpRequest {
        method: Method::GET,
        url: endpoint.url().clone(),
        headers: HeaderMap::new(),
        bearer: Some(answer.access_token.clone()),
        body: Vec::new(),
        guard: guard_of(profile),
    };
    let response = ports.http.fetch(request).await.ok().filter(|r| r.status == 200)?;
    id_token::account_from_userinfo(&response.body)
}
