//! The command line as product contract: scripts are written against it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Keeps your MCP sign-ins alive.
#[derive(Debug, Parser)]
#[command(name = "keyfob", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start with: keyfob demo, or: keyfob add NAME URL --sign-in")]
pub(crate) struct Arguments {
    /// Keep everything under this folder instead of the platform's usual ones; also takes a `where.toml`.
    #[arg(long, global = true, value_name = "DIR", env = "KEYFOB_HOME", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,
    /// How the log on standard error is written; what is logged is set by KEYFOB_LOG, such as KEYFOB_LOG=info.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "F",
        env = "KEYFOB_LOG_FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a profile; looks the server up first and says what it found.
    Add(Box<Add>),
    /// Sign in, in the system browser.
    #[command(alias = "login")]
    SignIn(SignIn),
    /// Forget the tokens here at once and revoke them at the server.
    #[command(alias = "logout")]
    SignOut(Named),
    /// Sign out and delete the profile.
    Remove(Named),
    /// Show all profiles, or one.
    Status(Status),
    /// Print a valid token, renewing it first if needed.
    Token(Token),
    /// Print one flat JSON object of headers, for clients' header helpers.
    Headers(Headers),
    /// Run a command with the token in its environment.
    Exec(Exec),
    /// Renew now.
    Refresh(Named),
    /// Bridge standard input and output to the portal.
    Connect(Connect),
    /// Call one MCP tool.
    Call(Call),
    /// List the MCP tools.
    Tools(Tools),
    /// Show the MCP clients of this machine and what is linked to them.
    Clients(Clients),
    /// Write an entry for the profile into a client's configuration.
    Link(LinkTo),
    /// Take the entry out again; the rest of the file stays as it is.
    Unlink(Unlink),
    /// Stop background renewal until resumed; a valid token is still handed out.
    Pause(Named),
    /// Take background renewal up again.
    Resume(Named),
    /// Keep sign-ins alive without a screen.
    Agent(Agent),
    /// Change where the key that seals the sign-ins lives.
    Store(Store),
    /// Show what happened.
    Log(Log),
    /// Start two demo portals on this machine and show everything working.
    Demo(Demo),
    /// Show where keyfob keeps its files; with a profile, say when its sign-ins end.
    Config(Config),
    /// Print a completion script.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// `--log-format`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for people.
    Text,
    /// One JSON object a line, with its time.
    Json,
}

/// One profile.
#[derive(Debug, Args)]
pub(crate) struct Named {
    /// The profile.
    pub(crate) name: String,
}

/// `keyfob config`
#[derive(Debug, Args)]
pub(crate) struct Config {
    /// The profile to change.
    pub(crate) name: Option<String>,
    /// How long a sign-in lives where the server does not say, such as 30d, or `not-known`.
    #[arg(long, value_name = "D|not-known")]
    pub(crate) lifetime: Option<String>,
}

/// `keyfob add`
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

/// How a person gets to the authorization page.
#[derive(Debug, Args)]
pub(crate) struct BrowserChoice {
    /// Print the URL instead of opening a browser; also takes the pasted redirect URL on standard input.
    #[arg(long)]
    pub(crate) no_browser: bool,
    /// Give up after this time, such as 5m.
    #[arg(long, value_name = "D", default_value = "5m")]
    pub(crate) timeout: String,
}

/// `--grant`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Grant {
    /// Browser and redirect.
    AuthorizationCode,
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
}

/// `--access`
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Access {
    /// Reading only.
    Read,
    /// Changing things.
    Write,
}

/// `keyfob sign-in`
#[derive(Debug, Args)]
pub(crate) struct SignIn {
    /// The profile.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) browser: BrowserChoice,
}

/// `keyfob status`
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

/// How a token is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenFormat {
    /// The token alone.
    Bare,
    /// keyfob's JSON.
    Json,
    /// `Authorization: Bearer T`
    Header,
    /// `KEYFOB_ACCESS_TOKEN=T`
    Env,
    /// Bazel's credential helper.
    Bazel,
    /// kubectl's exec credential.
    ExecCredential,
    /// Git's credential helper.
    Git,
    /// Docker's credential helper.
    Docker,
}

/// `keyfob token`
#[derive(Debug, Args)]
pub(crate) struct Token {
    /// The profile.
    pub(crate) name: String,
    /// It must be valid for at least this long.
    #[arg(long, value_name = "D", default_value = "60s")]
    pub(crate) min_validity: String,
    /// Renew even a valid one.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value = "bare")]
    pub(crate) format: TokenFormat,
}

/// `keyfob headers`
#[derive(Debug, Args)]
pub(crate) struct Headers {
    /// The profile.
    pub(crate) name: String,
}

/// `keyfob exec`
#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The profile.
    pub(crate) name: String,
    /// The variable that holds the token.
    #[arg(long, value_name = "VAR", default_value = "KEYFOB_ACCESS_TOKEN")]
    pub(crate) env: String,
    /// The command and its arguments.
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<std::ffi::OsString>,
}

/// `keyfob connect`
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// A profile, or the URL of an MCP server.
    #[arg(value_name = "NAME|URL")]
    pub(crate) target: String,
}

/// `keyfob clients`
#[derive(Debug, Args)]
pub(crate) struct Clients {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `keyfob link`
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
    /// It starts `keyfob connect`.
    Bridge,
}

/// `keyfob unlink`
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

/// `keyfob call`
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

/// `keyfob tools`
#[derive(Debug, Args)]
pub(crate) struct Tools {
    /// The profile.
    pub(crate) name: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `keyfob agent`
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

/// `keyfob store`
#[derive(Debug, Args)]
pub(crate) struct Store {
    /// What to do with it.
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

/// `keyfob store …`
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

/// `keyfob log`
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

/// `keyfob demo`
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Keep the portals running and the folder in place until Ctrl-C.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Sign in with your own browser.
    #[arg(long)]
    pub(crate) browser: bool,
}
