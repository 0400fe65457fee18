//! The window's shapes are generated from the Rust ones, and the committed file is what is generated.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use keyfob_agent::snapshot as agent;
use keyfob_core::credential::{LastRefresh, RefreshOutcome};
use keyfob_core::credential_state::StateWord;
use keyfob_core::failure::StoreProblem;
use keyfob_core::profile::Access;
use ts_rs::{Config, TS};

use super::error::CommandError;
use super::examined;
use super::linked;
use super::preferences::{Preferences, Theme};
use super::shown;
use super::told;
use super::under_way;
use super::view::{Grant, LookedUp, NewProfile};
use super::{file_kind, settings_shown};
use crate::desk::versions::Others;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ui/src/ipc/shapes");

const HEAD: &str = "Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes
";

/// What stands in Rust's types as a time or a word.
const PLAIN: &str = "
/** An instant as RFC 3339, in UTC. */
export type Instant = string;

/** How the end of a sign-in is known. */
export type Known = 'server' | 'configured' | 'learned' | 'unknown';
";

/// One shape with its words, as TypeScript.
fn shape<T: TS>(cfg: &Config) -> String {
    format!("\n{}export {}\n", T::docs().unwrap_or_default(), T::decl(cfg))
        .replace('"', "'")
        .replace(", \n", ",\n")
}

/// The shapes by what they are about: a file's name, its first words and its text.
type Part = (&'static str, &'static str, String);

fn parts() -> Vec<Part> {
    let cfg = &Config::new().with_large_int("number");
    vec![
        ("basis", "What every part needs: times, and how a command is refused.", of_the_basis(cfg)),
        ("snapshot", "Everything there is to show.", of_the_snapshot(cfg)),
        ("sign-ins", "Sign-ins under way, and what programs ask for beyond them.", of_sign_ins(cfg)),
        ("adding", "What is found on the way to a new portal, and by an examination.", of_adding(cfg)),
        ("links", "Programs that get tokens, and what happened.", of_links(cfg)),
        ("settings", "What the settings show.", of_settings(cfg)),
    ]
}

fn of_the_basis(cfg: &Config) -> String {
    [PLAIN.to_owned(), shape::<CommandError>(cfg)].concat()
}

fn of_the_snapshot(cfg: &Config) -> String {
    [
        shape::<shown::Snapshot>(cfg),
        shape::<shown::OtherVersionShown>(cfg),
        shape::<shown::AgentShown>(cfg),
        shape::<shown::KeeperKind>(cfg),
        shape::<shown::StoreShown>(cfg),
        shape::<shown::ProfileShown>(cfg),
        shape::<shown::Reminders>(cfg),
        shape::<shown::Access>(cfg),
        shape::<shown::StateWord>(cfg),
        shape::<shown::AccessTokenShown>(cfg),
        shape::<shown::SignInShown>(cfg),
        shape::<shown::LifetimeOffer>(cfg),
        shape::<shown::LastRefreshShown>(cfg),
        shape::<shown::Outcome>(cfg),
        shape::<shown::DeliveryShown>(cfg),
    ]
    .concat()
}

fn of_sign_ins(cfg: &Config) -> String {
    [
        shape::<under_way::UnderWayShown>(cfg),
        shape::<under_way::SignInStep>(cfg),
        shape::<under_way::DeviceShown>(cfg),
        shape::<under_way::AccountsShown>(cfg),
        shape::<under_way::StepUpShown>(cfg),
    ]
    .concat()
}

fn of_adding(cfg: &Config) -> String {
    [
        shape::<examined::ProgressShown>(cfg),
        shape::<examined::FindingShown>(cfg),
        shape::<examined::VerdictShown>(cfg),
        shape::<examined::ExchangeShown>(cfg),
        shape::<examined::DiagnosisShown>(cfg),
        shape::<LookedUp>(cfg),
        shape::<Grant>(cfg),
        shape::<NewProfile>(cfg),
    ]
    .concat()
}

fn of_links(cfg: &Config) -> String {
    [
        shape::<linked::ViaShown>(cfg),
        shape::<linked::LinkShown>(cfg),
        shape::<linked::ClientShown>(cfg),
        shape::<linked::ReplaceableShown>(cfg),
        shape::<linked::HabitShown>(cfg),
        shape::<linked::FoundServerShown>(cfg),
        shape::<linked::ImportableShown>(cfg),
        shape::<linked::PlanShown>(cfg),
        shape::<linked::LeftShown>(cfg),
        shape::<told::EntryShown>(cfg),
    ]
    .concat()
}

fn of_settings(cfg: &Config) -> String {
    [
        shape::<settings_shown::SettingsShown>(cfg),
        shape::<settings_shown::ProxyShown>(cfg),
        shape::<settings_shown::PortChangedShown>(cfg),
        shape::<settings_shown::FileShown>(cfg),
        shape::<file_kind::FileKind>(cfg),
        shape::<settings_shown::BackendShown>(cfg),
        shape::<settings_shown::StoreMoved>(cfg),
        shape::<Theme>(cfg),
        shape::<Preferences>(cfg),
    ]
    .concat()
}

/// The names a text defines.
fn defined(text: &str) -> impl Iterator<Item = &str> {
    text.split("export type ").skip(1).filter_map(|rest| rest.split([' ', '<']).next())
}

/// What a part takes of the others, so that it stands by itself.
fn imports(part: &Part, all: &[Part]) -> String {
    let code: String = part.2.lines().filter(|line| !line.starts_with([' ', '/'])).collect();
    let used: Vec<_> = code.split(|letter: char| !letter.is_alphanumeric()).collect();
    all.iter()
        .filter(|other| other.0 != part.0)
        .filter_map(|other| {
            let names: Vec<_> = defined(&other.2).filter(|name| used.contains(name)).collect();
            (!names.is_empty())
                .then(|| format!("import type {{ {} }} from './{}';\n", names.join(", "), other.0))
        })
        .collect()
}

/// Each file of the folder with its text.
fn generated() -> BTreeMap<String, String> {
    let parts = parts();
    let whole: Vec<_> = parts.iter().map(|(name, ..)| format!("export type * from './{name}';\n")).collect();
    let head = format!("// What crosses the boundary to the app. {HEAD}");
    let index = ("index.ts".to_owned(), head + &whole.concat());
    let file = |part: &Part| {
        let (name, about, text) = part;
        (format!("{name}.ts"), format!("// {about} {HEAD}{}{text}", imports(part, &parts)))
    };
    parts.iter().map(file).chain([index]).collect()
}

#[test]
fn the_windows_shapes_are_those_of_the_app() {
    let wanted = generated();
    if std::env::var_os("KEYFOB_WRITE_SHAPES").is_some() {
        for (name, text) in &wanted {
            std::fs::write(format!("{FOLDER}/{name}"), text).unwrap();
        }
    }
    let entries = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap());
    let committed: BTreeMap<_, _> = entries
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    assert_eq!(committed, wanted, "KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes writes it anew");
}

/// V15: a token's end is the only thing about a token that any shape can hold; the code is the one a person types,
/// and a client's secret goes in and never out.
#[test]
fn no_shape_has_room_for_a_token() {
    let shapes: String = parts().into_iter().map(|part| part.2).collect();
    let about_secrets: Vec<_> = shapes
        .split(['{', ',', ';'])
        .filter_map(|member| {
            member.rsplit_once('\n').map_or(Some(member), |(_, last)| Some(last))?.split_once(": ")
        })
        .filter(|(name, _)| {
            ["token", "secret", "code", "verifier", "password", "passphrase"]
                .iter()
                .any(|word| name.contains(word))
        })
        .map(|(name, kind)| format!("{}: {}", name.trim(), kind.trim()))
        .collect();
    assert_eq!(
        about_secrets,
        ["access_token: AccessTokenShown | null", "user_code: string", "client_secret: string | null"]
    );
}

fn full() -> agent::Snapshot {
    let now: DateTime<Utc> = DateTime::UNIX_EPOCH;
    let some = |text: &str| Some(text.to_owned());
    agent::Snapshot {
        version: "1".into(),
        agent: agent::AgentShown { running: true, kind: Some(agent::KeeperKind::App), pid: Some(7) },
        store: agent::StoreShown {
            backend: "b".into(),
            strength: "s".into(),
            problem: some("p"),
            hint: some("h"),
        },
        settings_problem: some("profiles.toml:1:1"),
        profiles: vec![std::sync::Arc::new(agent::ProfileShown {
            name: "a".into(),
            url: "https://a.example/mcp".into(),
            label: some("A"),
            access: Some(Access::Write),
            local: true,
            state: StateWord::NeedsSignIn,
            signing_in: true,
            issuer: some("https://a.example"),
            account: some("ada"),
            scopes: vec!["read".into()],
            access_token: Some(agent::AccessTokenShown { expires_at: now, assumed: false }),
            sign_in: Some(agent::SignInShown {
                since: now,
                ends_at: Some(now),
                known: "server".into(),
                asked: true,
                offers: vec![agent::LifetimeOfferShown { lifetime: "30d".into(), source: "s".into() }],
            }),
            next_refresh_at: Some(now),
            last_refresh: Some(LastRefresh { at: now, outcome: RefreshOutcome::Rejected }),
            refreshes: 1,
            failures: 2,
            remind: keyfob_core::profile::default_reminders(),
            deliveries: vec![agent::DeliveryShown { target: "t".into(), problem: some("p") }],
            problem: some("p"),
            hint: some("h"),
        })],
    }
}

/// The window and `keyfob status --json` say the same: a field added to one is decided upon for the other.
#[test]
fn the_window_gets_the_whole_snapshot() {
    let whole = full();
    let mut shown = serde_json::to_value(shown::Snapshot::new(
        &whole,
        &BTreeMap::new(),
        &BTreeMap::new(),
        &Others::default(),
    ))
    .unwrap();
    // What waits for a person in this app is the window's own.
    for own in ["sign_ins", "step_ups"] {
        assert_eq!(shown.as_object_mut().unwrap().remove(own), Some(serde_json::json!([])));
    }
    assert_eq!(shown.as_object_mut().unwrap().remove("other_version"), Some(serde_json::Value::Null));
    assert_eq!(shown["store"].as_object_mut().unwrap().remove("locked"), Some(false.into()));
    let usual = shown.as_object_mut().unwrap().remove("usual_reminders");
    assert_eq!(usual, Some(serde_json::json!(["7d", "1d", "2h"])));
    let reminders = shown["profiles"][0].as_object_mut().unwrap().remove("reminders");
    assert_eq!(reminders, Some(serde_json::json!({ "marks": ["7d", "1d", "2h"], "own": false })));
    assert_eq!(shown, serde_json::to_value(&whole).unwrap());
}

/// A locked keyring alone can be unlocked by the desktop.
#[test]
fn a_locked_keyring_is_told_from_every_other_trouble_of_the_store() {
    let locked = |problem: &StoreProblem| {
        let mut whole = full();
        whole.store.problem = Some(problem.to_string());
        let shown = shown::Snapshot::new(&whole, &BTreeMap::new(), &BTreeMap::new(), &Others::default());
        serde_json::to_value(shown).unwrap()["store"]["locked"].clone()
    };
    assert_eq!(locked(&StoreProblem::Locked), true);
    for other in [StoreProblem::Slow, StoreProblem::PassphraseNeeded, StoreProblem::NoKeyring("x".into())] {
        assert_eq!(locked(&other), false, "{other}");
    }
}
