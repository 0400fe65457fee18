//! The steps of a walk: their names, and where the standards speak of each.

/// One step along the chain, in the order of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A connection, and TLS on it.
    Reach,
    /// The 401 and what its challenge says.
    Challenge,
    /// The resource metadata document.
    ResourceMetadata,
    /// For whom that document speaks.
    ResourceMatch,
    /// The authorization servers it names.
    AuthorizationServers,
    /// The authorization server's own document.
    ServerMetadata,
    /// Who that document says it is.
    Issuer,
    /// Where its endpoints lie.
    Endpoints,
    /// PKCE.
    Pkce,
    /// How to become a client.
    Registration,
    /// What the redirect back must be and bring.
    Redirect,
    /// Whether `resource` is taken.
    ResourceParameter,
    /// The answer of the token endpoint.
    Token,
    /// For whom a JWT access token is.
    Audience,
    /// Renewal and rotation.
    Refresh,
    /// Revocation.
    Revocation,
    /// MCP's first message with the token.
    Mcp,
    /// This machine's sealed store.
    Store,
    /// Who renews on this machine.
    Keeper,
    /// Where tokens are written.
    Deliveries,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 20] = [
        Self::Reach,
        Self::Challenge,
        Self::ResourceMetadata,
        Self::ResourceMatch,
        Self::AuthorizationServers,
        Self::ServerMetadata,
        Self::Issuer,
        Self::Endpoints,
        Self::Pkce,
        Self::Registration,
        Self::Redirect,
        Self::ResourceParameter,
        Self::Token,
        Self::Audience,
        Self::Refresh,
        Self::Revocation,
        Self::Mcp,
        Self::Store,
        Self::Keeper,
        Self::Deliveries,
    ];

    /// A short stable name for scripts.
    pub fn id(self) -> &'static str {
        self.words().0
    }

    /// A name for people.
    pub fn title(self) -> &'static str {
        self.words().1
    }

    /// The sections of the standards; `None` for what is this machine's own.
    pub fn spec(self) -> Option<&'static str> {
        self.words().2
    }

    fn words(self) -> (&'static str, &'static str, Option<&'static str>) {
        match self {
            Self::Reach => ("reach", "Reachability and TLS", Some("OAuth 2.1 §1.5; RFC 9110 §4.2.2")),
            Self::Challenge => ("challenge", "401 and challenge", Some("RFC 9728 §5.1; RFC 6750 §3")),
            Self::ResourceMetadata => ("resource-metadata", "Resource metadata", Some("RFC 9728 §3")),
            Self::ResourceMatch => ("resource-match", "Resource match", Some("RFC 9728 §3.3")),
            Self::AuthorizationServers => {
                ("authorization-servers", "Authorization servers", Some("RFC 9728 §2; RFC 8414 §2"))
            }
            Self::ServerMetadata => (
                "server-metadata",
                "Server metadata",
                Some(
                    "RFC 8414 §3; OpenID Connect Discovery §4; MCP, Authorization Server Metadata Discovery",
                ),
            ),
            Self::Issuer => ("issuer", "Issuer", Some("RFC 8414 §3.3")),
            Self::Endpoints => ("endpoints", "Endpoints", Some("RFC 8414 §2; OAuth 2.1 §1.5")),
            Self::Pkce => {
                ("pkce", "PKCE", Some("RFC 7636 §4.2; RFC 9700 §2.1.1; MCP, Authorization Code Protection"))
            }
            Self::Registration => (
                "registration",
                "Client registration",
                Some("RFC 7591 §3; MCP, Client Registration Approaches"),
            ),
            Self::Redirect => ("redirect", "Redirect", Some("RFC 8252 §7.3; RFC 9207 §2")),
            Self::ResourceParameter => ("resource-parameter", "`resource` parameter", Some("RFC 8707 §2")),
            Self::Token => ("token", "Token answer", Some("RFC 6749 §5.1; RFC 6750 §4")),
            Self::Audience => ("audience", "Token audience", Some("RFC 9068 §3; RFC 8707 §2.2")),
            Self::Refresh => ("refresh", "Refresh and rotation", Some("RFC 6749 §6; OAuth 2.1 §4.3")),
            Self::Revocation => ("revocation", "Revocation", Some("RFC 7009 §2")),
            Self::Mcp => ("mcp", "MCP with the token", Some("MCP, Access Token Usage; MCP, Lifecycle")),
            Self::Store => ("store", "Store here", None),
            Self::Keeper => ("keeper", "Keeper here", None),
            Self::Deliveries => ("deliveries", "Deliveries here", None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_name_every_step_in_its_order_and_no_other() {
        let page = include_str!("../../../../docs/doctor.md");
        let table = page.split("| `id` |").nth(1).unwrap().split("\n\n").next().unwrap();
        let named: Vec<_> =
            table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
        assert_eq!(named, Step::ALL.map(Step::id));
    }
}
