//! Commands that speak to an MCP server.

use clap::Args;

// `keyfob connect`
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// A profile, or the URL of an MCP server.
    #[arg(value_name = "NAME|URL")]
    pub(crate) target: String,
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
