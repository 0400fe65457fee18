//! Names that keyfob gives: profiles and machines.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A profile's name: `[a-z0-9][a-z0-9-]{0,62}`. Safe as a file name, an argument and a table key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ProfileName(String);

/// The text is no profile name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no profile name: small letters, digits and dashes, 1 to 63, not starting with a dash")]
pub struct InvalidProfileName(String);

impl ProfileName {
    /// Checks the text against the grammar.
    pub fn parse(text: &str) -> Result<Self, InvalidProfileName> {
        let body = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let valid = (1..=63).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(body);
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidProfileName(crate::server_text::shown(text)))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A name made from a server's host, for `keyfob connect URL`: `mcp.example.com` gives `mcp-example-com`.
    pub fn from_host(host: &str) -> Self {
        let mapped: String = host
            .to_ascii_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let trimmed: String = mapped.trim_matches('-').chars().take(63).collect();
        Self::parse(&trimmed).unwrap_or_else(|_| Self("portal".into()))
    }
}

impl std::fmt::Display for ProfileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ProfileName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V12
    #[test]
    fn names_match_a_strict_set() {
        for good in ["a", "readonly", "0-1", &"x".repeat(63)] {
            assert!(ProfileName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "A", "a b", "a/b", "..", "a\n", "ä", &"x".repeat(64)] {
            assert!(ProfileName::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_host_makes_a_name() {
        assert_eq!(ProfileName::from_host("MCP.Example.com").as_str(), "mcp-example-com");
        assert_eq!(ProfileName::from_host("[::1]").as_str(), "1");
        assert_eq!(ProfileName::from_host("[::]").as_str(), "portal");
    }
}
