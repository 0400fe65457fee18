//! The list of every file that keyfob keeps, which its window shows: nothing lies in a home that is not in it.

use std::path::{Path, PathBuf};

use keyfob_platform::paths::{OwnFile, Paths};
use keyfob_tests::{Keyfob, portal};

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Which of keyfob's own files are there; none is there that is not listed.
#[track_caller]
fn listed(home: &Path, when: &str) -> Vec<OwnFile> {
    let list = Paths::resolve(Some(home.to_owned())).unwrap().own_files();
    let mut found: Vec<_> = files_below(home)
        .into_iter()
        .map(|file| {
            let listed = list.iter().find(|(_, path)| file.starts_with(path));
            assert!(listed.is_some(), "{when}: {} stands in no list", file.display());
            listed.unwrap().0
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// A home in which everything was done that leaves a file: sign-ins, places, a command, links, a keeper, a damaged record.
async fn used(user: &Keyfob, home: &Path) -> Vec<OwnFile> {
    let portal = portal().await;
    let file = format!("token-file:{}", user.path("token.json").display());
    user.must(["add", "work", &portal.mcp_url(), "--deliver", &file, "--sign-in", "--timeout", "20s"]).await;
    let profiles = std::fs::read_to_string(home.join("profiles.toml")).unwrap();
    let command = "[[profiles.work.deliver]]\nkind = \"command\"\ncommand = [\"/bin/true\"]\n";
    std::fs::write(home.join("profiles.toml"), format!("{profiles}\n{command}")).unwrap();
    let asked = user.run(["approve", "work"]).await;
    let (_, hash) = asked.stderr.split_once("--exactly ").unwrap();
    user.must(["approve", "work", "--exactly", hash.split_whitespace().next().unwrap()]).await;
    let mut keeper = user.spawn(["agent"]);
    keeper.stderr_line("ready").await;
    user.must(["link", "work", "zed"]).await;
    user.must(["link", "work", "claude-desktop"]).await;
    user.must(["refresh", "work"]).await;
    let marks = home.join("state/commands/work");
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while !marks.exists() {
        assert!(tokio::time::Instant::now() < until, "the command has not run");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let found = listed(home, "while a keeper runs");
    keeper.terminate();
    assert_eq!(keeper.ended().await.code, Some(0));
    let record = home.join("data/credentials/work.sealed");
    std::fs::write(&record, b"damaged").unwrap();
    user.must(["sign-in", "work", "--timeout", "20s"]).await;
    user.must(["unlink", "work", "zed"]).await;
    user.must(["sign-out", "work"]).await;
    listed(home, "after a sign-out");
    user.must(["remove", "work"]).await;
    listed(home, "after a removal");
    found
}

#[tokio::test]
async fn every_file_of_a_home_in_use_is_in_the_list_that_people_are_shown() {
    let user = Keyfob::new();
    let found = used(&user, &user.home()).await;
    for kind in [
        OwnFile::Profiles,
        OwnFile::Config,
        OwnFile::Records,
        OwnFile::Key,
        OwnFile::Locks,
        OwnFile::ClientKeys,
        OwnFile::Journal,
        OwnFile::Links,
        OwnFile::CommandMarks,
        OwnFile::Written,
        OwnFile::Lease,
        OwnFile::Socket,
        OwnFile::ProxySocket,
    ] {
        assert!(found.contains(&kind), "{kind:?} was there to be found: {found:?}");
    }
}

/// The socket's path is too long for the system there.
#[tokio::test]
async fn a_home_with_a_long_path_has_its_pointer_in_the_list_as_well() {
    let user = Keyfob::new();
    let home = user.path(&"deep".repeat(25));
    let user = user.with("KEYFOB_HOME", &home);
    std::fs::create_dir(&home).unwrap();
    assert!(used(&user, &home).await.contains(&OwnFile::SocketPointer));
}

/// A sealing key that others of this machine could read is private again, and both programs say so, once.
#[tokio::test]
async fn a_sealing_key_that_was_open_to_others_is_told_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let (user, portal) = (Keyfob::new(), portal().await);
    user.sign_in_to("a", &portal.mcp_url()).await;
    let is_key = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "key");
    let key = files_below(&user.home()).into_iter().find(is_key).expect("a key in a file");
    for arguments in [&["token", "a"][..], &["status"]] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
        let told = user.run(arguments).await.expect_code(0).says("(mode 644) and is private again").stderr;
        assert!(told.contains(&key.display().to_string()), "{told}");
        assert_eq!(told.matches("is private again").count(), 1, "{told}");
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(user.run(arguments).await.expect_code(0).stderr, "");
    }
}
