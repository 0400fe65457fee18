//! Rules of security that hold for the source as a whole: what is written nowhere in it.
#![expect(clippy::unwrap_used, reason = "a tree that cannot be read fails the test")]

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// Rust files of the product: no tests, no demo portal.
fn product() -> Vec<(String, String)> {
    let rooms = ["core", "agent", "platform", "proxy", "cli"].map(|room| format!("crates/keyfob-{room}/src"));
    let mut folders: Vec<PathBuf> =
        rooms.into_iter().chain(["src-tauri/src".into()]).map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !name.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let end = text.find("mod tests {").unwrap_or(text.len());
                // Neither what is said of the code nor its examples.
                let code = text[..end].lines().filter(|line| !line.trim_start().starts_with("//"));
                found.push((name, code.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    assert!(found.len() > 100, "the tree was read: {} files", found.len());
    found
}

/// The text literals that stand directly after `marker`.
fn literals_after<'a>(text: &'a str, marker: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(marker).filter_map(move |(at, _)| text[at + marker.len()..].split('"').nth(1))
}

/// D12: every grant and response type that is ever sent is one of those written here.
#[test]
fn no_request_names_the_implicit_or_the_password_grant() {
    let allowed = [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    ];
    let mut named = Vec::new();
    for (file, text) in product() {
        for forbidden in [
            "exchange_password",
            "use_implicit_flow",
            "set_response_type",
            "ResourceOwner",
            "\"id_token token\"",
        ] {
            assert!(!text.contains(forbidden), "{file}: {forbidden}");
        }
        for grant in literals_after(&text, "\"grant_type\"") {
            assert!(allowed.contains(&grant), "{file} sends the grant `{grant}`");
            named.push(grant.to_owned());
        }
        let registered = text.lines().filter(|line| line.contains("\"grant_types\":"));
        for grant in registered.flat_map(|line| line.split('"').skip(3).step_by(2)) {
            assert!(allowed.contains(&grant), "{file} registers for the grant `{grant}`");
        }
        for kind in literals_after(&text, "\"response_types\"") {
            assert_eq!(kind, "code", "{file}");
        }
    }
    named.sort();
    assert!(
        named.contains(&"authorization_code".into()) && named.contains(&"refresh_token".into()),
        "{named:?}"
    );
}

/// D11, V15: the window shows the app's own page, with no shell, no second window for a server's page and no plugin that
/// could open one.
#[test]
fn no_page_of_a_server_is_ever_shown_in_a_window_of_keyfobs() {
    for (file, text) in product().into_iter().filter(|(file, _)| file.starts_with("src-tauri/")) {
        for forbidden in [
            "WebviewUrl::External",
            "WebviewUrl::CustomProtocol",
            ".navigate(",
            "tauri_plugin_shell",
            ".eval(",
        ] {
            assert!(!text.contains(forbidden), "{file}: {forbidden}");
        }
    }
    let manifest = read("src-tauri/Cargo.toml");
    for plugin in ["tauri-plugin-shell", "tauri-plugin-deep-link", "tauri-plugin-http", "tauri-plugin-fs"] {
        assert!(!manifest.contains(plugin), "{plugin}");
    }
    let capability: serde_json::Value =
        serde_json::from_str(&read("src-tauri/capabilities/main.json")).unwrap();
    assert_eq!(
        capability["permissions"],
        serde_json::json!(["core:event:allow-listen", "core:event:allow-unlisten"])
    );
    assert_eq!(std::fs::read_dir(root().join("src-tauri/capabilities")).unwrap().count(), 1);
    assert_eq!(capability.get("remote"), None);
}

/// G8: own files only, no inline script or style, no frames.
#[test]
fn the_window_loads_its_own_files_only_and_runs_no_inline_script() {
    let config: serde_json::Value = serde_json::from_str(&read("src-tauri/tauri.conf.json")).unwrap();
    let security = &config["app"]["security"];
    let policy = security["csp"].as_str().unwrap();
    let directive = |name: &str| {
        policy.split("; ").find_map(|d| d.strip_prefix(name)?.strip_prefix(' ')).unwrap_or("").to_owned()
    };
    assert_eq!(directive("default-src"), "'self'");
    assert_eq!(directive("script-src"), "'self'");
    assert_eq!(directive("style-src"), "'self'");
    assert_eq!(directive("frame-src"), "'none'");
    assert_eq!(directive("object-src"), "'none'");
    for hole in ["unsafe-inline", "unsafe-eval", "*", "https:"] {
        assert!(!policy.contains(hole), "{hole}");
    }
    for switch in ["dangerousDisableAssetCspModification", "dangerousRemoteDomainIpcAccess"] {
        assert_eq!(security.get(switch), None, "{switch}");
    }
    assert_eq!(config["app"]["withGlobalTauri"], false);
    let page = read("ui/index.html");
    for script in page.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').unwrap();
        assert!(attributes.contains("src=\"/"), "an inline or foreign script: {attributes}");
        assert!(rest.starts_with("</script>"), "an inline script");
    }
    assert!(!page.contains("<style") && !page.contains(" style=") && !page.contains(" onload="));
}

/// C10: whatever is in the program is public, so there is no client id, no secret and no key of keyfob's own in it.
#[test]
fn no_client_secret_and_no_key_is_in_the_program() {
    for (file, text) in product() {
        for maker in
            ["ClientSecret::new(\"", "RefreshToken::new(\"", "AccessToken::new(\"", "SecretText::new(\""]
        {
            assert!(!text.contains(maker), "{file}: {maker}");
        }
        for marker in ["client_secret: Some(\"", "-----BEGIN", "include_bytes!(\"../../../keys"] {
            assert!(!text.contains(marker), "{file}: {marker}");
        }
    }
}

/// fault 39: where the system has no thread left, these panic, and a release ends with the panic. Those that answer with an
/// error are in `keyfob_platform::threads`.
#[test]
fn no_thread_is_asked_for_in_a_way_that_panics_when_there_is_none() {
    for (file, text) in product() {
        for forbidden in ["spawn_blocking", "thread::spawn(", "lookup_host", "tokio::fs"] {
            assert!(!text.contains(forbidden), "{file}: {forbidden}");
        }
        let asks = text.contains("tokio::io::stdin()");
        assert!(!asks || text.contains("threads::are_left("), "{file} reads standard input unasked");
    }
}

/// G10: the bridge and the proxy start no program, so that there is none to log or to hold short: they lack the means.
#[test]
fn bridge_and_proxy_start_no_program() {
    for (file, text) in product().into_iter().filter(|(file, _)| file.starts_with("crates/keyfob-proxy/")) {
        for means in ["Command::new", "process::Command", "std::process", "tokio::process", "child-process"] {
            assert!(!text.contains(means), "{file}: {means}");
        }
    }
    let manifest = read("crates/keyfob-proxy/Cargo.toml");
    assert!(!manifest.contains("\"process\"") && !manifest.contains("transport-child-process"), "{manifest}");
}

/// V26: no named pipe is made and none is spoken to, so that nobody can squat one: Windows has no control socket yet, and says so.
/// Whoever adds one gives it a security descriptor for the own SID, the first-instance flag, no remote clients, and a test.
#[test]
fn no_named_pipe_is_made_or_opened() {
    for (file, text) in product() {
        for means in ["named_pipe", "NamedPipe", "CreateNamedPipe", r"\\\\.\\pipe", r"\\.\pipe"] {
            assert!(!text.contains(means), "{file}: {means}");
        }
    }
    let absent = read("crates/keyfob-platform/src/control_socket/not_supported_yet.rs");
    assert!(absent.contains("Err(StoreProblem::Io(WHY.into()))"), "a listener is refused with the reason");
}

/// V23: the keyring's crate brings no store, no default and no connection of its own choice; what speaks to keyrings is one file a
/// system, behind the one door that bounds each call.
#[test]
fn keyrings_are_spoken_to_through_one_bounded_door() {
    let manifest = read("Cargo.toml");
    let line =
        |name: &str| manifest.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    for name in ["keyring = ", "secret-service = "] {
        assert!(line(name).contains("default-features = false"), "{}", line(name));
    }
    let door = "crates/keyfob-platform/src/keyring_entries";
    for (file, text) in product() {
        let speaks = [
            "keyring::Entry",
            "SecretService::connect",
            "secret_service::blocking",
            "secret_service::EncryptionType",
        ];
        assert!(file.starts_with(door) || !speaks.iter().any(|means| text.contains(means)), "{file}");
    }
}

/// H9: tokens bound to a key, a company's identity provider and a workload's own identity are for later, and nothing of them is half
/// there. The official suite tracks them: the run fails on the day it passes.
#[test]
fn what_is_left_for_later_is_nowhere_half_done() {
    for (file, text) in product() {
        for started in ["DPoP", "dpop", "token-exchange", "grant-type:jwt-bearer", "id-jag", "subject_token"]
        {
            assert!(!text.contains(started), "{file}: {started}");
        }
    }
    let expected = read("tests/parts/conformance.mjs");
    assert!(expected.contains("auth/cross-app-access-complete-flow"), "the suite's scenario is run");
    assert!(read("docs/conformance.md").contains("H9"), "and the page says why it is refused");
}

/// V30: nothing comes from elsewhere than the one registry, at no other version than the one locked.
#[test]
fn every_dependency_is_locked_and_comes_from_the_one_registry() {
    let lock = read("Cargo.lock");
    let mut from_registry = 0;
    for package in lock.split("[[package]]").skip(1) {
        let Some(source) = literals_after(package, "source = ").next() else { continue };
        assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{package}");
        assert!(package.contains("checksum = "), "{package}");
        from_registry += 1;
    }
    assert!(from_registry > 100, "{from_registry}");
    let deny = read("deny.toml");
    for rule in
        ["unknown-registry = \"deny\"", "unknown-git = \"deny\"", "allow-git = []", "wildcards = \"deny\""]
    {
        assert!(deny.contains(rule), "{rule}");
    }
    let test = read("scripts/test.sh");
    assert!(test.contains("cargo deny") && test.contains("advisories"), "the check is part of the tests");
}
