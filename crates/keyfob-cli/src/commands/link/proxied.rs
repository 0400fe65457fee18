//! Links through the loopback proxy: an address with a key of its own for this client and profile, and who answers there.

use std::time::Duration;

use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::secret::ProxyKey;
use keyfob_links::ledger::Link;
use keyfob_platform::client_keys::ClientKeysFile;
use keyfob_platform::config_file::Settings;
use keyfob_platform::local_entrances::answers_at;

use crate::context::Context;
use crate::output;

/// How long a keeper that was told may take to listen.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The address to be written into a client's file.
pub(super) struct Address {
    text: String,
    port: u16,
    /// To be kept once the link is made; `None` for one that is kept already.
    key: Option<ProxyKey>,
}

impl Address {
    /// The address of the link that is there, where its key is still known; else one with a new key. A trial run has no key
    /// and chooses no port.
    pub(super) fn of(
        context: &Context,
        client: &str,
        profile: &Profile,
        there: Option<&Link>,
        trial: bool,
    ) -> Result<Self, Failure> {
        if trial {
            let port = Settings::read(&context.paths)?.proxy.port.unwrap_or_default();
            return Ok(Self { text: address(port, "KEY", profile), port, key: None });
        }
        let port = Settings::kept_proxy_port(&context.paths)?;
        if ClientKeysFile::new(&context.paths).knows(client, &profile.name)?
            && let Some(text) = there.and_then(|link| written(&link.entry, port))
            && text.ends_with(&below_the_key(profile))
        {
            return Ok(Self { text, port, key: None });
        }
        let key = ClientKeysFile::draw();
        #[expect(clippy::disallowed_methods, reason = "the client's own file is where its key belongs")]
        let text = address(port, key.expose_secret(), profile);
        Ok(Self { text, port, key: Some(key) })
    }

    /// As it is written.
    pub(super) fn text(&self) -> String {
        self.text.clone()
    }

    /// A link without anybody who answers is told, with the next step.
    pub(super) async fn say_who_answers(&self, context: &Context) {
        let port = self.port;
        if context.keeper().await.is_none() {
            output::warning(&format!(
                "no keeper runs: nobody answers at port {port} until the tray app or `keyfob agent` is started"
            ));
            output::hint("start the tray app and switch on its start at login, or: keyfob agent --install");
            return;
        }
        let listens = async {
            while !answers_at(port).await {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(PATIENCE, listens).await.is_err() {
            output::warning(&format!(
                "the keeper does not answer at port {port}: another program may have it"
            ));
            output::hint(&format!(
                "end the program on port {port}; or choose another port under [proxy] in config.toml, restart the keeper, \
                 and link again"
            ));
        }
    }
}

/// Makes the link, with its key first: a client may come at once. A link that is not made leaves no key; one that goes another
/// way takes an earlier key back.
pub(super) fn carry_out(
    context: &Context,
    client: &str,
    profile: &Profile,
    address: Option<&Address>,
    link: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let keys = ClientKeysFile::new(&context.paths);
    match address.map(|address| address.key.as_ref()) {
        None => {
            link()?;
            Ok(keys.revoke(client, &profile.name)?)
        }
        Some(None) => link(),
        Some(Some(key)) => {
            keys.keep(key, client, &profile.name)?;
            link().inspect_err(|_| {
                if let Err(problem) = keys.revoke(client, &profile.name) {
                    output::warning(&format!("the key of a link that was not made stays: {problem}"));
                }
            })
        }
    }
}

/// The key of this client and profile opens nothing any more.
pub(super) fn forget(context: &Context, client: &str, profile: &str) -> Result<(), Failure> {
    match ProfileName::parse(profile) {
        Ok(profile) => Ok(ClientKeysFile::new(&context.paths).revoke(client, &profile)?),
        Err(_) => Ok(()),
    }
}

fn address(port: u16, key: &str, profile: &Profile) -> String {
    format!("{}{key}{}", before_the_key(port), below_the_key(profile))
}

/// 127.0.0.1 and no name: whoever listens at another address of `localhost` is not keyfob (V8).
fn before_the_key(port: u16) -> String {
    format!("http://127.0.0.1:{port}/c/")
}

/// The server's own path follows the profile, so that the client's view of it is the usual one.
fn below_the_key(profile: &Profile) -> String {
    let path = profile.url.url().path();
    format!("/{}{}", profile.name, if path == "/" { "" } else { path })
}

/// The address in an entry as it was written, wherever the client wants it.
fn written(entry: &serde_json::Value, port: u16) -> Option<String> {
    let members = entry.as_object()?.values().filter_map(serde_json::Value::as_str);
    members.into_iter().find(|text| text.starts_with(&before_the_key(port))).map(str::to_owned)
}
