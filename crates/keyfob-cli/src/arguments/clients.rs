//! Commands that look at and change the configuration of MCP clients.

use clap::{Args, ValueEnum};

// `keyfob clients`
#[derive(Debug, Args)]
pub(crate) struct Clients {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

// `keyfob import`
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Whose sign-in: mcp-remote, claude-code, codex, opencode, gemini, a token file, or - for one that is pasted.
    pub(crate) from: Option<String>,
    /// The profile to make; named after the server if not given.
    pub(crate) name: Option<String>,
    /// Which server, by the program's name for it or by its URL, where there are several.
    #[arg(long, value_name = "NAME|URL")]
    pub(crate) server: Option<String>,
    /// The MCP server, where the source does not say.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The client that the refresh token was given to, where the source does not say.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// The variable to take from a `.env` file.
    #[arg(long, value_name = "VAR")]
    pub(crate) key: Option<String>,
    /// The server may have a private address.
    #[arg(long)]
    pub(crate) private_network: bool,
    /// Print what there is as JSON; nothing is taken over.
    #[arg(long, conflicts_with = "from")]
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
    /// An entry of the client that makes room for keyfob's, such as one with a token in the clear; unlink brings it back.
    #[arg(long, value_name = "ENTRY")]
    pub(crate) replace: Option<String>,
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

// `keyfob client-metadata`
#[derive(Debug, Args)]
pub(crate) struct ClientMetadata {
    /// Where the document is, or will be, hosted; this is the client id.
    #[arg(long, value_name = "URL")]
    pub(crate) url: String,
    /// Fetch what is hosted there and say what is wrong with it.
    #[arg(long)]
    pub(crate) check: bool,
    /// Where sign-ins come back to, instead of the usual three; profiles that use the document are taken into account.
    #[arg(long = "redirect", value_name = "HOST[:PORT][/PATH]")]
    pub(crate) redirects: Vec<String>,
    /// What people are shown when they are asked to allow it.
    #[arg(long, value_name = "TEXT", default_value = "keyfob")]
    pub(crate) client_name: String,
    /// The host may have a private address.
    #[arg(long, requires = "check")]
    pub(crate) private_network: bool,
}
