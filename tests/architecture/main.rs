//! Holds the rooms and the arrows of ARCHITECTURE.md, the places a secret may leave its type, and what README promises of the
//! tree.
#![expect(clippy::unwrap_used, reason = "a tree that cannot be read fails the test")]

mod imports;
mod pages;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Normal and build dependencies of each package of ours.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|d| d["kind"] != "dev").map(|d| d["name"].as_str().unwrap().to_owned()).collect()
    };
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().map(|package| (package["name"].as_str().unwrap().to_owned(), names(package))).collect()
}

fn sources() -> Vec<PathBuf> {
    rust_files(["crates", "src-tauri/src"].iter().map(|folder| root().join(folder)).collect())
}

/// All Rust files below these folders; npm packages are not ours.
fn rust_files(mut folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

#[test]
fn the_arrows_between_the_rooms_point_one_way() {
    let allowed = BTreeMap::from([
        ("keyfob-core", vec![]),
        ("keyfob-agent", vec!["keyfob-core"]),
        ("keyfob-platform", vec!["keyfob-agent", "keyfob-core"]),
        ("keyfob-proxy", vec!["keyfob-agent", "keyfob-core"]),
        ("keyfob-links", vec!["keyfob-agent", "keyfob-core"]),
        ("keyfob-demo", vec!["keyfob-core"]),
        (
            "keyfob-cli",
            vec![
                "keyfob-agent",
                "keyfob-core",
                "keyfob-demo",
                "keyfob-links",
                "keyfob-platform",
                "keyfob-proxy",
            ],
        ),
        (
            "keyfob-app",
            vec![
                "keyfob-agent",
                "keyfob-core",
                "keyfob-demo",
                "keyfob-links",
                "keyfob-platform",
                "keyfob-proxy",
            ],
        ),
    ]);
    for (package, dependencies) in dependencies() {
        let Some(allowed) = allowed.get(package.as_str()) else {
            assert_eq!(package, "keyfob-tests", "a new crate needs a decision record and an arrow here");
            continue;
        };
        let ours: Vec<_> = dependencies.iter().filter(|name| name.starts_with("keyfob-")).collect();
        assert!(ours.iter().all(|name| allowed.contains(&name.as_str())), "{package} → {ours:?}");
    }
}

#[test]
fn no_room_uses_what_it_must_not() {
    let forbidden = [
        ("keyfob-core", &["tokio", "reqwest", "hyper", "keyring", "rustix", "tracing", "tauri"][..]),
        ("keyfob-agent", &["reqwest", "hyper", "keyring", "rustix", "tauri", "rustls"]),
        ("keyfob-platform", &["tauri", "clap", "rmcp"]),
        ("keyfob-proxy", &["reqwest", "keyring", "tauri", "rustix"]),
        ("keyfob-links", &["tokio", "reqwest", "hyper", "keyring", "rustix", "tauri"]),
        ("keyfob-demo", &["reqwest", "tauri", "keyring"]),
        ("keyfob-cli", &["tauri", "reqwest", "keyring", "oauth2"]),
        ("keyfob-app", &["reqwest", "keyring", "oauth2"]),
    ];
    let dependencies = dependencies();
    for (package, names) in forbidden {
        for name in names {
            assert!(!dependencies[package].contains(*name), "{package} must not use {name}");
        }
    }
}

#[test]
fn every_file_opens_with_its_job_and_every_room_but_the_machine_forbids_unsafe_code() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not say its job", shown(&path));
        let name = shown(&path);
        let is_root = name.ends_with("/src/lib.rs") || name.ends_with("/src/main.rs");
        if is_root && !name.contains("keyfob-platform") {
            assert!(text.contains("#![forbid(unsafe_code)]"), "{name}");
        }
    }
}

/// V13: the whole list of files in which a secret leaves its type, each exit with its reason.
#[test]
fn a_secret_leaves_its_type_in_these_files_only() {
    let has_exit = |path: &PathBuf| {
        let text: String = std::fs::read_to_string(path).unwrap().split_whitespace().collect();
        text.contains("expect(clippy::disallowed_methods") && text.contains("expose_secret")
    };
    let product =
        sources().into_iter().filter(|p| !shown(p).contains("/tests/") && !shown(p).ends_with("tests.rs"));
    let exits: BTreeSet<String> = product.filter(has_exit).map(|path| shown(&path)).collect();
    let expected = include_str!("../secret_exits.txt").lines().map(str::to_owned).collect();
    assert_eq!(exits, expected);
}

#[test]
fn only_the_output_module_prints() {
    for path in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        let allows = text.contains("clippy::print_stdout");
        let name = shown(&path);
        assert!(
            !allows
                || name.ends_with("keyfob-cli/src/output.rs")
                || name.contains("keyfob-demo/examples/")
                || name.contains("/tests/"),
            "{name}"
        );
    }
}

#[test]
fn every_file_that_readme_names_is_there() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let mut named = 0;
    for line in readme.lines().filter(|line| line.starts_with("| ") && line.contains('`')) {
        let Some(path) = line.rsplit('`').nth(1).filter(|path| path.contains('/')) else { continue };
        assert!(root().join(path).is_file(), "README names {path}");
        named += 1;
    }
    assert!(named >= 20, "the table is there: {named}");
    let pictures: Vec<_> = readme.split('"').filter(|word| word.starts_with("docs/pictures/")).collect();
    assert_eq!(pictures.len(), 2, "in light and dark");
    assert!(pictures.iter().all(|path| root().join(path).is_file()), "{pictures:?}");
}

#[test]
fn every_test_that_the_security_checklist_names_exists() {
    let checklist = std::fs::read_to_string(root().join("docs/security-checklist.md")).unwrap();
    let mut all = String::new();
    let in_tests = rust_files(vec![root().join("tests")]);
    for path in sources().into_iter().chain(in_tests) {
        all.push_str(&std::fs::read_to_string(path).unwrap());
    }
    let held = checklist.lines().filter(|line| line.starts_with("  Held by "));
    for name in held.flat_map(|line| line.split('`').skip(1).step_by(2)) {
        assert!(all.contains(&format!("fn {name}")), "the checklist names {name}");
    }
}

/// The first column of the runbook's tables, code words and numbers.
fn explained_in_the_runbook(runbook: &str) -> BTreeSet<String> {
    let first =
        |line: &str| line.strip_prefix("| ").and_then(|line| line.split(" | ").next()).map(str::to_owned);
    let words =
        |column: String| column.split(", ").map(|word| word.trim_matches('`').to_owned()).collect::<Vec<_>>();
    runbook.lines().filter_map(first).flat_map(words).collect()
}

/// The words after `=> "` in a file's table of names.
fn named_in(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let words = text.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned);
    let words: Vec<_> = words.collect();
    assert!(words.len() > 10, "{path} has its names where this test looks: {words:?}");
    words
}

#[test]
fn the_runbook_explains_every_state_code_event_and_exit_code() {
    let runbook = std::fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let explained = explained_in_the_runbook(&runbook);
    let states = keyfob_core::credential_state::StateWord::ALL;
    let mut needed: Vec<String> =
        states.iter().map(|word| serde_json::to_value(word).unwrap().as_str().unwrap().to_owned()).collect();
    needed.extend(named_in("crates/keyfob-core/src/failure/code.rs"));
    needed.extend(named_in("crates/keyfob-agent/src/journal.rs"));
    let exits = std::fs::read_to_string(root().join("crates/keyfob-cli/src/exit_code.rs")).unwrap();
    let codes = exits.lines().filter_map(|line| line.trim().trim_end_matches(',').rsplit_once("=> "));
    let codes: Vec<_> =
        codes.map(|(_, code)| code.to_owned()).filter(|code| code.parse::<u8>().is_ok()).collect();
    assert!(codes.len() >= 8, "{codes:?}");
    needed.extend(codes.into_iter().chain(["0", "125", "126", "127"].map(str::to_owned)));
    for word in &needed {
        assert!(explained.contains(word), "docs/runbook.md does not explain `{word}`");
    }
}

#[test]
fn the_runbook_names_no_code_that_is_gone() {
    let runbook = std::fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let codes = runbook.split("## Codes").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap();
    let known = named_in("crates/keyfob-core/src/failure/code.rs");
    let named = codes.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut count = 0;
    for code in named {
        assert!(
            known.iter().any(|word| word == code),
            "docs/runbook.md explains `{code}`, which is not there"
        );
        count += 1;
    }
    assert_eq!(count, known.len(), "each code once");
}

/// What a file may not exceed, in lines: a long file holds two concepts.
const MOST_LINES: usize = 400;
/// Files that hold one concept all the same, and how long they may be.
const LONGER: [(&str, usize); 1] = [
    // The whole command line on one page, a block for each command.
    ("crates/keyfob-cli/src/arguments.rs", 500),
];

#[test]
fn no_file_is_longer_than_four_hundred_lines_and_clippy_counts_the_functions() {
    for path in sources().into_iter().chain(rust_files(vec![root().join("tests")])) {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        let name = shown(&path);
        let most = LONGER.iter().find(|(file, _)| *file == name).map_or(MOST_LINES, |(_, most)| *most);
        assert!(lines <= most, "{name} has {lines} lines");
    }
    let clippy = std::fs::read_to_string(root().join("clippy.toml")).unwrap();
    for limit in ["too-many-lines-threshold = 60", "too-many-arguments-threshold = 5"] {
        assert!(clippy.contains(limit), "clippy.toml has lost `{limit}`");
    }
}

/// Core and agent know time, files and chance only as values and ports.
#[test]
fn rules_and_journeys_take_no_time_no_file_and_no_chance_from_the_machine() {
    let forbidden = [
        "Instant::now",
        "SystemTime::now",
        "Utc::now",
        "Local::now",
        "std::fs",
        "tokio::fs",
        "tokio::time",
        "std::net::Tcp",
        "tokio::net",
        "std::process",
        "tokio::process",
        "std::env::var",
        "rand::",
        "getrandom",
    ];
    for path in sources() {
        let name = shown(&path);
        if !name.starts_with("crates/keyfob-core/src/") && !name.starts_with("crates/keyfob-agent/src/") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for word in forbidden {
            assert!(!text.contains(word), "{name} uses {word}");
        }
    }
}

/// Names that say nothing, and where one of them is the field's own word.
const EMPTY_WORDS: [&str; 6] = ["manager", "service", "helper", "util", "common", "misc"];
const THE_FIELDS_OWN: [(&str, &str); 8] = [
    (
        "keyring_entries/secret_service.rs",
        "the Secret Service, freedesktop.org's name for its keyring interface",
    ),
    ("src/service_install.rs", "a service as systemd and the other systems call a program they keep running"),
    ("src/service_manager.rs", "the same: systemd's word for itself"),
    ("src/service_unit.rs", "the same"),
    ("journeys/service.rs", "the same"),
    ("struct ServiceManager", "the same"),
    ("struct Service", "the same; and a double of freedesktop.org's notification service"),
    ("enum Service", "the demo portal: which service it is at all"),
];
/// Methods that others named.
const NAMED_BY_OTHERS: [(&str, &str); 2] = [
    ("fn get_info", "a method of rmcp's server trait"),
    ("fn get_capabilities", "GetCapabilities of freedesktop.org's notifications"),
];

#[test]
fn no_name_says_manager_service_or_the_like_and_no_function_begins_with_get() {
    let is_excused = |name: &str| THE_FIELDS_OWN.iter().any(|(excused, _)| name.ends_with(excused));
    for path in sources().into_iter().chain(rust_files(vec![root().join("tests")])) {
        let name = shown(&path);
        let file = name.rsplit('/').next().unwrap().to_ascii_lowercase();
        assert!(is_excused(&name) || !EMPTY_WORDS.iter().any(|word| file.contains(word)), "{name}");
        for line in std::fs::read_to_string(&path).unwrap().lines().map(declaration) {
            let lower = line.to_ascii_lowercase();
            let is_type = ["struct ", "enum ", "trait ", "type "].iter().any(|kind| line.starts_with(kind));
            let says_nothing = is_type && EMPTY_WORDS.iter().any(|word| lower.contains(word));
            assert!(!says_nothing || is_excused(line), "{name}: {line}");
            let is_ours = !NAMED_BY_OTHERS.iter().any(|(named, _)| *named == line);
            assert!(!(is_ours && line.starts_with("fn get_")), "{name}: {line}");
        }
    }
}

/// `pub(crate) async fn take<T>(…` → `fn take`; `struct Name {` → `struct Name`.
fn declaration(line: &str) -> &str {
    let mut line = line.trim_start();
    for word in ["pub(crate) ", "pub(super) ", "pub ", "async ", "const ", "unsafe "] {
        line = line.strip_prefix(word).unwrap_or(line);
    }
    let name = line.find(' ').map_or(line.len(), |space| space + 1);
    let end =
        line[name..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(line.len(), |at| name + at);
    &line[..end]
}

#[test]
fn in_the_window_only_the_ipc_room_speaks_to_tauri() {
    let mut folders = vec![root().join("ui/src")];
    let mut speaking = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !shown(&path).contains(".test.")
                && std::fs::read_to_string(&path).unwrap_or_default().contains("@tauri-apps/")
            {
                speaking.insert(shown(&path));
            }
        }
    }
    assert_eq!(speaking, BTreeSet::from(["ui/src/ipc/index.ts".to_owned()]));
}
