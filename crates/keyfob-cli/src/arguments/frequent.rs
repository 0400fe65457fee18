//! The calls that programs make before each of their own requests, read without clap: describing the command line to it
//! takes longer than the keeper's answer. Whatever is not exactly such a call is clap's to read, and to refuse.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Arguments, Command, Headers, LogFormat, Token, TokenFormat};

/// `[--home DIR] token NAME` and `[--home DIR] headers NAME`, as clap would read them; `variable` is the environment's.
pub(crate) fn call(
    words: impl Iterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<Arguments> {
    if variable("KEYFOB_LOG_FORMAT").is_some() {
        return None;
    }
    let mut words = words.peekable();
    let home = match words.next_if(|word| word == "--home") {
        Some(_) => words.next(),
        None => variable("KEYFOB_HOME"),
    };
    let (command, name) = (words.next()?, words.next()?.into_string().ok()?);
    let is_plain = |word: &str| !word.is_empty() && !word.starts_with('-');
    if words.next().is_some()
        || !is_plain(&name)
        || home.as_ref().is_some_and(|dir| !dir.to_str().is_some_and(is_plain))
    {
        return None;
    }
    let command = match command.to_str()? {
        "token" => Command::Token(Token {
            name,
            operation: None,
            min_validity: "60s".into(),
            fresh: false,
            format: TokenFormat::Bare,
        }),
        "headers" => Command::Headers(Headers { name }),
        _ => return None,
    };
    Some(Arguments { home: home.map(PathBuf::from), log_format: LogFormat::Text, command })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn read(words: &[&str]) -> Option<Arguments> {
        call(words.iter().map(OsString::from), |_| None)
    }

    #[test]
    fn a_frequent_call_is_read_as_clap_reads_it() {
        for words in [
            &["token", "work"][..],
            &["headers", "work"],
            &["--home", "/somewhere", "token", "work"],
            &["token", "No name at all"],
        ] {
            let by_clap = Arguments::try_parse_from([&["keyfob"], words].concat()).unwrap();
            assert_eq!(format!("{:?}", read(words).unwrap()), format!("{by_clap:?}"));
        }
    }

    #[test]
    fn the_environments_home_counts_where_none_is_given() {
        let of = |words: &[&str]| {
            call(words.iter().map(OsString::from), |name| (name == "KEYFOB_HOME").then(|| "/env".into()))
        };
        assert_eq!(of(&["token", "work"]).unwrap().home, Some("/env".into()));
        assert_eq!(of(&["--home", "/given", "token", "work"]).unwrap().home, Some("/given".into()));
    }

    #[test]
    fn every_other_call_is_left_to_clap() {
        for words in [
            &[][..],
            &["token"],
            &["token", "--help"],
            &["token", ""],
            &["token", "work", "--fresh"],
            &["token", "work", "get"],
            &["--home", "token", "work"],
            &["--home", "", "token", "work"],
            &["--home", "--help", "token", "work"],
            &["--version", "token", "work"],
            &["status", "work"],
        ] {
            assert!(read(words).is_none(), "{words:?}");
        }
        assert!(call(["token", "work"].map(OsString::from).into_iter(), |_| Some("json".into())).is_none());
    }
}
