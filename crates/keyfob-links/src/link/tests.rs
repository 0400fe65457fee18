//! Links as a person makes and undoes them, on a machine made of memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use keyfob_agent::client_programs::System;

use super::*;
use crate::clients::{ALL, named};

/// Files and programs of a user who has nothing but these.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) files: Mutex<BTreeMap<PathBuf, Vec<u8>>>,
    pub(crate) ran: Mutex<Vec<(Vec<String>, String)>>,
    /// A command with this word in it fails.
    pub(crate) refuses: Mutex<Option<&'static str>>,
    pub(crate) has_no_programs: bool,
}

impl Memory {
    pub(crate) fn holding(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, text)| ((*path).into(), text.as_bytes().to_vec())).collect();
        Self { files: Mutex::new(files), ..Self::default() }
    }

    pub(crate) fn text(&self, path: &str) -> Option<String> {
        let files = self.files.lock().unwrap();
        files.get(Path::new(path)).map(|bytes| String::from_utf8(bytes.clone()).unwrap())
    }

    pub(crate) fn set(&self, path: &str, text: &str) {
        self.files.lock().unwrap().insert(path.into(), text.into());
    }
}

impl ClientPrograms for Memory {
    fn system(&self) -> System {
        System::Linux
    }
    fn home(&self) -> PathBuf {
        "/home/ada".into()
    }
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }
    fn exists(&self, path: &Path) -> bool {
        self.files.lock().unwrap().keys().any(|file| file.starts_with(path))
    }
    fn program(&self, name: &str) -> Option<PathBuf> {
        (!self.has_no_programs).then(|| PathBuf::from("/usr/bin").join(name))
    }
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreProblem> {
        Ok(self.files.lock().unwrap().get(path).cloned())
    }
    fn list(&self, folder: &Path) -> Vec<PathBuf> {
        let files = self.files.lock().unwrap();
        files.keys().filter(|file| file.parent() == Some(folder)).cloned().collect()
    }
    fn replace(&self, path: &Path, was: Option<&[u8]>, bytes: &[u8]) -> Result<(), ReplaceError> {
        let mut files = self.files.lock().unwrap();
        if files.get(path).map(Vec::as_slice) != was {
            return Err(ReplaceError::Changed);
        }
        files.insert(path.into(), bytes.to_vec());
        Ok(())
    }
    fn remove(&self, path: &Path, was: &[u8]) -> Result<(), ReplaceError> {
        let mut files = self.files.lock().unwrap();
        if files.get(path).map(Vec::as_slice) != Some(was) {
            return Err(ReplaceError::Changed);
        }
        files.remove(path);
        Ok(())
    }
    fn run(&self, _program: &Path, arguments: &[String], input: &str) -> Result<String, String> {
        self.ran.lock().unwrap().push((arguments.to_vec(), input.into()));
        let refused =
            self.refuses.lock().unwrap().is_some_and(|word| arguments.iter().any(|one| one == word));
        if refused { Err("no such thing".into()) } else { Ok(String::new()) }
    }
}

pub(super) fn wanted(profile: &str, via: Via) -> Wanted {
    Wanted {
        profile: profile.into(),
        url: "https://portal.example/mcp".into(),
        program: "/opt/keyfob/keyfob".into(),
        home: None,
        proxy: Some(format!("http://127.0.0.1:7777/c/KEY/{profile}/mcp")),
        via,
        carried: Carried::default(),
    }
}

pub(super) fn links(machine: &Memory) -> Links<'_> {
    Links::new(machine, "/state/links".into())
}

pub(super) fn link(machine: &Memory, client: &str, wanted: &Wanted) {
    let links = links(machine);
    let plan = links.plan(named(client).unwrap(), wanted).unwrap();
    links.carry_out(&plan).unwrap();
}

pub(super) fn unlink(machine: &Memory, client: &str, profile: &str) -> Result<(), LinkError> {
    let links = links(machine);
    links.carry_out(&links.plan_undo(named(client).unwrap(), profile)?)
}

pub(super) const CURSOR: &str = "/home/ada/.cursor/mcp.json";

#[test]
fn every_client_with_a_file_is_linked_in_each_of_its_ways_and_gets_its_file_back() {
    for client in ALL {
        let Writing::File { format, tables, .. } = client.writing else { continue };
        for via in client.ways {
            let machine = Memory::default();
            link(&machine, client.id, &wanted("work", *via));
            let file = client.file(&machine).unwrap();
            let text = machine.text(file.to_str().unwrap()).unwrap();
            let place = Place { tables: tables(&text), name: "keyfob-work" };
            let entry = edit::read(&text, format, place).unwrap().unwrap();
            assert_eq!(entry, (client.entry)(&wanted("work", *via)).to_json(), "{}", client.id);
            unlink(&machine, client.id, "work").unwrap();
            assert_eq!(machine.text(file.to_str().unwrap()), None, "{}: a file of ours goes", client.id);
        }
    }
}

#[test]
fn a_file_comes_back_byte_for_byte_also_when_two_links_went_in_and_out_in_any_order() {
    let before = "// mine\n{\n\t\"mcpServers\" : {\n\t\t\"other\": {\"command\":\"x\"}, // keep\n\t},\n}\n";
    for order in [["readonly", "admin"], ["admin", "readonly"]] {
        let machine = Memory::holding(&[(CURSOR, before)]);
        link(&machine, "cursor", &wanted("readonly", Via::Proxy));
        link(&machine, "cursor", &wanted("admin", Via::Bridge));
        for profile in order {
            unlink(&machine, "cursor", profile).unwrap();
        }
        assert_eq!(machine.text(CURSOR).unwrap(), before, "{order:?}");
        assert_eq!(links(&machine).ledger().unwrap(), Ledger::default());
    }
}

/// The copy of a client's file may hold somebody else's token.
#[test]
fn the_copy_of_a_file_goes_with_the_last_link_that_needs_it() {
    let copies = |machine: &Memory| machine.list(Path::new("/state/links/before")).len();
    let before = "{\n\t\"mcpServers\" : {\n\t\t\"other\": {\"token\":\"theirs\"},\n\t},\n}\n";
    for order in [["readonly", "admin"], ["admin", "readonly"]] {
        let machine = Memory::holding(&[(CURSOR, before)]);
        link(&machine, "cursor", &wanted("readonly", Via::Proxy));
        link(&machine, "cursor", &wanted("readonly", Via::Bridge));
        assert_eq!(copies(&machine), 1, "the one before keyfob came");
        link(&machine, "cursor", &wanted("admin", Via::Bridge));
        unlink(&machine, "cursor", order[0]).unwrap();
        assert_eq!(copies(&machine), 1, "{order:?}");
        unlink(&machine, "cursor", order[1]).unwrap();
        assert_eq!((copies(&machine), machine.text(CURSOR).as_deref()), (0, Some(before)), "{order:?}");
    }
}

#[test]
fn what_others_wrote_meanwhile_stays() {
    let machine = Memory::holding(&[(CURSOR, "{}\n")]);
    link(&machine, "cursor", &wanted("work", Via::Proxy));
    let changed = machine.text(CURSOR).unwrap().replacen('{', "{ \"theme\": 1,", 1);
    machine.set(CURSOR, &changed);
    unlink(&machine, "cursor", "work").unwrap();
    let left: Json = serde_json::from_str(&machine.text(CURSOR).unwrap()).unwrap();
    assert_eq!(left, serde_json::json!({ "theme": 1 }));
}

#[test]
fn an_entry_that_somebody_changed_is_not_taken_away() {
    let machine = Memory::default();
    link(&machine, "cursor", &wanted("work", Via::Proxy));
    let changed = machine.text(CURSOR).unwrap().replace("7777", "8888");
    machine.set(CURSOR, &changed);
    let refused = unlink(&machine, "cursor", "work").unwrap_err();
    assert!(matches!(refused, LinkError::Changed { .. }), "{refused}");
    assert_eq!(machine.text(CURSOR).unwrap(), changed);
}

#[test]
fn a_link_by_another_way_replaces_the_first_and_the_way_back_leads_to_the_start() {
    let machine = Memory::holding(&[(CURSOR, "{\n  \"mcpServers\": {}\n}\n")]);
    link(&machine, "cursor", &wanted("work", Via::Proxy));
    link(&machine, "cursor", &wanted("work", Via::Bridge));
    assert_eq!(links(&machine).ledger().unwrap().links.len(), 1);
    let text = machine.text(CURSOR).unwrap();
    assert!(text.contains("connect") && !text.contains("127.0.0.1"), "{text}");
    unlink(&machine, "cursor", "work").unwrap();
    assert_eq!(machine.text(CURSOR).unwrap(), "{\n  \"mcpServers\": {}\n}\n");
}

#[test]
fn a_plan_changes_nothing_and_shows_what_would() {
    let machine = Memory::holding(&[(CURSOR, "{\n  \"mcpServers\": {}\n}\n")]);
    let plan = links(&machine).plan(named("cursor").unwrap(), &wanted("work", Via::Proxy)).unwrap();
    assert!(plan.shown().contains("+    \"keyfob-work\": {"), "{}", plan.shown());
    assert_eq!(machine.text(CURSOR).unwrap(), "{\n  \"mcpServers\": {}\n}\n");
    assert_eq!(machine.files.lock().unwrap().len(), 1);
}

#[test]
fn a_file_that_changed_between_plan_and_deed_is_not_overwritten() {
    let machine = Memory::holding(&[(CURSOR, "{}")]);
    let links = links(&machine);
    let plan = links.plan(named("cursor").unwrap(), &wanted("work", Via::Proxy)).unwrap();
    machine.set(CURSOR, "{ \"mine\": 1 }");
    let refused = links.carry_out(&plan).unwrap_err();
    assert!(matches!(refused, LinkError::Store { problem: ReplaceError::Changed, .. }), "{refused}");
    assert_eq!(machine.text(CURSOR).unwrap(), "{ \"mine\": 1 }");
    assert_eq!(links.ledger().unwrap(), Ledger::default());
}

#[test]
fn claude_code_is_told_by_its_own_command() {
    let machine = Memory::default();
    link(&machine, "claude-code", &wanted("work", Via::Helper));
    unlink(&machine, "claude-code", "work").unwrap();
    let ran = machine.ran.lock().unwrap();
    assert_eq!(ran[0].0, ["mcp", "add-json", "--scope", "user", "keyfob-work", "-"]);
    let entry: Json = serde_json::from_str(&ran[0].1).unwrap();
    assert_eq!(
        entry,
        serde_json::json!({ "type": "http", "url": "https://portal.example/mcp",
            "headersHelper": "/opt/keyfob/keyfob headers work" })
    );
    assert_eq!(ran[1].0, ["mcp", "remove", "--scope", "user", "keyfob-work"]);
}

/// Claude Code's own command refuses a name that is there already.
#[test]
fn claude_code_linked_by_another_way_loses_the_earlier_entry_first() {
    let machine = Memory::default();
    link(&machine, "claude-code", &wanted("work", Via::Helper));
    let plan = links(&machine).plan(named("claude-code").unwrap(), &wanted("work", Via::Bridge)).unwrap();
    assert_eq!(plan.shown().lines().next(), Some("/usr/bin/claude mcp remove --scope user keyfob-work"));
    link(&machine, "claude-code", &wanted("work", Via::Bridge));
    let ran: Vec<_> = machine.ran.lock().unwrap().iter().map(|(words, _)| words[1].clone()).collect();
    assert_eq!(ran, ["add-json", "remove", "add-json"]);
    let ledger = links(&machine).ledger().unwrap();
    assert_eq!((ledger.links.len(), ledger.links[0].via), (1, Via::Bridge));
}

#[test]
fn the_second_time_is_told_and_so_is_a_way_that_does_not_exist() {
    let machine = Memory::default();
    link(&machine, "cursor", &wanted("work", Via::Proxy));
    let again = links(&machine).plan(named("cursor").unwrap(), &wanted("work", Via::Proxy));
    assert_eq!(again, Err(LinkError::Linked("Cursor")));
    let helper = links(&machine).plan(named("cursor").unwrap(), &wanted("work", Via::Helper));
    assert!(matches!(helper, Err(LinkError::NoSuchWay { .. })));
    let none = Wanted { proxy: None, ..wanted("other", Via::Proxy) };
    assert_eq!(links(&machine).plan(named("cursor").unwrap(), &none), Err(LinkError::NoProxy));
    assert_eq!(unlink(&machine, "zed", "work"), Err(LinkError::NotLinked("Zed")));
}

/// V15: other servers' secrets stand beside an entry in the same file.
#[test]
fn what_is_shown_of_a_plan_is_the_entry_alone_and_holds_no_key() {
    let file = "/home/ada/.cursor/mcp.json";
    let machine = Memory::holding(&[(
        file,
        r#"{"mcpServers":{"other":{"url":"https://o.example","headers":{"x-key":"s3cr3t-of-other"}}}}"#,
    )]);
    let links = Links::new(&machine, "/data/links".into());
    let cursor = named("cursor").unwrap();
    let wanted = Wanted {
        proxy: Some("http://127.0.0.1:4117/c/s3cr3t/work/mcp".into()),
        ..wanted("work", Via::Proxy)
    };
    let plan = links.plan(cursor, &wanted).unwrap();
    let shown = plan.entry_lines().join("\n");
    assert!(shown.contains("keyfob-work") && shown.contains("/c/KEY/work/mcp"), "{shown}");
    assert!(!shown.contains("s3cr3t"), "{shown}");
    links.carry_out(&plan).unwrap();
    assert!(machine.text(file).unwrap().contains("/c/s3cr3t/work/mcp"), "the file has the whole address");
    let undone = links.plan_undo(cursor, "work").unwrap().entry_lines();
    assert!(undone.iter().all(|line| line.starts_with("- ") && !line.contains("s3cr3t")), "{undone:?}");
}

/// What a person wrote makes room for keyfob's entry, no token is shown, and the way back leads to the file as it was.
#[test]
fn an_entry_with_a_plain_token_gives_its_place_to_keyfobs_and_comes_back_with_the_unlink() {
    let before = "{\n  \"mcpServers\": {\n    \"gh\": {\n      \"url\": \"https://a.example/mcp\",\n      \
        \"headers\": { \"Authorization\": \"Bearer s3cr3t\" }\n    },\n    \"other\": {}\n  }\n}\n";
    let machine = Memory::holding(&[(CURSOR, before)]);
    let (links, cursor) = (links(&machine), named("cursor").unwrap());
    let plan = links.plan_replacing(cursor, &wanted("work", Via::Proxy), Some("gh")).unwrap();
    assert!(plan.shown().contains("-      \"headers\": { \"Authorization\": \"…\" }"), "{}", plan.shown());
    assert!(!plan.shown().contains("s3cr3t"));
    links.carry_out(&plan).unwrap();
    let text = machine.text(CURSOR).unwrap();
    assert!(!text.contains("s3cr3t") && text.contains("keyfob-work") && text.contains("\"other\""), "{text}");
    unlink(&machine, "cursor", "work").unwrap();
    assert_eq!(machine.text(CURSOR).unwrap(), before);
}

#[test]
fn what_cannot_give_its_place_is_said_and_nothing_is_changed() {
    let machine = Memory::holding(&[(CURSOR, "{}")]);
    let by_proxy = wanted("work", Via::Proxy);
    let absent = links(&machine).plan_replacing(named("cursor").unwrap(), &by_proxy, Some("gh")).unwrap_err();
    assert_eq!(absent.to_string(), format!("there is no entry `gh` in {CURSOR}"));
    let absent = links(&machine).plan_replacing(named("claude-code").unwrap(), &by_proxy, Some("gh"));
    assert!(matches!(absent, Err(LinkError::NothingToReplace { .. })), "{absent:?}");
    assert_eq!(machine.text(CURSOR).unwrap(), "{}");
}
