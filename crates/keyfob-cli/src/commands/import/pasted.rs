//! Tokens that a person pastes: from standard input, and on a terminal without showing them. Never from an argument, which every
//! process of the machine can read.

use std::io::{IsTerminal as _, Read as _};

use keyfob_core::failure::Failure;
use zeroize::Zeroizing;

use crate::output;

/// Nothing that is pasted is longer, in bytes: a JWT with all that an inspector shows around it.
const LONGEST: u64 = 1024 * 1024;

/// What a terminal hands over of one line, in bytes, before it drops the rest without a word.
const LONGEST_LINE: usize = 4_095;

/// The whole text.
pub(super) fn read() -> Result<Zeroizing<String>, Failure> {
    if std::io::stdin().is_terminal() {
        return typed();
    }
    let mut text = Zeroizing::new(String::new());
    let read = std::io::stdin().take(LONGEST).read_to_string(&mut text);
    read.map_err(|error| Failure::Usage(format!("standard input: {error}")))?;
    if text.trim().is_empty() {
        let why = "standard input is empty; write the tokens to it, JSON or the access token alone";
        return Err(Failure::Usage(why.into()));
    }
    Ok(text)
}

/// JSON ends where its braces do; else the two tokens are asked for one after the other.
fn typed() -> Result<Zeroizing<String>, Failure> {
    output::note(
        "Paste the tokens: JSON as an inspector shows it, or the access token alone. Nothing is shown.",
    );
    let mut text = line("Tokens: ")?;
    if !text.trim_start().starts_with('{') {
        let refresh = line("Refresh token, if there is one: ")?;
        text.push('\n');
        text.push_str(&refresh);
        return Ok(text);
    }
    while serde_json::from_str::<serde::de::IgnoredAny>(&text).is_err_and(|error| error.is_eof()) {
        let more = line("")?;
        text.push('\n');
        text.push_str(&more);
    }
    Ok(text)
}

fn line(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let typed = rpassword::prompt_password(prompt).map(Zeroizing::new);
    let typed = typed.map_err(|error| Failure::Usage(format!("nothing was pasted: {error}")))?;
    if typed.len() >= LONGEST_LINE {
        let why = "a terminal cuts a line this long: put it into a file, then keyfob import FILE";
        return Err(Failure::Usage(why.into()));
    }
    Ok(typed)
}
