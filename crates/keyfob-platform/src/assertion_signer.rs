//! Signs with a client's private key, by ring: P-256, RSA and Ed25519, from PEM or JWK (RFC 7517).
//!
//! ring and not an RSA crate of pure Rust: that one leaks its key by timing (RUSTSEC-2023-0071).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyfob_agent::ports::AssertionSigner;
use keyfob_core::grant::client_assertion::KeyKind;
use keyfob_core::secret::{PrivateKey, SecretText};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use zeroize::Zeroizing;

/// ring's.
#[derive(Debug, Clone, Copy, Default)]
pub struct RingSigner;

impl AssertionSigner for RingSigner {
    fn kind(&self, key: &PrivateKey) -> Result<KeyKind, String> {
        let (key, key_id) = read(key)?;
        let algorithm = match key {
            Key::P256(_) => "ES256",
            Key::Rsa(_) => "RS256",
            Key::Ed25519(_) => "EdDSA",
        };
        Ok(KeyKind { algorithm, key_id })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "what is signed is half of the assertion, a secret as a whole"
    )]
    fn sign(&self, key: &PrivateKey, input: &SecretText) -> Result<Vec<u8>, String> {
        let (random, message) = (SystemRandom::new(), input.expose_secret().as_bytes());
        let failed = |_| "the private key does not sign".to_owned();
        match read(key)?.0 {
            Key::P256(key) => key.sign(&random, message).map(|s| s.as_ref().to_vec()).map_err(failed),
            Key::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

enum Key {
    P256(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
    Ed25519(Ed25519KeyPair),
}

/// The key and the name its owner gave it.
#[expect(clippy::disallowed_methods, reason = "the key is read for one signature")]
fn read(key: &PrivateKey) -> Result<(Key, Option<String>), String> {
    let text = key.expose_secret();
    if text.trim_start().starts_with('{') {
        return jwk(text);
    }
    let der = PrivateKeyDer::from_pem_slice(text.as_bytes())
        .map_err(|_| "it is neither a private key in PEM nor a JWK; an encrypted PEM must be opened first")?;
    Ok((from_der(&der)?, None))
}

fn from_der(der: &PrivateKeyDer<'_>) -> Result<Key, String> {
    match der {
        PrivateKeyDer::Pkcs1(key) => {
            RsaKeyPair::from_der(key.secret_pkcs1_der()).map(|key| Key::Rsa(Box::new(key))).map_err(refused)
        }
        PrivateKeyDer::Sec1(key) => p256(&pkcs8_around(key.secret_sec1_der())),
        PrivateKeyDer::Pkcs8(key) => {
            let key = key.secret_pkcs8_der();
            p256(key)
                .or_else(|_| Ed25519KeyPair::from_pkcs8_maybe_unchecked(key).map(Key::Ed25519))
                .or_else(|_| RsaKeyPair::from_pkcs8(key).map(|key| Key::Rsa(Box::new(key))))
                .map_err(refused)
        }
        _ => Err(refused("its form is not known")),
    }
}

fn p256(pkcs8: &[u8]) -> Result<Key, String> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new())
        .map(Key::P256)
        .map_err(refused)
}

fn refused(why: impl std::fmt::Display) -> String {
    format!("the private key is not usable ({why}): it must be P-256, Ed25519, or RSA of 2048 to 4096 bits")
}

/// RFC 5958 around RFC 5915: version 0, the algorithm `id-ecPublicKey` with `prime256v1`, the key as it is.
fn pkcs8_around(sec1: &[u8]) -> Zeroizing<Vec<u8>> {
    const HEAD: &[u8] =
        b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
    let mut inner = Zeroizing::new(HEAD.to_vec());
    inner.extend_from_slice(&length(0x04, sec1.len()));
    inner.extend_from_slice(sec1);
    let mut whole = Zeroizing::new(length(0x30, inner.len()));
    whole.extend_from_slice(&inner);
    whole
}

/// A DER tag with its length.
fn length(tag: u8, length: usize) -> Vec<u8> {
    let bytes = length.to_be_bytes();
    let significant = &bytes[bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1)..];
    match significant {
        [short] if *short < 0x80 => vec![tag, *short],
        _ => [&[tag, 0x80 | u8::try_from(significant.len()).unwrap_or(8)], significant].concat(),
    }
}

/// RFC 7517 with the members of RFC 7518 §6 and RFC 8037, borrowed from the text that is zeroed.
#[derive(Deserialize)]
struct Jwk<'a> {
    kty: &'a str,
    #[serde(default)]
    crv: Option<&'a str>,
    #[serde(default)]
    kid: Option<&'a str>,
    #[serde(default)]
    d: &'a str,
    #[serde(default)]
    x: &'a str,
    #[serde(default)]
    y: &'a str,
    #[serde(default)]
    n: &'a str,
    #[serde(default)]
    e: &'a str,
    #[serde(default)]
    p: &'a str,
    #[serde(default)]
    q: &'a str,
    #[serde(default)]
    dp: &'a str,
    #[serde(default)]
    dq: &'a str,
    #[serde(default)]
    qi: &'a str,
}

fn jwk(text: &str) -> Result<(Key, Option<String>), String> {
    // serde's words could quote the key.
    let jwk: Jwk<'_> =
        serde_json::from_str(text).map_err(|_| "it is no private JWK (RFC 7517)".to_owned())?;
    if jwk.d.is_empty() {
        return Err("it is a public JWK: the private one has `d`".into());
    }
    let key = match (jwk.kty, jwk.crv) {
        ("EC", Some("P-256")) => {
            let public = [&[4][..], &bytes(jwk.x)?, &bytes(jwk.y)?].concat();
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let (private, random) = (bytes(jwk.d)?, SystemRandom::new());
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, &private, &public, &random)
                .map(Key::P256)
        }
        ("OKP", Some("Ed25519")) => {
            Ed25519KeyPair::from_seed_and_public_key(&bytes(jwk.d)?, &bytes(jwk.x)?).map(Key::Ed25519)
        }
        ("RSA", _) => RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: bytes(jwk.n)?, e: bytes(jwk.e)? },
            d: bytes(jwk.d)?,
            p: bytes(jwk.p)?,
            q: bytes(jwk.q)?,
            dP: bytes(jwk.dp)?,
            dQ: bytes(jwk.dq)?,
            qInv: bytes(jwk.qi)?,
        })
        .map(|key| Key::Rsa(Box::new(key))),
        _ => return Err(refused("another kind of key")),
    };
    Ok((key.map_err(refused)?, jwk.kid.map(str::to_owned)))
}

fn bytes(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .map(Zeroizing::new)
        .map_err(|_| refused("no base64url"))
}

#[cfg(test)]
mod tests;
