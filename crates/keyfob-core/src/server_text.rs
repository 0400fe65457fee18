//! Text that came from a server, made fit to show to a person (F12).

/// Longest server text that is ever shown, in characters.
pub const MAX_SHOWN: usize = 512;

/// Strips control and bidirectional-override characters and cuts to [`MAX_SHOWN`] characters.
///
/// A server's `error_description` reaches terminals, notifications and a window: escape sequences and text that reads
/// backwards must not.
pub fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !is_bidi_control(*c)).take(MAX_SHOWN).collect()
}

fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// True for what nobody sees in an address, and what names mean the same without: blanks, controls, joiners, marks of direction.
pub(crate) fn is_invisible(c: char) -> bool {
    let is_joiner = matches!(c, '\u{ad}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}');
    c.is_control() || c.is_whitespace() || is_bidi_control(c) || is_joiner
}

#[cfg(test)]
mod tests {
    use super::*;

    /// F12
    #[test]
    fn control_and_bidi_characters_are_stripped_and_length_is_bounded() {
        assert_eq!(shown("a\u{1b}[31mb\u{202e}c\r\nd"), "a[31mbcd");
        // C1: some terminals take U+009B for the beginning of an escape sequence.
        assert_eq!(shown("a\u{9b}31mb\u{85}c\u{7f}d\u{2066}e"), "a31mbcde");
        assert_eq!(shown(&"x".repeat(10_000)).len(), MAX_SHOWN);
    }
}
