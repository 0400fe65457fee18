//! What every command works with: the ports of this machine, and the way to a running keeper.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use keyfob_agent::control::client::ControlClient;
use keyfob_agent::journeys::profiles::find_profile;
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{Notifier, Ports};
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_platform::compose::Composition;
use keyfob_platform::control_socket;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Backend;
use keyfob_platform::store::moving::move_key;
use keyfob_platform::threads;
use zeroize::Zeroizing;

use crate::{output, passphrase};

/// How long a keeper may take to say hello. It does so at once unless it is frozen (fault 8), and then nobody waits for it.
pub(crate) const HELLO_PATIENCE: Duration = Duration::from_secs(2);

/// One run of the program.
pub(crate) struct Context {
    pub(crate) paths: Paths,
    /// `--home` or `KEYFOB_HOME`, where given: what starts keyfob again needs it too.
    pub(crate) home: Option<PathBuf>,
    ports: OnceLock<Ports>,
    keeper_is_out_of_reach: AtomicBool,
    keeper_was_frozen: AtomicBool,
}

/// The command line has no notifications of its own; the keeper tells its user.
pub(crate) struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

impl Context {
    pub(crate) fn new(paths: Paths, home: Option<PathBuf>) -> Self {
        let (keeper_is_out_of_reach, keeper_was_frozen) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { paths, home, ports: OnceLock::new(), keeper_is_out_of_reach, keeper_was_frozen }
    }

    /// The ports, made at the first use: what is answered by a running keeper needs none.
    pub(crate) fn ports(&self) -> Result<&Ports, Failure> {
        if let Some(ports) = self.ports.get() {
            return Ok(ports);
        }
        let ports = self.ports_asking(None)?;
        Ok(self.ports.get_or_init(|| ports))
    }

    /// The same for the keeper and for commands that work with a person: the store's passphrase is asked for, once and before
    /// anything begins, where one is needed and a terminal is there.
    pub(crate) async fn ports_with_a_person(&self) -> Result<&Ports, Failure> {
        let mut ports = self.ports_asking(None)?;
        loop {
            let status = ports.store.status().await;
            let typed = match status.problem {
                Some(StoreProblem::PassphraseNeeded) => passphrase::typed(),
                Some(problem @ StoreProblem::WrongPassphrase) => {
                    output::warning(&problem.to_string());
                    passphrase::typed()
                }
                None if self.needs_a_new_passphrase(&status.backend) => {
                    let Some(chosen) = passphrase::chosen() else { return self.ports() };
                    self.seal_with(chosen.clone()).await?;
                    Some(chosen)
                }
                _ => None,
            };
            if typed.is_none() {
                return Ok(self.ports.get_or_init(|| ports));
            }
            ports = self.ports_asking(typed)?;
        }
    }

    /// The key is made at once: whoever asks next has to be asked for the same passphrase, not for a new one.
    async fn seal_with(&self, passphrase: Zeroizing<String>) -> Result<(), Failure> {
        let (paths, prompt) = (self.paths.clone(), passphrase::known(passphrase));
        let made = threads::on_a_thread_or_here(move || move_key(&paths, Backend::Passphrase, Some(prompt)));
        made.await.map_err(|error| Failure::Bug(format!("no key was made: {error}")))?.map(|_| ())
    }

    fn needs_a_new_passphrase(&self, backend: &str) -> bool {
        backend == "passphrase" && !self.paths.store_record().exists() && !passphrase::is_in_a_file()
    }

    fn ports_asking(&self, passphrase: Option<Zeroizing<String>>) -> Result<Ports, Failure> {
        let prompt = passphrase.map(passphrase::known);
        let composition = Composition::new(self.paths.clone(), std::sync::Arc::new(Silent));
        Composition { prompt, ..composition }.ports()
    }

    /// The profile a person named.
    pub(crate) fn profile(&self, name: &str) -> Result<Profile, Failure> {
        find_profile(&*self.ports()?.settings, &profile_name(name)?)
    }

    /// A connection to the keeper, if one runs.
    pub(crate) async fn keeper(&self) -> Option<ControlClient<control_socket::ControlStream>> {
        if self.does_without_keeper() {
            return None;
        }
        let opened = tokio::time::timeout(HELLO_PATIENCE, async {
            let stream = control_socket::connect(&self.paths.control_socket()).await.ok()?;
            ControlClient::open(stream).await.ok()
        });
        opened.await.unwrap_or_else(|_| {
            self.keeper_does_not_move();
            None
        })
    }

    /// Says so, and goes on without it.
    pub(crate) fn keeper_does_not_move(&self) {
        output::warning("a keeper runs and does not answer; going on without it");
        self.keeper_was_frozen.store(true, Ordering::Relaxed);
        self.do_without_keeper();
    }

    pub(crate) fn keeper_was_frozen(&self) -> bool {
        self.keeper_was_frozen.load(Ordering::Relaxed)
    }

    /// From now on everything is done as if no keeper ran: it is frozen, ends, or is of a version that does not
    /// understand. The profile's lock keeps both from spending one refresh token.
    pub(crate) fn do_without_keeper(&self) {
        self.keeper_is_out_of_reach.store(true, Ordering::Relaxed);
    }

    pub(crate) fn does_without_keeper(&self) -> bool {
        self.keeper_is_out_of_reach.load(Ordering::Relaxed)
    }

    /// Tells a running keeper that settings or this profile's record were changed here; without a name, any record.
    pub(crate) async fn tell_keeper(&self, profile: Option<&ProfileName>) {
        if let Some(mut keeper) = self.keeper().await
            && let Err(failure) = keeper.changed(profile.cloned()).await
        {
            output::warning(&format!("the running keeper was not told: {failure}"));
        }
    }
}

/// A name that may not even be one: then there is no such profile.
pub(crate) fn profile_name(text: &str) -> Result<ProfileName, Failure> {
    ProfileName::parse(text).map_err(|_| Failure::NoSuchProfile(keyfob_core::server_text::shown(text)))
}
