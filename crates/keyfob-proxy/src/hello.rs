//! MCP with the token that is held: hello, the tool list, goodbye. The token is used as it is; nothing renews it.

use std::sync::Arc;

use async_trait::async_trait;
use keyfob_agent::journeys::doctor::Handshake;
use keyfob_agent::ports::HttpClient;
use keyfob_core::failure::{Failure, Misbehaviour, SignInNeeded};
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use keyfob_core::secret::AccessToken;

use crate::mcp_client::McpClient;
use crate::token_source::TokenSource;

/// Speaks MCP for the doctor.
pub struct Hello;

#[async_trait]
impl Handshake for Hello {
    async fn shake(
        &self,
        http: Arc<dyn HttpClient>,
        profile: &Profile,
        token: AccessToken,
    ) -> Result<String, Failure> {
        let client = McpClient::connect(http, profile, Arc::new(OneToken(token))).await?;
        let tools = client.list_tools().await;
        client.end().await;
        Ok(match tools?.len() {
            1 => "1 tool".to_owned(),
            n => format!("{n} tools"),
        })
    }
}

/// A token, and no other.
struct OneToken(AccessToken);

#[async_trait]
impl TokenSource for OneToken {
    async fn token(&self) -> Result<Option<AccessToken>, Failure> {
        Ok(Some(self.0.clone()))
    }

    async fn after_unauthorized(&self, _refused: &AccessToken) -> Result<AccessToken, Failure> {
        Err(Misbehaviour::Mcp(
            "it refuses a token of its own authorization server that has not run out".into(),
        )
        .into())
    }

    async fn step_up(&self, _lacking: &AccessToken, wanted: &ScopeSet) -> Result<AccessToken, Failure> {
        Err(SignInNeeded::MoreScopes(wanted.to_wire().unwrap_or_default()).into())
    }
}
