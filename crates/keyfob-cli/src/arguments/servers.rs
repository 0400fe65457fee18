//! Commands that speak to an MCP server.

use clap::Args;

use super::profiles::BrowserChoice;

// `keyfob connect`
#[derive(Debug, Args)]
#[command(
    after_help = "It takes mcp-remote's arguments as well: in a client's configuration, write keyfob connect URL … for \
    npx mcp-remote URL …"
)]
pub(crate) struct Connect {
    /// A profile, or the URL of an MCP server.
    #[arg(value_name = "NAME|URL")]
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) as_mcp_remote: super::AsMcpRemote,
}

// `keyfob call`
#[derive(Debug, Args)]
pub(crate) struct Call {
    /// The profile.
    pub(crate) name: String,
    /// The tool.
    pub(crate) tool: String,
    /// Its arguments as a JSON object.
    #[arg(default_value = "{}")]
    pub(crate) arguments: String,
    /// Print the whole result.
    #[arg(long)]
    pub(crate) json: bool,
}

// `keyfob tools`
#[derive(Debug, Args)]
pub(crate) struct Tools {
    /// The profile.
    pub(crate) name: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

// `keyfob doctor`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Doctor {
    /// A profile, or the URL of an MCP server.
    #[arg(value_name = "NAME|URL")]
    pub(crate) target: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write the whole walk as Markdown, fit for a bug tracker.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<std::path::PathBuf>,
    /// Also sign in for a trial, with a client of its own that is signed out at the end; a profile keeps what it holds.
    #[arg(long)]
    pub(crate) sign_in: bool,
    #[command(flatten)]
    pub(crate) browser: BrowserChoice,
    /// Show what was sent and received at every step.
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// The server may have a private address.
    #[arg(long)]
    pub(crate) private_network: bool,
}
