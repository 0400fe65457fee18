//! What keyfob wrote into which file, so that it can be taken out again and nothing else. The ledger is ours; clients' files
//! get no mark.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::client::Via;

/// All links of this user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// In the order they were made.
    pub links: Vec<Link>,
}

/// One entry in one client's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The client's id.
    pub client: String,
    /// The profile's name.
    pub profile: String,
    /// How the client gets its token.
    pub via: Via,
    /// The file; `null` where the client's own command wrote.
    pub file: Option<PathBuf>,
    /// The tables that lead to the entry.
    pub tables: Vec<String>,
    /// The entry's name.
    pub name: String,
    /// The entry as it was written.
    pub entry: serde_json::Value,
    /// How many of the tables were made for it.
    pub made: usize,
    /// The file as it was before, in keyfob's own folder; `null` where there was none.
    pub before: Option<PathBuf>,
    /// SHA-256 of the file as it was left, in hexadecimal digits.
    pub after: String,
    /// Entries of others that made room for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
}

/// An entry of somebody else's that a link took the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its name.
    pub name: String,
    /// A copy in which it stands at its place, in keyfob's own folder.
    pub kept: PathBuf,
}

impl Ledger {
    /// The link of this profile in this client.
    pub fn find(&self, client: &str, profile: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.client == client && link.profile == profile)
    }

    /// Without that link.
    #[must_use]
    pub fn without(&self, link: &Link) -> Self {
        Self { links: self.links.iter().filter(|other| *other != link).cloned().collect() }
    }

    /// With this link, in place of an earlier one of the same profile in the same client.
    #[must_use]
    pub fn with(&self, link: Link) -> Self {
        let mut next = self.without_profile(&link);
        next.links.push(link);
        next
    }

    /// Without any link of the same profile in the same client.
    #[must_use]
    pub fn without_profile(&self, link: &Link) -> Self {
        let is_same = |other: &&Link| other.client == link.client && other.profile == link.profile;
        Self { links: self.links.iter().filter(|other| !is_same(other)).cloned().collect() }
    }
}

/// SHA-256 in hexadecimal digits.
pub fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"))
}
