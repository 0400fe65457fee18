//! Asks a person for the store's passphrase, on a terminal alone: without one nothing ever prompts.

use std::io::IsTerminal as _;

use keyfob_platform::store::sealing_key::PassphrasePrompt;
use zeroize::Zeroizing;

use crate::output;

/// How often a person may mistype a new one.
const TRIES: usize = 3;

/// A prompt that asks when it is needed.
pub(crate) fn prompt(is_new: bool) -> PassphrasePrompt {
    Box::new(move || if is_new { chosen() } else { typed() })
}

/// A prompt whose answer is known already.
pub(crate) fn known(passphrase: Zeroizing<String>) -> PassphrasePrompt {
    Box::new(move || Some(passphrase.clone()))
}

/// The passphrase of a store that has one.
pub(crate) fn typed() -> Option<Zeroizing<String>> {
    ask("the passphrase of keyfob's store: ")
}

/// A new one, asked for twice, since nobody could tell a mistyped one.
pub(crate) fn chosen() -> Option<Zeroizing<String>> {
    for _ in 0..TRIES {
        let first = ask("a new passphrase for keyfob's store: ")?;
        if first == ask("the same again: ")? {
            return Some(first);
        }
        output::warning("these were two different ones");
    }
    None
}

/// Whether a file holds it, so that nobody is asked.
pub(crate) fn is_in_a_file() -> bool {
    std::env::var_os("KEYFOB_PASSPHRASE_FILE").is_some_and(|path| !path.is_empty())
}

/// Nothing typed is no passphrase.
fn ask(question: &str) -> Option<Zeroizing<String>> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let typed = Zeroizing::new(rpassword::prompt_password(question).ok()?);
    (!typed.is_empty()).then_some(typed)
}
