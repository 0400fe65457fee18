//! A key derived from a passphrase with Argon2id (RFC 9106).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use keyfob_core::failure::StoreProblem;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{PassphrasePrompt, SealingKey};
use crate::entropy;

/// Memory in KiB: 64 MiB makes guessing dear and fits small servers.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// More memory than this in a record is damage, not a wish: 2 GiB.
const MOST_MEMORY_KIB: u32 = 2 * 1024 * 1024;

/// How the key is derived, and a check that tells a wrong passphrase from a damaged record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::store) struct Parameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    /// SHA-256 over a label and the key: guessing it costs one Argon2id run, as guessing by a record would.
    check: String,
}

impl Parameters {
    /// Draws a salt and derives the first key.
    pub(super) fn new(passphrase: &str) -> Result<(Self, SealingKey), StoreProblem> {
        let mut salt = [0; 16];
        entropy::fill(&mut salt);
        let mut parameters = Self {
            memory_kib: MEMORY_KIB,
            passes: PASSES,
            lanes: LANES,
            salt: STANDARD_NO_PAD.encode(salt),
            check: String::new(),
        };
        let key = parameters.run(passphrase)?;
        parameters.check = check(&key);
        Ok((parameters, key))
    }

    /// Derives the key again.
    pub(super) fn derive(&self, passphrase: &str) -> Result<SealingKey, StoreProblem> {
        let key = self.run(passphrase)?;
        if check(&key) == self.check { Ok(key) } else { Err(StoreProblem::WrongPassphrase) }
    }

    fn run(&self, passphrase: &str) -> Result<SealingKey, StoreProblem> {
        let damaged = |why: String| StoreProblem::Damaged(format!("the passphrase parameters: {why}"));
        if self.memory_kib > MOST_MEMORY_KIB {
            return Err(damaged(format!("{} KiB of memory", self.memory_kib)));
        }
        let salt = STANDARD_NO_PAD.decode(&self.salt).map_err(|error| damaged(error.to_string()))?;
        let parameters = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|error| damaged(error.to_string()))?;
        let mut bytes = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(passphrase.as_bytes(), &salt, &mut *bytes)
            .map_err(|error| damaged(error.to_string()))?;
        Ok(SealingKey(bytes))
    }
}

fn check(key: &SealingKey) -> String {
    let digest =
        Sha256::new().chain_update(b"keyfob passphrase check\0").chain_update(key.bytes()).finalize();
    STANDARD_NO_PAD.encode(&digest[..16])
}

/// The passphrase: from the file that `KEYFOB_PASSPHRASE_FILE` names, else from the person the keeper can ask.
pub(super) fn ask(prompt: Option<&PassphrasePrompt>) -> Result<Zeroizing<String>, StoreProblem> {
    let named = std::env::var_os("KEYFOB_PASSPHRASE_FILE").filter(|path| !path.is_empty());
    if let Some(path) = named {
        let shown = path.to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)
            .map(Zeroizing::new)
            .map_err(|error| StoreProblem::Io(format!("{shown}: {error}")))?;
        let passphrase = text.trim_end_matches(['\r', '\n']);
        return not_empty(Zeroizing::new(passphrase.to_owned()));
    }
    prompt.and_then(|prompt| prompt()).map_or(Err(StoreProblem::PassphraseNeeded), not_empty)
}

/// An empty passphrase would look like a seal and be none (V27).
fn not_empty(passphrase: Zeroizing<String>) -> Result<Zeroizing<String>, StoreProblem> {
    if passphrase.is_empty() { Err(StoreProblem::PassphraseNeeded) } else { Ok(passphrase) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_passphrase_gives_the_same_key_and_another_is_told_apart() {
        let (parameters, key) = Parameters::new("correct horse").unwrap();
        assert_eq!(parameters.derive("correct horse").unwrap().bytes(), key.bytes());
        assert_eq!(parameters.derive("correct house").err(), Some(StoreProblem::WrongPassphrase));
        assert!(parameters.memory_kib >= 64 * 1024);
    }
}
