//! Links through the loopback proxy: an address with a key of its own for this client and profile, made before the link and
//! taken back with it.

use std::fmt::Display;

use keyfob_agent::local_proxy::ProxyDoors;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::secret::ProxyKey;

use crate::ledger::Link;

/// The address to be written into a client's file.
pub struct Address {
    text: String,
    port: u16,
    /// To be kept once the link is made; `None` for one that is kept already.
    key: Option<ProxyKey>,
}

impl Address {
    /// The address of the link that is there, where its key is still known; else one with a new key.
    ///
    /// # Errors
    /// Where no port can be chosen and kept, or the known keys cannot be read.
    pub fn of(
        doors: &dyn ProxyDoors,
        client: &str,
        profile: &Profile,
        there: Option<&Link>,
    ) -> Result<Self, Failure> {
        let port = doors.kept_port()?;
        if doors.knows(client, &profile.name)?
            && let Some(text) = there.and_then(|link| written(&link.entry, port))
            && text.ends_with(&below_the_key(profile))
        {
            return Ok(Self { text, port, key: None });
        }
        let key = doors.draw();
        #[expect(clippy::disallowed_methods, reason = "the client's own file is where its key belongs")]
        let text = address(port, key.expose_secret(), profile);
        Ok(Self { text, port, key: Some(key) })
    }

    /// For a trial run: no key is made and no port is chosen.
    ///
    /// # Errors
    /// Where the settings cannot be read.
    pub fn on_trial(doors: &dyn ProxyDoors, profile: &Profile) -> Result<Self, Failure> {
        let port = doors.chosen_port()?;
        let said = port.map_or_else(|| "PORT".to_owned(), |port| port.to_string());
        Ok(Self { text: address(said, "KEY", profile), port: port.unwrap_or_default(), key: None })
    }

    /// As it is written.
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// The proxy's port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Makes the link, with its key first: a client may come at once. A link that is not made leaves no key; one that goes another
/// way takes an earlier key back.
///
/// # Errors
/// What `link` fails with, or a key that cannot be kept.
pub fn carry_out(
    doors: &dyn ProxyDoors,
    client: &str,
    profile: &Profile,
    address: Option<&Address>,
    link: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    match address.map(|address| address.key.as_ref()) {
        None => {
            link()?;
            Ok(doors.revoke(client, &profile.name)?)
        }
        Some(None) => link(),
        Some(Some(key)) => {
            doors.keep(key, client, &profile.name)?;
            // A key that stays after all opens nothing to anybody: it was written nowhere.
            link().inspect_err(|_| drop(doors.revoke(client, &profile.name)))
        }
    }
}

/// The key of this client and profile opens nothing any more.
///
/// # Errors
/// Where the known keys cannot be written.
pub fn forget(doors: &dyn ProxyDoors, client: &str, profile: &str) -> Result<(), Failure> {
    match ProfileName::parse(profile) {
        Ok(profile) => Ok(doors.revoke(client, &profile)?),
        Err(_) => Ok(()),
    }
}

fn address(port: impl Display, key: &str, profile: &Profile) -> String {
    format!("{}{key}{}", before_the_key(port), below_the_key(profile))
}

/// 127.0.0.1 and no name: whoever listens at another address of `localhost` is not keyfob (V8).
fn before_the_key(port: impl Display) -> String {
    format!("http://127.0.0.1:{port}/c/")
}

/// The server's own path follows the profile, so that the client's view of it is the usual one.
fn below_the_key(profile: &Profile) -> String {
    let path = profile.url.url().path();
    format!("/{}{}", profile.name, if path == "/" { "" } else { path })
}

/// An address without a proxy's key; any other text as it is.
pub(crate) fn masked(text: &str) -> String {
    let rest = text.strip_prefix("http://127.0.0.1:").and_then(|rest| rest.split_once("/c/"));
    match rest {
        Some((port, rest)) => {
            let below = rest.split_once('/').map(|(_, below)| format!("/{below}")).unwrap_or_default();
            format!("http://127.0.0.1:{port}/c/KEY{below}")
        }
        None => text.to_owned(),
    }
}

/// The address in an entry as it was written, wherever the client wants it.
fn written(entry: &serde_json::Value, port: u16) -> Option<String> {
    let members = entry.as_object()?.values().filter_map(serde_json::Value::as_str);
    members.into_iter().find(|text| text.starts_with(&before_the_key(port))).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// V15: what is shown of an address opens nothing.
    #[test]
    fn a_key_is_masked_wherever_it_stands() {
        for (text, shown) in [
            ("http://127.0.0.1:4117/c/s3cr3t/work/mcp", "http://127.0.0.1:4117/c/KEY/work/mcp"),
            ("http://127.0.0.1:4117/c/s3cr3t", "http://127.0.0.1:4117/c/KEY"),
            ("http://127.0.0.1:2/x", "http://127.0.0.1:2/x"),
            ("https://a.example/c/path", "https://a.example/c/path"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
