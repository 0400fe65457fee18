//! The only types a secret may live in.
//!
//! Each is redacted in `Debug` and has no `Display`, `Serialize`, `Deref` or `AsRef`, so a secret cannot slip into a log,
//! an error or a message by accident. The one accessor, `expose_secret`, is on clippy's forbidden list: every exit
//! carries its reason, and `tests/architecture` holds the list of files that have one.
//!
//! ```compile_fail
//! let token = keyfob_core::secret::AccessToken::new("t".into());
//! println!("{token}"); // no Display
//! ```
//! ```compile_fail
//! let token = keyfob_core::secret::RefreshToken::new("t".into());
//! serde_json::to_string(&token).unwrap(); // no Serialize
//! ```
//! ```compile_fail
//! let token = keyfob_core::secret::AccessToken::new("t".into());
//! let text: &str = &token; // no Deref
//! ```
//! ```compile_fail
//! let token = keyfob_core::secret::AccessToken::new("t".into());
//! let text: &str = token.as_ref(); // no AsRef
//! ```

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// SHA-256 of a secret: tells two secrets apart without keeping either.
pub type Fingerprint = [u8; 32];

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes the text over; the original allocation is zeroed when this value is dropped.
            pub fn new(text: String) -> Self {
                Self(SecretString::from(text))
            }

            /// The clear text. Forbidden without a reason, see the module's words.
            pub fn expose_secret(&self) -> &str {
                self.0.expose_secret()
            }

            /// SHA-256 of the clear text.
            pub fn fingerprint(&self) -> Fingerprint {
                Sha256::digest(self.0.expose_secret().as_bytes()).into()
            }

            /// True where nothing at all is held: some servers send `""` for "none".
            pub fn is_empty(&self) -> bool {
                self.0.expose_secret().is_empty()
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        /// Compares digests, so that the time taken says nothing about where two secrets differ.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.fingerprint() == other.fingerprint()
            }
        }

        impl Eq for $name {}
    };
}

secret! {
    /// An access token (RFC 6749 §1.4).
    AccessToken
}
secret! {
    /// A refresh token (RFC 6749 §1.5): the sign-in itself.
    RefreshToken
}
secret! {
    /// A client secret (RFC 6749 §2.3.1).
    ClientSecret
}
secret! {
    /// A client's private key, PEM or JWK, as its owner gave it (RFC 7523).
    PrivateKey
}
secret! {
    /// A registration access token (RFC 7592 §3).
    RegistrationAccessToken
}
secret! {
    /// An authorization code (RFC 6749 §1.3.1).
    AuthorizationCode
}
secret! {
    /// A device code (RFC 8628 §3.2): whoever has it gets the tokens once the user has allowed them. Never shown (H4).
    DeviceCode
}
secret! {
    /// A PKCE code verifier (RFC 7636 §4.1).
    CodeVerifier
}
secret! {
    /// The `state` of one authorization request (RFC 6749 §4.1.1).
    State
}
secret! {
    /// The key by which one linked client may use the loopback proxy for one profile.
    ProxyKey
}
secret! {
    /// A whole body of secrets on its way out: a token request, a sealed record before sealing, a token file.
    SecretText
}

/// True for what may stand behind `Bearer ` without smuggling anything into the header (G6): visible ASCII.
///
/// Wider than RFC 6750 §2.1 `b64token`, because real servers issue tokens such as `ada@example.com:grant:secret`; see
/// docs/adr/0007.
pub fn is_header_safe(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_kind_and_nothing_else() {
        assert_eq!(format!("{:?}", AccessToken::new("canary".into())), "AccessToken(…)");
    }

    /// G6
    #[test]
    fn a_token_with_a_line_break_blank_or_control_character_is_not_header_safe() {
        for bad in ["", "a\r\nX: y", "a b", "a\tb", "a\u{7f}", "\u{e4}", "a\0"] {
            assert!(!is_header_safe(bad), "{bad:?}");
        }
        for good in ["abc", "a.b-c_d~e+f/g==", "ada@example.com:grant:secret"] {
            assert!(is_header_safe(good), "{good:?}");
        }
    }
}
