//! The only writer to standard output and standard error. Data goes to standard output and nothing else does.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this module is where printing is allowed")]

use std::io::{IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use keyfob_core::failure::{About, Failure};

/// A terminal that does not say how wide it is.
const USUAL_WIDTH: usize = 80;

/// Prints data: what a script reads. A closed pipe is the reader's choice, not an error.
pub(crate) fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
}

/// The same for a story that goes on; false once nobody reads any more.
pub(crate) fn data_goes_on(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).is_ok()
}

/// How wide the terminal at standard output is; `None` where it is no terminal.
pub(crate) fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    Some(terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| width.0.into()))
}

/// Whether data may be painted.
pub(crate) fn colours() -> bool {
    std::io::stdout().is_terminal() && are_colours_wanted()
}

/// The user's own word on colours, whatever they are for (no-color.org: an empty word is none).
fn are_colours_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Says something to a person.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}

/// Says that something went well.
pub(crate) fn good(text: &str) {
    eprintln!("{} {text}", painted("✓", AnsiColor::Green));
}

/// Warns.
pub(crate) fn warning(text: &str) {
    eprintln!("{}", prose("warning:", AnsiColor::Yellow, text));
}

/// Gives the exact next command.
pub(crate) fn hint(text: &str) {
    // A command is copied as it stands: the terminal may break its line, keyfob may not.
    if text.contains("keyfob ") {
        eprintln!("{} {text}", painted("hint:", AnsiColor::Cyan));
    } else {
        eprintln!("{}", prose("hint:", AnsiColor::Cyan, text));
    }
}

/// Says what failed and what to do next.
pub(crate) fn failure(failure: &Failure, about: About<'_>) {
    failure_with(failure, failure.hint(about).as_deref());
}

/// The same with another next step than the failure's own.
pub(crate) fn failure_with(failure: &Failure, next: Option<&str>) {
    eprintln!("{}", prose("error:", AnsiColor::Red, &failure.to_string()));
    if let Some(next) = next {
        hint(next);
    }
}

/// The same in words of the command's own.
pub(crate) fn failure_saying(words: &str, next: &str) {
    eprintln!("{}", prose("error:", AnsiColor::Red, words));
    hint(next);
}

/// Something to copy or to type elsewhere, after what it is: on a line of its own with room around it.
pub(crate) fn label_and_large(label: &str, text: &str) {
    let style = if std::io::stderr().is_terminal() { Style::new().bold().invert() } else { Style::new() };
    eprintln!("\n{label}    {style} {text} {style:#}\n");
}

/// A picture made of characters, dark on light, on a terminal alone: in a log file it would be noise, and without its two colours
/// no camera reads it.
pub(crate) fn picture(lines: &[String]) {
    if !std::io::stderr().is_terminal() || !are_colours_wanted() {
        return;
    }
    let paper = AnsiColor::Black.on(AnsiColor::BrightWhite);
    for line in lines {
        eprintln!("  {paper}{line}{paper:#}");
    }
}

/// A heading of a longer story on standard error.
pub(crate) fn heading(text: &str) {
    let style = if std::io::stderr().is_terminal() { Style::new().bold() } else { Style::new() };
    eprintln!("\n{style}{text}{style:#}");
}

/// Says what is going on, until [`passed`] or the next line takes its place; on a terminal only.
pub(crate) fn passing(text: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{text}");
    }
}

/// Takes it away again.
pub(crate) fn passed() {
    passing("");
}

/// Clears the screen before a picture is drawn anew, on a terminal only.
pub(crate) fn clear() {
    if std::io::stdout().is_terminal() {
        print!("\x1b[2J\x1b[H");
    }
}

/// A sentence after a painted word; on a terminal its lines end between words.
fn prose(word: &str, colour: AnsiColor, text: &str) -> String {
    let whole = format!("{word} {text}");
    let whole = if std::io::stderr().is_terminal() {
        let width = terminal_size::terminal_size().map_or(USUAL_WIDTH, |(width, _)| width.0.into());
        crate::words::wrapped(&whole, width)
    } else {
        whole
    };
    whole.replacen(word, &painted(word, colour), 1)
}

fn painted(word: &str, colour: AnsiColor) -> String {
    if std::io::stderr().is_terminal() && are_colours_wanted() {
        let style = colour.on_default().bold();
        return format!("{style}{word}{style:#}");
    }
    word.to_owned()
}
