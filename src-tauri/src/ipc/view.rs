//! Shapes that only the window knows.

use keyfob_agent::journeys::examine::Examined;
use keyfob_agent::journeys::revoke::RevocationOutcome;
use keyfob_core::client_registration::{Given, GivenProof, choose};
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::{CheckedUrl, ResourceMatch};
use keyfob_core::secret::{ClientSecret, PrivateKey};
use serde::{Deserialize, Serialize};
#[cfg(test)]
use ts_rs::TS;

use super::error::CommandError;
use super::shown::Access;

/// A profile as the "add" dialog gives it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(TS))]
pub(crate) struct NewProfile {
    name: String,
    url: String,
    label: Option<String>,
    access: Option<Access>,
    grant: Grant,
    client_id: Option<String>,
    /// It only goes in: sealed at once, and shown by nothing.
    client_secret: Option<String>,
    /// PEM or JWK; it only goes in, too.
    private_key: Option<String>,
}

/// Ways to sign in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grant {
    AuthorizationCode,
    Device,
    ClientCredentials,
}

impl From<Grant> for GrantKind {
    fn from(grant: Grant) -> Self {
        match grant {
            Grant::AuthorizationCode => Self::AuthorizationCode,
            Grant::Device => Self::Device,
            Grant::ClientCredentials => Self::ClientCredentials,
        }
    }
}

impl From<GrantKind> for Grant {
    fn from(grant: GrantKind) -> Self {
        match grant {
            GrantKind::AuthorizationCode => Self::AuthorizationCode,
            GrantKind::Device => Self::Device,
            GrantKind::ClientCredentials => Self::ClientCredentials,
        }
    }
}

/// The same as the keeper takes it: the profile, and what proves its client.
pub(crate) struct Added {
    pub(crate) profile: Profile,
    pub(crate) proof: Option<GivenProof>,
}

impl TryFrom<NewProfile> for Added {
    type Error = CommandError;

    fn try_from(new: NewProfile) -> Result<Self, CommandError> {
        let filled = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
        let mut profile = Profile::new(parse_name(&new.name)?, parse_url(&new.url)?);
        profile.label = filled(new.label);
        profile.access = new.access.map(Into::into);
        profile.grant = new.grant.into();
        profile.client.client_id = filled(new.client_id);
        let secret = filled(new.client_secret).map(|secret| GivenProof::Secret(ClientSecret::new(secret)));
        let key = new.private_key.map(|key| GivenProof::PrivateKey(PrivateKey::new(key)));
        Ok(Self { profile, proof: secret.or(key) })
    }
}

/// A name from the window.
pub(crate) fn parse_name(text: &str) -> Result<ProfileName, CommandError> {
    ProfileName::parse(text).map_err(|error| CommandError::of_none(&Failure::Usage(error.to_string())))
}

/// An address from the window.
pub(crate) fn parse_url(text: &str) -> Result<CheckedUrl, CommandError> {
    CheckedUrl::parse(text).map_err(|failure| CommandError::of_none(&failure.into()))
}

/// What a look-up found.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Examined"))]
pub(crate) struct LookedUp {
    resource_name: Option<String>,
    resource: String,
    issuer: String,
    /// Suggested scopes, separated by spaces as on the wire.
    scopes: Option<String>,
    /// How keyfob will make itself known to the authorization server.
    registration: String,
    /// The ways to sign in that it offers, the usual one first.
    grants: Vec<Grant>,
    /// It takes no client that it does not know.
    client_id_needed: bool,
    local: bool,
    /// True where the server describes only a path above the one given.
    parent_path: bool,
}

impl LookedUp {
    pub(crate) fn new(profile: &Profile, examined: &Examined, grants: Vec<GrantKind>) -> Self {
        Self {
            resource_name: examined.resource.name().map(str::to_owned),
            resource: examined.resource.resource().to_owned(),
            issuer: examined.server.issuer().to_string(),
            scopes: examined.suggested_scopes(),
            registration: examined.registration_words(profile).to_owned(),
            grants: grants.into_iter().map(Grant::from).collect(),
            client_id_needed: choose(&profile.client, Given::Nothing, &examined.server).is_err(),
            local: profile.url.is_local(),
            parent_path: examined.resource.matched() == ResourceMatch::ParentPath,
        }
    }
}

/// What a sign-out left at the server, in words; `None` where all is well.
pub(crate) fn revocation_note(outcome: &RevocationOutcome) -> Option<String> {
    match outcome {
        RevocationOutcome::Nothing | RevocationOutcome::Revoked => None,
        RevocationOutcome::Queued => {
            Some("The server could not be reached; keyfob goes on trying to revoke the tokens.".into())
        }
        RevocationOutcome::Refused(why) => {
            Some(format!("The server refused the revocation ({why}); copies work until they run out."))
        }
        RevocationOutcome::Unreadable(path) => Some(format!(
            "The sealed record did not open, so nothing could be revoked at the server; it is kept at {path}."
        )),
        RevocationOutcome::NotOffered => {
            Some("The server offers no revocation; copies of the tokens work until they run out.".into())
        }
    }
}
