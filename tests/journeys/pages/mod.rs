//! README.md and docs/*.md are true: what they tell people to type in a terminal is typed here, page by page, against demo
//! portals; and every command that they name anywhere is one that the command line takes.

mod commands;

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use keyfob_demo::{GivenClient, Portal, PortalOptions};
use keyfob_tests::{Keyfob, Output, Running, visit};
use url::Url;

use commands::{Page, pages};

/// The reader's servers, as pages call them.
const PORTALS: [(&str, &str); 3] = [
    ("https://mcpr.example.com/mcp", "readonly"),
    ("https://mcpa.example.com/mcp", "admin"),
    ("https://robots.example.com/mcp", "robots"),
];

/// What the reader of a page has done before.
const DONE_BEFORE: [(&str, &[&str]); 3] = [
    ("docs/recipes.md", &["keyfob add readonly https://mcpr.example.com/mcp --sign-in"]),
    ("docs/store.md", &["keyfob add readonly https://mcpr.example.com/mcp --sign-in"]),
    ("docs/troubleshooting.md", &["keyfob add readonly https://mcpr.example.com/mcp --sign-in"]),
];

/// What the reader puts in the place of a word in capitals.
const PLACEHOLDERS: [(&str, &str); 13] = [
    ("NAME|URL", "readonly"),
    ("NAME", "readonly"),
    ("URL", "https://mcpr.example.com/mcp"),
    ("CLIENT", "codex"),
    ("CMD", "true"),
    ("BACKEND", "key-file"),
    ("SCOPE", "read"),
    ("ID", "machine"),
    ("FILE", "file"),
    ("DIR", "folder"),
    ("FROM", "mcp-remote"),
    ("HASH", "0000"),
    ("SHELL", "bash"),
];

/// A secret that the machine's owner was given with its client.
const SECRET: &str = "given-to-the-machine";

/// The reader of one page: a home, a terminal, and the servers of the page.
struct Reader {
    user: Keyfob,
    portals: Vec<Portal>,
}

impl Reader {
    async fn new() -> Self {
        let user = Keyfob::new();
        let bin = user.path("bin");
        std::fs::create_dir(&bin).expect("a folder");
        std::fs::create_dir(user.path("site")).expect("a folder");
        std::fs::write(user.path("secret.txt"), format!("{SECRET}\n")).expect("a file");
        let built = std::fs::canonicalize(user.blocking_command(["status"]).get_program()).expect("keyfob");
        std::os::unix::fs::symlink(built, bin.join("keyfob")).expect("a link");
        // The tester's own service manager is left alone.
        std::fs::write(bin.join("systemctl"), "#!/bin/sh\nexit 0\n").expect("a file");
        std::fs::set_permissions(bin.join("systemctl"), PermissionsExt::from_mode(0o755)).expect("a mode");
        let rest = std::env::var("PATH").expect("PATH");
        let user = user.with("PATH", format!("{}:{rest}", bin.display()));
        let mut portals = Vec::new();
        for (_, name) in PORTALS {
            portals.push(portal(name).await);
        }
        Self { user, portals }
    }

    /// A line with this machine's portals and a user's own words in it.
    fn filled_in(&self, line: &str) -> String {
        let with_words = filled_in(line);
        let pairs = PORTALS.iter().zip(&self.portals);
        pairs.fold(with_words, |line, ((address, _), portal)| line.replace(address, &portal.mcp_url()))
    }

    /// Types a line into a shell, does what a person would, and gives what came of it.
    async fn types(&self, line: &str) -> Output {
        let goes_on = line.contains("keyfob agent ") && !line.contains("install");
        let script = if goes_on { format!("exec {line}") } else { line.to_owned() };
        let mut shell = self.user.program("sh".as_ref());
        shell.args(["-ec", &script]).current_dir(self.user.path(""));
        shell.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
        let mut running = Running::start(shell);
        if line.contains("--no-browser") {
            let address = running.stderr_line("http://").await;
            let redirect = back_from(&Url::parse(address.trim()).expect("an address")).await;
            running.write_line(redirect.as_str()).await;
        } else if goes_on {
            running.stderr_line("ready").await;
            running.terminate();
        }
        running.ended().await
    }
}

async fn portal(name: &str) -> Portal {
    let machine = GivenClient {
        client_id: "machine".into(),
        client_secret: Some(SECRET.into()),
        redirect_uris: Vec::new(),
    };
    let options = PortalOptions {
        name: name.to_owned(),
        access_token_lifetime: Duration::from_hours(1),
        clients: vec![machine],
        ..PortalOptions::default()
    };
    Portal::start(options).await.expect("a portal on a free port")
}

/// Where a browser on another machine ends: the address that does not load there.
async fn back_from(authorize: &Url) -> Url {
    let mut next = authorize.clone();
    while next.origin() == authorize.origin() {
        let page = visit(&next).await;
        next = next.join(&page.location.expect("consent is immediate")).expect("an address");
    }
    next
}

/// `[NAME]` and `…` are the page's, not the reader's.
fn filled_in(line: &str) -> String {
    let word = |word: &str| {
        let bare = word.trim_matches(['[', ']', '…']);
        PLACEHOLDERS.iter().find(|(name, _)| *name == bare).map_or(bare, |(_, value)| value).to_owned()
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Types all that a page tells one to type; gives how many lines that were.
async fn walk(page: &Page) -> usize {
    let lines = page.typed();
    if lines.is_empty() {
        return 0;
    }
    let reader = Reader::new().await;
    let before = DONE_BEFORE.iter().find(|(name, _)| *name == page.name).map_or(&[][..], |(_, lines)| *lines);
    for line in before.iter().copied().chain(lines.iter().map(String::as_str)) {
        let output = reader.types(&reader.filled_in(line)).await;
        assert_eq!(output.code, Some(0), "{}: {line}\n{}{}", page.name, output.stdout, output.stderr);
    }
    lines.len()
}

#[tokio::test]
async fn what_the_pages_tell_people_to_type_works_as_it_stands_line_by_line() {
    let pages = pages();
    let mut typed = 0;
    for walked in futures_util::future::join_all(pages.iter().map(walk)).await {
        typed += walked;
    }
    assert!(typed >= 40, "the pages' commands are found: {typed}");
}

#[tokio::test]
async fn every_command_that_the_pages_name_is_one_that_the_command_line_takes() {
    let (user, mut read) = (Keyfob::new(), 0);
    for page in pages() {
        for call in page.named() {
            let mut words = split(&filled_in(&call));
            // Read to the last word, as it would be for use, and then not used.
            words.push("--help".to_owned());
            let output = user.run(&words).await;
            assert_eq!(output.code, Some(0), "{}: keyfob {call}\n{}", page.name, output.stderr);
            read += 1;
        }
    }
    assert!(read >= 120, "the pages' commands are found: {read}");
}

/// Words as a shell would split them, as far as pages go.
fn split(line: &str) -> Vec<String> {
    let parts = line.split(['"', '\'']).enumerate();
    let words = parts.flat_map(|(index, part)| match index % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    });
    words.collect()
}

/// The guard of the test above: the command line really reads what stands before `--help`.
#[tokio::test]
async fn a_wrong_option_value_or_word_before_help_is_refused() {
    let user = Keyfob::new();
    for wrong in [
        "token readonly --fromat json",
        "token readonly --format jsn",
        "status readonly admin",
        "signin readonly",
        "store move keyring-file",
    ] {
        let words: Vec<_> = wrong.split(' ').chain(["--help"]).collect();
        user.run(words).await.expect_code(2);
    }
}
