//! All ports of this machine, put together.

use std::sync::Arc;

use keyfob_agent::ports::{Clock, CredentialStore, Journal, Notifier, Ports, ProfileSettings};
use keyfob_core::failure::Failure;

use crate::assertion_signer::RingSigner;
use crate::browser::SystemBrowser;
use crate::client_keys::ClientKeysFile;
use crate::config_file::{ProfilesToml, Settings};
use crate::delivery_command::CommandsApart;
use crate::entropy::SystemEntropy;
use crate::http_client::ReqwestClient;
use crate::keyring_entries::SystemKeyringEntries;
use crate::loopback::SystemLoopback;
use crate::paths::Paths;
use crate::power::SystemPower;
use crate::store::backend::Choice;
use crate::store::journal::JournalFiles;
use crate::store::machine_id::machine_id;
use crate::store::sealed_store::SealedStore;
use crate::store::sealing_key::{PassphrasePrompt, SealingKeySource};
use crate::system_clock::SystemClock;
use crate::token_files::SystemTokenFiles;

/// What the ports are made for.
pub struct Composition {
    /// Where the files are.
    pub paths: Paths,
    /// Who shows notifications.
    pub notifier: Arc<dyn Notifier>,
    /// Who can be asked for a passphrase.
    pub prompt: Option<PassphrasePrompt>,
    /// A store chosen by the program itself (the demo); else the user's choice.
    pub store: Option<Choice>,
}

/// The ports behind a token that is held: what is kept on this machine, and time. They reach no network, so that a program
/// made of these alone is small and starts sooner than one made of all.
pub struct Kept {
    /// `profiles.toml`.
    pub settings: Arc<dyn ProfileSettings>,
    /// Sealed records.
    pub store: Arc<dyn CredentialStore>,
    /// What happened.
    pub journal: Arc<dyn Journal>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Kept {
    /// The user's own, with nobody to ask for a passphrase. Nothing is asked of the keyring yet.
    pub fn new(paths: &Paths) -> Result<Self, Failure> {
        Ok(Self::sealed_by(paths, Settings::read(paths)?.store_choice()?, None))
    }

    fn sealed_by(paths: &Paths, choice: Choice, prompt: Option<PassphrasePrompt>) -> Self {
        // Kept up to date for programs that will be told of it; a folder that takes no writes shows where it matters.
        if let Err(problem) = paths.home_argument() {
            tracing::debug!(%problem, "where.toml could not be kept");
        }
        let keys = Arc::new(SealingKeySource::new(paths.clone(), choice, prompt));
        Self {
            settings: Arc::new(ProfilesToml::new(paths)),
            store: Arc::new(SealedStore::new(paths.clone(), keys)),
            journal: Arc::new(JournalFiles::new(paths)),
            clock: Arc::new(SystemClock),
        }
    }
}

impl Composition {
    /// The usual one: the user's store, nobody to ask.
    pub fn new(paths: Paths, notifier: Arc<dyn Notifier>) -> Self {
        Self { paths, notifier, prompt: None, store: None }
    }

    /// Makes the ports. Nothing is asked of the keyring or the network yet.
    pub fn ports(self) -> Result<Ports, Failure> {
        let paths = &self.paths;
        let read = Settings::read(paths)?;
        let choice = self.store.map_or_else(|| read.store_choice(), Ok)?;
        let Kept { settings, store, journal, clock } = Kept::sealed_by(paths, choice, self.prompt);
        Ok(Ports {
            settings,
            store,
            http: Arc::new(ReqwestClient::new(&read.network, Arc::clone(&clock))?),
            browser: Arc::new(SystemBrowser),
            loopback: Arc::new(SystemLoopback),
            clock: Arc::clone(&clock),
            entropy: Arc::new(SystemEntropy),
            signer: Arc::new(RingSigner),
            notifier: self.notifier,
            journal: Arc::clone(&journal),
            token_files: Arc::new(SystemTokenFiles::new(paths)),
            keyring_entries: Arc::new(SystemKeyringEntries::new(paths)),
            commands: Arc::new(CommandsApart::new(paths, journal, clock)),
            client_keys: Arc::new(ClientKeysFile::new(paths)),
            power: Arc::new(SystemPower::default()),
            machine_id: machine_id(paths).into(),
        })
    }
}
