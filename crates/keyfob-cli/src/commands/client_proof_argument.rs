//! The proof that goes with a given client id: a secret or a private key, from where the user said. Never from the command
//! line itself, which other users of the machine can read.

use std::path::Path;

use keyfob_agent::ports::Ports;
use keyfob_core::client_registration::GivenProof;
use keyfob_core::discovery::authorization_server::ClientAuthentication;
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::profile::Profile;
use keyfob_core::secret::{ClientSecret, PrivateKey};
use zeroize::Zeroizing;

use crate::arguments::Add;

/// Reads it; `None` where the user named none.
pub(super) fn proof(add: &Add, ports: &Ports) -> Result<Option<GivenProof>, Failure> {
    if let Some(file) = &add.private_key {
        let key = PrivateKey::new(contents(file, "private key")?.to_string());
        let unusable = |why| Failure::Usage(format!("{}: {why}", file.display()));
        ports.signer.kind(&key).map_err(unusable)?;
        return Ok(Some(GivenProof::PrivateKey(key)));
    }
    let (text, place) = if let Some(file) = &add.client_secret_file {
        (contents(file, "client secret")?, format!("in {}", file.display()))
    } else if add.client_secret_stdin {
        let (mut line, place) = (Zeroizing::new(String::new()), "on standard input".to_owned());
        std::io::stdin()
            .read_line(&mut line)
            .map_err(|error| Failure::Usage(format!("no client secret {place}: {error}")))?;
        (line, place)
    } else {
        return Ok(None);
    };
    match text.lines().next().filter(|secret| !secret.is_empty()) {
        Some(secret) => Ok(Some(GivenProof::Secret(ClientSecret::new(secret.to_owned())))),
        None => Err(Failure::Usage(format!("no client secret {place}"))),
    }
}

/// A machine proves itself, and by the method it was given something for.
pub(super) fn fits(profile: &Profile, proof: Option<&GivenProof>) -> Result<(), Failure> {
    let wrong = |why: &str| Err(Failure::Usage(why.to_owned()));
    match (profile.client.authentication, proof) {
        (_, None) if profile.grant == GrantKind::ClientCredentials => wrong(
            "a machine proves itself: --client-secret-stdin, --client-secret-file FILE or --private-key FILE",
        ),
        (Some(ClientAuthentication::PrivateKeyJwt), Some(GivenProof::Secret(_)) | None) => {
            wrong("--client-auth private-key-jwt needs --private-key FILE")
        }
        (
            Some(ClientAuthentication::ClientSecretBasic | ClientAuthentication::ClientSecretPost),
            Some(GivenProof::PrivateKey(_)),
        ) => wrong("--private-key goes with --client-auth private-key-jwt, or with none named"),
        _ => Ok(()),
    }
}

fn contents(file: &Path, what: &str) -> Result<Zeroizing<String>, Failure> {
    let read = std::fs::read_to_string(file).map(Zeroizing::new);
    read.map_err(|error| Failure::Usage(format!("no {what} in {}: {error}", file.display())))
}
