//! What can go wrong, named by who must act; the hint that follows is a channel of its own.
//!
//! Doors branch on the variant only: the CLI turns it into an exit code, the window into words and one button. All texts
//! from servers inside are already made fit to show (F12).

mod code;
pub(crate) mod hints;

pub use hints::About;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::resource::UnusableUrl;

/// Any failure a door may have to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// The request itself is wrong: an argument, a name, a configuration file.
    #[error("{0}")]
    Usage(String),
    /// No profile has this name.
    #[error("there is no profile `{0}`")]
    NoSuchProfile(String),
    /// The user must sign in.
    #[error("{0}")]
    SignInNeeded(#[from] SignInNeeded),
    /// The user said no, at the server or here.
    #[error("the sign-in was declined{}", detail(.0))]
    UserDeclined(String),
    /// Nobody finished the sign-in in time.
    #[error("nobody finished the sign-in in time; nothing here was changed")]
    SignInTimedOut,
    /// It will pass: try again later.
    #[error("{0}")]
    Temporary(#[from] Temporary),
    /// The store cannot be read or written.
    #[error("{0}")]
    StoreUnavailable(#[from] StoreProblem),
    /// The server breaks the rules it is bound to.
    #[error("{0}")]
    AuthorizationServerMisbehaved(#[from] Misbehaviour),
    /// The server lacks something keyfob cannot do without.
    #[error("{0}")]
    AuthorizationServerIncompatible(#[from] Incompatibility),
    /// The server refuses this client (registration or given client id).
    #[error("the authorization server refuses this client: {0}")]
    ClientRejected(String),
    /// A programming error of ours.
    #[error("this is a bug in keyfob: {0}")]
    Bug(String),
}

/// Why a sign-in is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum SignInNeeded {
    /// There never was one, or it was signed out.
    #[error("not signed in")]
    SignedOut,
    /// The server rejected the refresh token: the sign-in has ended.
    #[error("the sign-in has ended: the server answered `{error}`{}", detail(.description))]
    Ended {
        /// The OAuth error code.
        error: String,
        /// The server's words, may be empty.
        description: String,
    },
    /// The access token has run out and there is no refresh token.
    #[error("the token has run out and this sign-in cannot be renewed: the server gave no refresh token")]
    NoRefreshToken,
    /// The client registration is gone or refused; a new sign-in registers anew (C13).
    #[error("the server no longer knows this client; the next sign-in registers anew{}", detail(.0))]
    RegistrationGone(String),
    /// The server refuses the client id that its operator gave, or the proof that goes with it.
    #[error("the server refuses this client id, or the secret or key that proves it{}", detail(.0))]
    ClientRefused(String),
    /// The profile now names another server than the one signed in to (B8, V10).
    #[error("the profile now points at another server than the one it is signed in to")]
    Moved,
    /// The server wants scopes this sign-in does not have.
    #[error("the server wants more scopes: {0}")]
    MoreScopes(String),
    /// The token endpoint has given no usable answer since long after the token's end (trust rule 6).
    #[error(
        "the server has not answered a renewal for {0} minutes past the token's end; keyfob keeps trying"
    )]
    LongSilence(i64),
    /// The record was written on another machine: a restored backup, a synced home (trust rule 12).
    #[error(
        "this sign-in was made on another machine; keyfob does not renew it here until you say so, because two \
         machines that renew one sign-in end it"
    )]
    OtherMachine,
}

/// What passes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Temporary {
    /// No connection: name look-up, route, TLS. Nothing was sent.
    #[error("offline: {0}")]
    Offline(String),
    /// The connection broke after bytes had left.
    #[error("the connection broke before the answer was complete: {0}")]
    Cut(String),
    /// The server asks to wait.
    #[error("the server asks to wait until {}", until.format("%Y-%m-%d %H:%M:%S UTC"))]
    RetryAfter {
        /// When the wait is over.
        until: DateTime<Utc>,
    },
    /// The server reports trouble of its own.
    #[error("the server has trouble: {0}")]
    ServerTrouble(String),
    /// The answer did not come from the server asked: a captive portal, a proxy's page.
    #[error("something on the network answered instead of the server: {0}")]
    Intercepted(String),
    /// Another keyfob process holds this profile.
    #[error("another keyfob process is busy with this profile")]
    Busy,
    /// A local port is taken.
    #[error("port {0} on this machine is taken by another program")]
    PortTaken(u16),
    /// The running keeper is another version and does not understand, or is not understood.
    #[error(
        "the running keeper is keyfob {keeper}, this is {ours}, and they do not understand each other here"
    )]
    OtherVersion {
        /// The keeper's version.
        keeper: String,
        /// This program's version.
        ours: String,
        /// True where this program is the older of the two.
        ours_is_older: bool,
    },
}

/// Why the store is not usable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum StoreProblem {
    /// No keyring here and no other choice made.
    #[error("no keyring answers on this machine ({0}), and keyfob never picks a weaker store by itself")]
    NoKeyring(String),
    /// The keyring is locked, or waits for a prompt nobody answers.
    #[error("the keyring is locked")]
    Locked,
    /// The keyring did not answer within its 3 s.
    #[error("the keyring did not answer within 3 seconds")]
    Slow,
    /// Sealed records exist, their key does not.
    #[error("the sealing key is gone from {0}; the sealed sign-ins are kept")]
    KeyMissing(String),
    /// A passphrase store without a passphrase.
    #[error("the store is sealed with a passphrase and none was given")]
    PassphraseNeeded,
    /// The passphrase does not open the store.
    #[error("the passphrase does not open the store")]
    WrongPassphrase,
    /// Another backend was chosen than the one recorded.
    #[error("the store was made with `{recorded}`, and `{wanted}` is asked for now")]
    OtherBackend {
        /// The backend on record.
        recorded: String,
        /// The backend asked for.
        wanted: String,
    },
    /// No room left.
    #[error("no room left: {0}")]
    Full(String),
    /// No permission, or a read-only file system.
    #[error("cannot write: {0}")]
    ReadOnly(String),
    /// A file is not what it must be: owner, mode, link, type.
    #[error("refused, because it is not safe: {0}")]
    Unsafe(String),
    /// A sealed record does not open: damaged, or not ours.
    #[error("a sealed record does not open: {0}")]
    Damaged(String),
    /// Written by a newer keyfob.
    #[error("a newer keyfob wrote this store (schema {0}); it is left untouched")]
    Newer(u32),
    /// Anything else the system says.
    #[error("{0}")]
    Io(String),
}

/// A rule the server breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Misbehaviour {
    /// A4 (RFC 9728 §3.3)
    #[error("the server's resource metadata speaks for `{published}`, not for `{expected}` (RFC 9728 §3.3)")]
    ResourceMismatch {
        /// What the document says.
        published: String,
        /// What was asked for.
        expected: String,
    },
    /// B2 (RFC 8414 §3.3)
    #[error("the metadata of `{expected}` names the issuer `{published}` (RFC 8414 §3.3)")]
    IssuerMismatch {
        /// What the document says.
        published: String,
        /// The issuer whose metadata was fetched.
        expected: String,
    },
    /// B3, B4
    #[error("the server's {name} `{url}` is not usable: {why}")]
    UnusableEndpoint {
        /// The metadata member.
        name: String,
        /// Its value.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// E1 (RFC 9207 §2.4)
    #[error("the server promises `iss` in its redirect and sent none (RFC 9207 §2.4)")]
    IssMissing,
    /// E2, E3, E4
    #[error("the redirect came from another issuer than the one asked")]
    IssMismatch,
    /// F2
    #[error("the server's token answer is not usable: {0}")]
    TokenAnswer(String),
    /// F10
    #[error(
        "the server answered a request that carries credentials with a redirect (status {0}); nothing was sent on"
    )]
    Redirected(u16),
    /// A document that is no JSON object or too large.
    #[error("the server's {0} is not usable: {1}")]
    Document(String, String),
    /// Any other refusal, by its OAuth error code.
    #[error("the server answered `{error}`{}", detail(.description))]
    Refused {
        /// The OAuth error code.
        error: String,
        /// The server's words, may be empty.
        description: String,
    },
    /// The MCP server answers in a way MCP does not know.
    #[error("the MCP server's answer is not usable: {0}")]
    Mcp(String),
}

/// Something the server lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Incompatibility {
    /// The MCP server answers without any sign-in.
    #[error("this server wants no sign-in: it answers without a token")]
    NoSignInWanted,
    /// Neither the challenge nor a well-known path leads to resource metadata.
    #[error("no resource metadata (RFC 9728) was found; tried {0}")]
    NoResourceMetadata(String),
    /// A6
    #[error("the server's resource metadata names no usable authorization server (RFC 9728 §2)")]
    NoAuthorizationServer,
    /// No metadata document of the authorization server was found.
    #[error("no metadata of the authorization server `{issuer}` was found; tried {tried}")]
    NoServerMetadata {
        /// The issuer.
        issuer: String,
        /// The URLs tried.
        tried: String,
    },
    /// B5
    #[error("the authorization server does not say that it supports PKCE with S256")]
    NoPkce,
    /// C1: no way to become a client.
    #[error("the authorization server offers no registration keyfob can use")]
    NoRegistration,
    /// C5
    #[error("the authorization server refuses the registration: {0}")]
    RegistrationRefused(String),
    /// The grant is not offered.
    #[error("the authorization server does not offer the grant `{0}`")]
    NoGrant(String),
    /// A server that is not there as an MCP server at all.
    #[error("no MCP server answers at this URL (status {0})")]
    NotMcp(u16),
    /// An address that may not be reached (A9).
    #[error("{0}")]
    PrivateAddress(String),
}

impl From<UnusableUrl> for Failure {
    fn from(error: UnusableUrl) -> Self {
        Self::Usage(format!("the URL is not usable: {error}"))
    }
}

fn detail(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}
