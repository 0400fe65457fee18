//! Times and states as words for people.

use chrono::{DateTime, TimeDelta, Utc};
use keyfob_core::credential_state::StateWord;

/// `in 3 days`, `2 min ago`; the largest unit that says something.
pub(crate) fn when(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let left = at - now;
    let span = span(left.abs());
    if left >= TimeDelta::zero() { format!("in {span}") } else { format!("{span} ago") }
}

/// `3 days`, `2 min`.
pub(crate) fn span(length: TimeDelta) -> String {
    let seconds = length.num_seconds();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Rows as lines, each column as wide as its widest cell.
pub(crate) fn columns<'a, const N: usize>(rows: impl IntoIterator<Item = &'a [String; N]>) -> Vec<String> {
    let rows: Vec<_> = rows.into_iter().collect();
    let widths: [usize; N] =
        std::array::from_fn(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0));
    let line = |row: &&[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Lines of at most `width` characters that end between words; a longer word has a line of its own. Lines there already stay.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut begun = String::new();
        for word in line.split(' ') {
            if !begun.is_empty() && begun.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut begun));
            } else if !begun.is_empty() {
                begun.push(' ');
            }
            begun.push_str(word);
        }
        lines.push(begun);
    }
    lines.join("\n")
}

/// A time of day on this machine's clock.
pub(crate) fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono::Local).format("%H:%M:%S").to_string()
}

/// A state's mark and word.
pub(crate) fn state(word: StateWord) -> (&'static str, &'static str) {
    match word {
        StateWord::SignedOut => ("○", "signed out"),
        StateWord::SigningIn => ("…", "signing in"),
        StateWord::Active => ("●", "active"),
        StateWord::Refreshing => ("↻", "refreshing"),
        StateWord::Retrying => ("~", "retrying"),
        StateWord::NeedsSignIn => ("!", "needs sign-in"),
        StateWord::Locked => ("#", "locked"),
        StateWord::Paused => ("‖", "paused"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_between_words_and_a_long_word_stays_whole() {
        assert_eq!(wrapped("error: one two", 9), "error:\none two");
        assert_eq!(wrapped("a https://a.example/long b\nc", 8), "a\nhttps://a.example/long\nb\nc");
        assert_eq!(wrapped("ü ü", 3), "ü ü");
    }

    #[test]
    fn times_are_told_in_the_largest_unit_that_says_something() {
        let now = DateTime::UNIX_EPOCH;
        let at = |seconds| when(now + TimeDelta::seconds(seconds), now);
        assert_eq!(at(0), "in 0 s");
        assert_eq!(at(119), "in 119 s");
        assert_eq!(at(120), "in 2 min");
        assert_eq!(at(-7_200), "2 h ago");
        assert_eq!(at(30 * 86_400), "in 30 days");
    }
}
