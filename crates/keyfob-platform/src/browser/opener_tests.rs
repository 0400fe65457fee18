//! A fake opener writes down how it was called.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use url::Url;

use super::*;

/// Writes its arguments, NUL-terminated, into the file named by the first, whole or not at all.
const FAKE: &str =
    "#!/bin/sh\nout=$1; shift\nprintf '%s\\0' \"$@\" > \"$out.part\" && mv \"$out.part\" \"$out\"\n";

fn fake(folder: &Path) -> PathBuf {
    let path = folder.join("fake opener");
    std::fs::write(&path, FAKE).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// The arguments the fake was called with; waits for it, since a slow one is left running.
async fn recorded(out: &Path) -> Vec<String> {
    let end = Instant::now() + Duration::from_secs(10);
    while !out.exists() {
        assert!(Instant::now() < end, "the opener was never called");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let text = std::fs::read_to_string(out).unwrap();
    text.split_terminator('\0').map(str::to_owned).collect()
}

fn hostile() -> Vec<String> {
    let payloads = [
        "$(touch x)",
        "`touch x`",
        ";touch x",
        "|touch x",
        "&touch x",
        "&&calc.exe",
        "\n touch x",
        "\r\ntouch x",
        "'touch x'",
        "\"touch x\"",
        "\\touch x",
        " --help",
        "\t-rf",
        "%s",
        "%s%s",
        "%25s",
        "%00",
        "%0a-x",
        "<a>",
        "{x,y}",
        "*?[a]",
        "~root",
        "!!",
        "#frag ment",
        "\u{202e}gpj",
        "ü ö",
        "^&calc",
        "%COMSPEC%",
        "${IFS}x",
        "\u{0}",
        "\u{7f}",
        "-e x",
        "--",
        "$BROWSER",
        ":ls:",
    ];
    let shapes = [
        "https://as.example/authorize?x={}",
        "https://as.example/{}",
        "https://as.example/a#{}",
        "https://{}as.example/",
        "https://as.example/?{}={}",
        "  https://as.example/{} ",
        "-https://as.example/{}",
        "--new {} https://as.example/",
        "javascript:{}",
        "file:///{}",
        "HTTPS://as.example/{}",
        "http://127.0.0.1:7/{}",
        "http://as.example/{}",
        "https://u:{}@as.example/",
        "https:as.example/{}",
    ];
    shapes.iter().flat_map(|shape| payloads.iter().map(|payload| shape.replace("{}", payload))).collect()
}

/// V1, D10: whatever a server writes into its metadata, a program gets one https or loopback address or is not started.
#[tokio::test]
async fn hostile_urls_become_one_harmless_argument_or_none() {
    let folder = tempfile::tempdir().unwrap();
    let opener = fake(folder.path());
    let (mut started, urls) = (0, hostile());
    assert!(urls.len() >= 500, "{}", urls.len());
    for (n, text) in urls.iter().enumerate() {
        // What does not parse, or is no https or loopback address, never gets as far as a program.
        let Ok(url) = Url::parse(text) else { continue };
        let Ok(address) = super::super::allowed(&url) else { continue };
        let out = folder.path().join(format!("out{n}"));
        let template = format!("'{}' '{}'", opener.display(), out.display());
        open(address, Some(&template), false).await.unwrap();
        let arguments = recorded(&out).await;
        let [argument] = &arguments[..] else { panic!("{text:?} became {arguments:?}") };
        assert_eq!(argument, url.as_str(), "{text:?}");
        assert!(
            argument.starts_with("https://") || argument.starts_with("http://127.0.0.1:7/"),
            "{argument}"
        );
        let strange = |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || c == '"';
        assert!(!argument.contains(strange), "{argument:?}");
        assert_eq!(Url::parse(argument).as_ref(), Ok(&url));
        started += 1;
    }
    assert!(started >= 200, "{started}");
    assert!(!Path::new("x").exists());
}

/// V2: the template is split first, so a URL with blanks, quotes or another `%s` in it stays in its word.
#[tokio::test]
async fn a_template_is_split_before_the_url_is_put_in() {
    let folder = tempfile::tempdir().unwrap();
    let (opener, out) = (fake(folder.path()), folder.path().join("out"));
    // No parser of ours lets such a text through; the opener must not depend on that.
    let url = "https://a.example/?q=a b'\"\\;$(id) %s";
    let template = format!("'{}' '{}' --new-window \"--at %s now\" %s last", opener.display(), out.display());
    open(url, Some(&template), false).await.unwrap();
    let expected = ["--new-window", &format!("--at {url} now"), url, "last"];
    assert_eq!(recorded(&out).await, expected);
}

#[test]
fn alternatives_stand_between_colons_and_quotes_must_close() {
    let commands = from_template("firefox --new %s: 'my browser' :", "U").unwrap();
    assert_eq!(commands, [vec!["firefox", "--new", "U"], vec!["my browser", "U"]]);
    assert!(from_template("'open", "U").is_err());
    // The program is never taken from a URL.
    assert_eq!(from_template("%s", "U").unwrap(), [["%s", "U"]]);
}

#[tokio::test]
async fn the_next_alternative_is_tried_when_one_is_missing_or_fails_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (opener, out) = (fake(folder.path()), folder.path().join("out"));
    let template = format!("/nowhere/browser:/bin/false:'{}' '{}'", opener.display(), out.display());
    open("https://a.example/", Some(&template), false).await.unwrap();
    assert_eq!(recorded(&out).await, ["https://a.example/"]);
    let failed = open("https://a.example/", Some("/nowhere/browser:/bin/false"), true).await.unwrap_err();
    assert!(failed.starts_with("/bin/false failed"), "{failed}");
}

/// A browser that stays in the foreground is left running and not waited for.
#[tokio::test]
async fn a_browser_that_keeps_running_is_not_waited_for() {
    let begun = Instant::now();
    open("2", Some("sleep"), false).await.unwrap();
    assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn without_a_display_and_a_browser_nothing_is_started() {
    assert_eq!(open("https://a.example/", None, false).await.unwrap_err(), "no display and no $BROWSER");
}
