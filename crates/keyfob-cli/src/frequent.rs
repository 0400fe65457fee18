//! The calls that programs make before each of their own requests, read without clap: describing the command line to it
//! takes longer than the keeper's answer. Whatever is not exactly such a call is clap's to read, and to refuse.

use std::ffi::OsString;
use std::path::PathBuf;

/// `[--home DIR] token NAME` or `[--home DIR] headers NAME`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frequent {
    /// `--home` or `KEYFOB_HOME`.
    pub(crate) home: Option<PathBuf>,
    pub(crate) name: String,
    pub(crate) shown: Shown,
}

/// How the token is printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Token,
    Headers,
}

/// A frequent call, as clap would read it; `variable` is the environment's. A log is the whole program's, and so is a bus on the
/// network: hosts are looked up by the system's C library, and the small program has its own (docs/adr/0017).
pub(crate) fn call(
    words: impl Iterator<Item = OsString>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Option<Frequent> {
    if ["KEYFOB_LOG", "KEYFOB_LOG_FORMAT"].into_iter().any(|name| variable(name).is_some()) {
        return None;
    }
    let bus = variable("DBUS_SESSION_BUS_ADDRESS").unwrap_or_default();
    if bus.to_string_lossy().contains("tcp:") {
        return None;
    }
    let mut words = words.peekable();
    let home = match words.next_if(|word| word == "--home") {
        Some(_) => words.next(),
        None => variable("KEYFOB_HOME"),
    };
    let shown = match words.next()?.to_str()? {
        "token" => Shown::Token,
        "headers" => Shown::Headers,
        _ => return None,
    };
    let name = words.next()?.into_string().ok()?;
    let is_plain = |word: &str| !word.is_empty() && !word.starts_with('-');
    if words.next().is_some()
        || !is_plain(&name)
        || home.as_ref().is_some_and(|dir| !dir.to_str().is_some_and(is_plain))
    {
        return None;
    }
    Some(Frequent { home: home.map(PathBuf::from), name, shown })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::arguments::{Arguments, Command, TokenFormat};

    fn read(words: &[&str]) -> Option<Frequent> {
        call(words.iter().map(OsString::from), |_| None)
    }

    /// What clap read, if it is a frequent call with everything else as it is by default.
    fn frequent(arguments: Arguments) -> Option<Frequent> {
        let (name, shown) = match arguments.command {
            Command::Headers(headers) => (headers.name, Shown::Headers),
            Command::Token(token)
                if token.operation.is_none()
                    && !token.fresh
                    && token.min_validity == "60s"
                    && matches!(token.format, TokenFormat::Bare) =>
            {
                (token.name, Shown::Token)
            }
            _ => return None,
        };
        Some(Frequent { home: arguments.home, name, shown })
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
            assert_eq!(read(words), frequent(by_clap), "{words:?}");
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
        let with = |name: &str, value: &str| {
            let set = |asked: &str| (asked == name).then(|| value.into());
            call(["token", "work"].map(OsString::from).into_iter(), set)
        };
        assert_eq!(with("KEYFOB_LOG", "json"), None);
        assert_eq!(with("KEYFOB_LOG_FORMAT", "json"), None);
        assert_eq!(with("DBUS_SESSION_BUS_ADDRESS", "nonce-tcp:host=desk,port=9"), None);
        assert!(with("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus").is_some());
    }
}
