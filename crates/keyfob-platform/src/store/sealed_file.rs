//! What a sealed file looks like: a header line, a nonce, and text under XChaCha20-Poly1305, bound to the header and the
//! profile's name, so that a file moved from one profile to another does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use keyfob_core::identity::ProfileName;
use keyfob_core::secret::SecretText;
use zeroize::Zeroizing;

use super::sealing_key::SealingKey;
use crate::entropy;

const HEADER: &[u8] = b"keyfob-sealed 1\n";
/// The number in [`HEADER`].
const FORMAT: u32 = 1;
const NONCE: usize = 24;

/// The number in the header of a file that a later keyfob wrote in another format (fault 37).
pub(super) fn newer_format(file: &[u8]) -> Option<u32> {
    let line = file.strip_prefix(b"keyfob-sealed ")?.split(|byte| *byte == b'\n').next()?;
    let number = std::str::from_utf8(line).ok()?.parse().ok()?;
    (number > FORMAT).then_some(number)
}

fn bound_data(profile: &ProfileName) -> Vec<u8> {
    [HEADER, profile.as_str().as_bytes()].concat()
}

/// The whole file for this text.
#[expect(clippy::disallowed_methods, reason = "the record's text is about to be sealed")]
pub(super) fn seal(key: &SealingKey, profile: &ProfileName, text: &SecretText) -> Vec<u8> {
    let mut nonce = [0; NONCE];
    entropy::fill(&mut nonce);
    let payload = Payload { msg: text.expose_secret().as_bytes(), aad: &bound_data(profile) };
    // This AEAD fails only for messages of more than 256 GB.
    let sealed = cipher(key).encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
    [HEADER, &nonce, &sealed].concat()
}

/// The text, if the file is whole, this profile's, and sealed with this key.
pub(super) fn open(key: &SealingKey, profile: &ProfileName, file: &[u8]) -> Option<SecretText> {
    let (nonce, sealed) = file.strip_prefix(HEADER)?.split_at_checked(NONCE)?;
    let payload = Payload { msg: sealed, aad: &bound_data(profile) };
    let text = Zeroizing::new(cipher(key).decrypt(XNonce::from_slice(nonce), payload).ok()?);
    Some(SecretText::new(std::str::from_utf8(&text).ok()?.to_owned()))
}

fn cipher(key: &SealingKey) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}
