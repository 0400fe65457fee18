//! Making a profile from the window, with what the operator of its server gave for its client.

use keyfob_agent::journeys::examine::Examined;
use keyfob_core::client_registration::{Given, GivenProof, choose};
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::profile::Profile;

use super::Desk;

/// The ways to sign in, the usual one first.
const GRANTS: [GrantKind; 3] =
    [GrantKind::AuthorizationCode, GrantKind::Device, GrantKind::ClientCredentials];

impl Desk {
    /// Looks a server up by the first way to sign in that it can be looked up for, and says which ways it offers.
    pub(crate) async fn look_up(&self, profile: &mut Profile) -> Result<(Examined, Vec<GrantKind>), Failure> {
        let mut first = None;
        for grant in GRANTS {
            profile.grant = grant;
            match self.agent.examine(profile).await {
                Ok(examined) => {
                    let offered = GRANTS.into_iter().filter(|grant| examined.server.offers(*grant));
                    return Ok((examined.clone(), offered.collect()));
                }
                // What no grant would change need not be asked again.
                Err(failure @ (Failure::Temporary(_) | Failure::Usage(_))) => return Err(failure),
                Err(failure) => first = first.or(Some(failure)),
            }
        }
        Err(first.unwrap_or_else(|| Failure::Bug("no way to sign in was tried".into())))
    }

    /// Makes it; what can never be signed in to is no profile.
    pub(crate) async fn add(&self, profile: &Profile, proof: Option<GivenProof>) -> Result<(), Failure> {
        if let Some(GivenProof::PrivateKey(key)) = &proof {
            self.agent
                .ports()
                .signer
                .kind(key)
                .map_err(|why| Failure::Usage(format!("the private key: {why}")))?;
        }
        let examined = self.agent.examine(profile).await?;
        choose(&profile.client, Given::from(proof.as_ref()), &examined.server)?;
        self.agent.add(profile, proof).await
    }
}
