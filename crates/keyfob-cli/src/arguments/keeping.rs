//! Commands around the keeper, the store and what they tell.

use clap::{Args, Subcommand, ValueEnum};

// `keyfob agent`
#[derive(Debug, Args)]
pub(crate) struct Agent {
    /// Also serve metrics for Prometheus and /health at this address of this machine, such as 127.0.0.1:9464.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) metrics: Option<String>,
    /// Write a user service that runs the keeper, and start it.
    #[arg(long)]
    pub(crate) install: bool,
    /// Take the service away again.
    #[arg(long, conflicts_with_all = ["install", "metrics"])]
    pub(crate) uninstall: bool,
    /// A service of the system instead of the user's own, for a machine without sessions.
    #[arg(long)]
    pub(crate) system: bool,
}

// `keyfob store`
#[derive(Debug, Args)]
pub(crate) struct Store {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

// `keyfob store …`
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum StoreCommand {
    /// Move the sealing key; a move that was interrupted goes on.
    Move {
        /// Where to.
        #[arg(value_enum, value_name = "BACKEND")]
        backend: StoreBackend,
    },
}

/// Where a sealing key can live.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StoreBackend {
    /// The platform's keyring.
    Keyring,
    /// Derived from a passphrase, read from KEYFOB_PASSPHRASE_FILE.
    Passphrase,
    /// A file; protects copies and backups, not this account.
    KeyFile,
    /// Sealed by systemd to this machine.
    SystemdCreds,
}

// `keyfob status`
#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Only this profile.
    pub(crate) name: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Go on showing changes.
    #[arg(long)]
    pub(crate) watch: bool,
}

// `keyfob log`
#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Only this profile.
    pub(crate) name: Option<String>,
    /// Go on showing what happens.
    #[arg(long)]
    pub(crate) follow: bool,
    /// One JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
}

// `keyfob demo`
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the portals running and the folder in place until Ctrl-C.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Sign in with your own browser.
    #[arg(long)]
    pub(crate) browser: bool,
}
