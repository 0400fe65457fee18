//! Commands that look at and change the configuration of MCP clients.

use clap::{Args, ValueEnum};

// `keyfob clients`
#[derive(Debug, Args)]
pub(crate) struct Clients {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

// `keyfob link`
#[derive(Debug, Args)]
pub(crate) struct LinkTo {
    /// The profile.
    pub(crate) name: String,
    /// The client; keyfob clients lists them.
    pub(crate) client: String,
    /// How the client gets its token; the client's best way if not given.
    #[arg(long, value_enum)]
    pub(crate) via: Option<LinkVia>,
    /// Only show what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `--via`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LinkVia {
    /// It runs `keyfob headers`.
    Helper,
    /// It speaks to the keeper at an address of its own on this machine.
    Proxy,
    /// It starts `keyfob connect`.
    Bridge,
}

// `keyfob unlink`
#[derive(Debug, Args)]
pub(crate) struct Unlink {
    /// The profile.
    pub(crate) name: String,
    /// The client.
    pub(crate) client: String,
    /// Only show what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
