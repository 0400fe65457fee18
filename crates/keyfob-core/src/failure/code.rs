//! A short stable name for every failure: for the journal, metrics and scripts. docs/runbook.md explains each one, and a
//! test holds the two together.

use super::{Failure, Incompatibility, Misbehaviour, SignInNeeded, StoreProblem, Temporary};

impl Failure {
    /// A short stable name for the journal, metrics and scripts; every one is explained in docs/runbook.md.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Usage(_) => "usage",
            Self::NoSuchProfile(_) => "no-such-profile",
            Self::SignInNeeded(why) => why.code(),
            Self::UserDeclined(_) => "declined",
            Self::SignInTimedOut => "sign-in-timed-out",
            Self::Temporary(temporary) => temporary.code(),
            Self::StoreUnavailable(problem) => problem.code(),
            Self::AuthorizationServerMisbehaved(misbehaviour) => misbehaviour.code(),
            Self::AuthorizationServerIncompatible(incompatibility) => incompatibility.code(),
            Self::ClientRejected(_) => "client-rejected",
            Self::Bug(_) => "bug",
        }
    }
}

impl SignInNeeded {
    fn code(&self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::Ended { .. } => "sign-in-ended",
            Self::NoRefreshToken => "no-refresh-token",
            Self::RegistrationGone(_) => "registration-gone",
            Self::ClientRefused(_) => "client-refused",
            Self::Moved => "server-moved",
            Self::MoreScopes(_) => "more-scopes",
            Self::LongSilence(_) => "long-silence",
            Self::OtherMachine => "other-machine",
        }
    }
}

impl Misbehaviour {
    fn code(&self) -> &'static str {
        match self {
            Self::ResourceMismatch { .. } => "resource-mismatch",
            Self::IssuerMismatch { .. } => "issuer-mismatch",
            Self::UnusableEndpoint { .. } => "unusable-endpoint",
            Self::IssMissing => "iss-missing",
            Self::IssMismatch => "iss-mismatch",
            Self::TokenAnswer(_) => "unusable-token-answer",
            Self::Redirected(_) => "credentials-redirected",
            Self::Document(..) => "unusable-document",
            Self::Refused { .. } => "refused",
            Self::Mcp(_) => "unusable-mcp-answer",
        }
    }
}

impl Temporary {
    fn code(&self) -> &'static str {
        match self {
            Self::Offline(_) => "offline",
            Self::Cut(_) => "cut-off",
            Self::RetryAfter { .. } => "retry-after",
            Self::ServerTrouble(_) => "server-trouble",
            Self::Intercepted(_) => "intercepted",
            Self::Busy => "busy",
            Self::PortTaken(_) => "port-taken",
            Self::OtherVersion { .. } => "other-version",
        }
    }
}

impl Incompatibility {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSignInWanted => "no-sign-in-wanted",
            Self::NoResourceMetadata(_) => "no-resource-metadata",
            Self::NoAuthorizationServer => "no-authorization-server",
            Self::NoServerMetadata { .. } => "no-server-metadata",
            Self::NoPkce => "no-pkce",
            Self::NoRegistration => "no-registration",
            Self::RegistrationRefused(_) => "registration-refused",
            Self::NoGrant(_) => "grant-not-offered",
            Self::NotMcp(_) => "not-mcp",
            Self::PrivateAddress(_) => "private-address",
        }
    }
}

impl StoreProblem {
    /// As [`Failure::code`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoKeyring(_) => "no-keyring",
            Self::Locked => "keyring-locked",
            Self::Slow => "keyring-slow",
            Self::KeyMissing(_) => "key-missing",
            Self::PassphraseNeeded => "passphrase-needed",
            Self::WrongPassphrase => "wrong-passphrase",
            Self::OtherBackend { .. } => "other-backend",
            Self::Full(_) => "store-full",
            Self::ReadOnly(_) => "store-read-only",
            Self::Unsafe(_) => "store-unsafe",
            Self::Damaged(_) => "record-damaged",
            Self::Newer(_) => "store-newer",
            Self::Io(_) => "store-io",
        }
    }
}
