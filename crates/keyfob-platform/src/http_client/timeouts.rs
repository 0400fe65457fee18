//! How long each step of a request may take.

use std::time::Duration;

/// The limits; the defaults are what the ports promise. Tests shorten them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    /// Name look-up, connection, proxy and TLS together.
    pub(super) connect: Duration,
    /// A whole document.
    pub(super) document: Duration,
    /// From a finished connection to the first byte of an answer to credentials; a longer wait outlives most grace
    /// windows (trust rule 3).
    pub(super) first_byte: Duration,
    /// Between two bytes of such an answer, its head included.
    pub(super) between_bytes: Duration,
    /// The whole POST of credentials.
    pub(super) credentials: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            document: Duration::from_secs(20),
            first_byte: Duration::from_secs(10),
            between_bytes: Duration::from_secs(2),
            credentials: Duration::from_secs(20),
        }
    }
}
