//! Commands that make, change or name a profile, and those that sign in.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

// One profile.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The profile.
    pub(crate) name: String,
}

// `keyfob config`
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// The profile to change.
    pub(crate) name: Option<String>,
    /// How long a sign-in lives where the server does not say, such as 30d, or `not-known`.
    #[arg(long, value_name = "D|not-known")]
    pub(crate) lifetime: Option<String>,
}

// `keyfob add`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(crate) struct Add {
    /// A name for it: small letters, digits and dashes.
    pub(crate) name: String,
    /// The MCP server.
    pub(crate) url: String,
    /// How tokens are got.
    #[arg(long, value_enum)]
    pub(crate) grant: Option<Grant>,
    /// Scopes to ask for instead of the server's suggestion.
    #[arg(long = "scope", value_name = "S")]
    pub(crate) scopes: Vec<String>,
    /// The `audience` parameter.
    #[arg(long, value_name = "A")]
    pub(crate) audience: Option<String>,
    /// A client id the server's operator gave.
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// Read the client secret from one line of standard input.
    #[arg(long, requires = "client_id")]
    pub(crate) client_secret_stdin: bool,
    /// Read the client secret from the first line of this file; it is sealed, and the file is not needed any more.
    #[arg(long, value_name = "FILE", requires = "client_id", conflicts_with = "client_secret_stdin")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The private key that proves the client (private_key_jwt), PEM or JWK: P-256, RSA or Ed25519. It is sealed, and the
    /// file is not needed any more.
    #[arg(long, value_name = "FILE", requires = "client_id", conflicts_with_all = ["client_secret_stdin", "client_secret_file"])]
    pub(crate) private_key: Option<PathBuf>,
    /// How the client proves itself.
    #[arg(long, value_enum, value_name = "METHOD")]
    pub(crate) client_auth: Option<ClientAuth>,
    /// The URL of a hosted client metadata document.
    #[arg(long, value_name = "URL")]
    pub(crate) client_metadata_url: Option<String>,
    /// The authorization server to use where several are listed.
    #[arg(long, value_name = "I")]
    pub(crate) issuer: Option<String>,
    /// The `resource` parameter, or `none` to leave it out.
    #[arg(long, value_name = "R|none")]
    pub(crate) resource: Option<String>,
    /// The loopback redirect, where the server pins it.
    #[arg(long, value_name = "HOST[:PORT][/PATH]")]
    pub(crate) redirect: Option<String>,
    /// Where to write the token: token-file:PATH[:FORMAT] or keyring:SERVICE/ACCOUNT[:bare|json].
    #[arg(long = "deliver", value_name = "KIND:…")]
    pub(crate) deliver: Vec<String>,
    /// What people call it.
    #[arg(long)]
    pub(crate) label: Option<String>,
    /// What it is for.
    #[arg(long, value_enum)]
    pub(crate) access: Option<Access>,
    /// When to warn before the sign-in ends, such as 7d; may be given several times.
    #[arg(long, value_name = "D")]
    pub(crate) remind: Vec<String>,
    /// How long a sign-in lives where the server does not say, such as 30d, or `not-known`.
    #[arg(long, value_name = "D|not-known")]
    pub(crate) lifetime: Option<String>,
    /// The server may have a private address.
    #[arg(long)]
    pub(crate) private_network: bool,
    /// Do not look the server up.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Sign in at once.
    #[arg(long, conflicts_with = "offline")]
    pub(crate) sign_in: bool,
    #[command(flatten)]
    pub(crate) browser: BrowserChoice,
}

// `keyfob sign-in`
#[derive(Debug, Args)]
pub(crate) struct SignIn {
    /// The profile.
    pub(crate) name: String,
    /// Sign in with a code typed on another device, whatever the profile's grant is.
    #[arg(long)]
    pub(crate) device: bool,
    /// Ask for this scope as well, beside what the sign-in has.
    #[arg(long = "scope", value_name = "S")]
    pub(crate) scopes: Vec<String>,
    #[command(flatten)]
    pub(crate) browser: BrowserChoice,
}

// How a person gets to the authorization page.
#[derive(Debug, Args)]
pub(crate) struct BrowserChoice {
    /// Print the URL instead of opening a browser; also takes the pasted redirect URL on standard input.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Let another account than the one so far sign in, without being asked.
    #[arg(long)]
    pub(crate) other_account: bool,
    /// Give up after this time, such as 10m; 5m if not given, and for a device's code as long as the code lives.
    #[arg(long, value_name = "D")]
    pub(crate) timeout: Option<String>,
}

/// `--grant`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Grant {
    /// Browser and redirect.
    AuthorizationCode,
    /// A code typed on another device.
    Device,
    /// No person at all: a machine's own client, with a secret or a key.
    ClientCredentials,
}

/// `--client-auth`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ClientAuth {
    /// A public client.
    None,
    /// client_secret_basic
    Basic,
    /// client_secret_post
    Post,
    /// private_key_jwt
    PrivateKeyJwt,
}

/// `--access`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Access {
    /// Reading only.
    Read,
    /// Changing things.
    Write,
}
