//! All ports of this machine, put together.

use std::sync::Arc;

use keyfob_agent::ports::{Notifier, Ports};
use keyfob_core::failure::Failure;

use crate::browser::SystemBrowser;
use crate::config_file::{ProfilesToml, Settings};
use crate::entropy::SystemEntropy;
use crate::http_client::ReqwestClient;
use crate::keyring_entries::SystemKeyringEntries;
use crate::loopback::SystemLoopback;
use crate::paths::Paths;
use crate::store::journal::JournalFiles;
use crate::store::machine_id::machine_id;
use crate::store::sealed_store::SealedStore;
use crate::store::sealing_key::{PassphrasePrompt, SealingKeySource};
use crate::system_clock::SystemClock;
use crate::token_files::SystemTokenFiles;

/// The ports for `paths`. Nothing is asked of the keyring or the network yet.
pub fn ports(paths: &Paths, notifier: Arc<dyn Notifier>) -> Result<Ports, Failure> {
    ports_asking(paths, notifier, None)
}

/// The same, with somebody who can be asked for a passphrase.
pub fn ports_asking(
    paths: &Paths,
    notifier: Arc<dyn Notifier>,
    prompt: Option<PassphrasePrompt>,
) -> Result<Ports, Failure> {
    let settings = Settings::read(paths)?;
    let keys = Arc::new(SealingKeySource::new(paths.clone(), settings.store_choice()?, prompt));
    Ok(Ports {
        settings: Arc::new(ProfilesToml::new(paths)),
        store: Arc::new(SealedStore::new(paths.clone(), keys)),
        http: Arc::new(ReqwestClient::new(&settings.network)?),
        browser: Arc::new(SystemBrowser),
        loopback: Arc::new(SystemLoopback),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        notifier,
        journal: Arc::new(JournalFiles::new(paths)),
        token_files: Arc::new(SystemTokenFiles),
        keyring_entries: Arc::new(SystemKeyringEntries),
        machine_id: machine_id(paths).into(),
    })
}
