//! Randomness of the operating system.

use keyfob_agent::ports::Entropy;

/// The system's random generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        fill(bytes);
    }
}

/// Fills `bytes`, waiting for the system if it has to.
pub(crate) fn fill(bytes: &mut [u8]) {
    if let Err(error) = getrandom::fill(bytes) {
        // Going on would mean a predictable `state` or key. No system keyfob runs on gets here after start-up.
        tracing::error!(%error, "the system gives no randomness");
        std::process::abort();
    }
}

/// So many random bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    fill(&mut random);
    hex_digits(&random)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex_digits(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D1, D2, V6: the bytes come from the system's generator, so two fills of 32 bytes never agree.
    #[test]
    fn every_fill_is_new() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        SystemEntropy.fill(&mut one);
        SystemEntropy.fill(&mut two);
        assert_ne!(one, two);
        assert_ne!(one, [0; 32]);
    }
}
