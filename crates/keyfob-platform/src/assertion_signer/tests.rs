//! Each kind of key in each form signs what its public half verifies. The keys beside this file were made for it and open
//! nothing.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};

use super::*;

const KEYS: [(&str, &str, Option<&str>); 8] = [
    (include_str!("test_keys/ec1.pem"), "ES256", None),
    (include_str!("test_keys/ec8.pem"), "ES256", None),
    (include_str!("test_keys/ec.jwk"), "ES256", Some("k-ec")),
    (include_str!("test_keys/ed8.pem"), "EdDSA", None),
    (include_str!("test_keys/ed.jwk"), "EdDSA", Some("k-ed")),
    (include_str!("test_keys/rsa1.pem"), "RS256", None),
    (include_str!("test_keys/rsa8.pem"), "RS256", None),
    (include_str!("test_keys/rsa.jwk"), "RS256", Some("k-rsa")),
];

fn verifies(key: &Key, message: &[u8], signature: &[u8]) -> bool {
    match key {
        Key::P256(key) => {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key()).verify(message, signature)
        }
        Key::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key.public_key()).verify(message, signature),
        Key::Rsa(key) => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public().as_ref())
            .verify(message, signature),
    }
    .is_ok()
}

/// H6: P-256, RSA and Ed25519, in PKCS#8, PKCS#1, SEC 1 and JWK.
#[test]
fn each_kind_of_key_in_each_form_signs_what_its_public_half_verifies() {
    let input = SecretText::new("head.claims".into());
    for (text, algorithm, key_id) in KEYS {
        let key = PrivateKey::new(text.to_owned());
        let kind = RingSigner.kind(&key).unwrap();
        assert_eq!((kind.algorithm, kind.key_id.as_deref()), (algorithm, key_id));
        let signature = RingSigner.sign(&key, &input).unwrap();
        let (read, _) = read(&key).unwrap();
        assert!(verifies(&read, b"head.claims", &signature), "{algorithm} {key_id:?}");
        assert!(!verifies(&read, b"head.other", &signature));
    }
}

/// The same key in another form is the same key: its signature is good for the first.
#[test]
fn the_forms_of_one_key_agree() {
    let input = SecretText::new("head.claims".into());
    for (one, other) in [(0, 2), (3, 4), (5, 7)] {
        let signature = RingSigner.sign(&PrivateKey::new(KEYS[one].0.to_owned()), &input).unwrap();
        let (read, _) = read(&PrivateKey::new(KEYS[other].0.to_owned())).unwrap();
        assert!(verifies(&read, b"head.claims", &signature), "{}", KEYS[one].1);
    }
}

#[test]
fn what_is_no_private_key_is_refused_in_words_that_quote_nothing_of_it() {
    let public = r#"{"kty":"EC","crv":"P-256","x":"canary","y":"canary"}"#;
    let other = r#"{"kty":"oct","k":"canary","d":"canary"}"#;
    let broken = r#"{"kty":"EC","crv":"P-256","d":"canary!","x":"","y":""}"#;
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\ncanary==\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let garbage = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
    for text in ["", "canary", "{canary", public, other, broken, encrypted, garbage] {
        let why = RingSigner.kind(&PrivateKey::new(text.to_owned())).unwrap_err();
        assert!(!why.contains("canary"), "{why}");
    }
}
