//! Entries that make room for keyfob's, and what others do to a file between a link and its end.

use super::tests::{CURSOR, Memory, link, links, unlink, wanted};
use super::*;
use crate::clients::named;
use keyfob_core::failure::{About, Failure};

/// A client, its file, what its owner wrote of `gh`, and the file around that before and after the owner changed it.
struct Changed {
    client: &'static str,
    file: &'static str,
    entry: &'static str,
    before: fn(&str) -> String,
    change: fn(&str) -> String,
}

const CHANGED: [Changed; 5] = [
    Changed {
        client: "cursor",
        file: CURSOR,
        entry: "\"gh\": {\n\t\t\t\"url\":   \"https://a.example/mcp\", \"headers\": { \"Authorization\": \"Bearer s3cr3t\" }\n\t\t}",
        before: |entry| format!("{{\n\t\"mcpServers\": {{\n\t\t{entry},\n\t\t\"other\": {{}}\n\t}}\n}}\n"),
        change: |text| text.replace("\"other\": {}", "\"other\": { \"url\": \"https://b.example\" }"),
    },
    Changed {
        client: "opencode",
        file: "/home/ada/.config/opencode/opencode.json",
        entry: "\"gh\": {\r\n      \"type\": \"remote\", // mine\r\n      \"url\": \"https://a.example/mcp\",\r\n    }",
        before: |entry| format!("{{\r\n  \"mcp\": {{\r\n    {entry},\r\n  }},\r\n}}\r\n"),
        change: |text| text.replacen("{\r\n", "{\r\n  \"theme\": \"x\",\r\n", 1),
    },
    Changed {
        client: "codex",
        file: "/home/ada/.codex/config.toml",
        entry: "# mine\n[mcp_servers.gh]\nurl   = 'https://a.example/mcp'\nbearer_token = \"s3cr3t\" # soon\n",
        before: |entry| format!("model = \"x\"\n\n{entry}\n[profiles.a]\nmodel = \"y\"\n"),
        change: |text| text.replace("model = \"y\"", "model = \"z\" # changed"),
    },
    Changed {
        client: "goose",
        file: GOOSE,
        entry: "  gh: # mine\n    uri:   'https://a.example/mcp'\n    headers:\n      Authorization: >-\n        Bearer\n        s3cr3t\n\n    enabled: true\n",
        before: |entry| {
            format!("a: 1\nextensions:\n  one: {{cmd: x}}\n\n{entry}  # next\n  two:\n    cmd: y\nlast: 1\n")
        },
        change: |text| text.replace("last: 1", "last: 2 # changed").replace("{cmd: x}", "{cmd: z}"),
    },
    Changed {
        client: "goose",
        file: GOOSE,
        entry: "gh: {uri: 'https://a.example/mcp',   enabled: true}",
        before: |entry| format!("extensions: {{one: {{cmd: x}}, {entry}}}\nlast: 1\n"),
        change: |text| text.replace("last: 1", "last: 2"),
    },
];

const GOOSE: &str = "/home/ada/.config/goose/config.yaml";

/// The owner's change stays, and what made room comes back in the bytes in which it was written.
#[test]
fn an_entry_that_made_room_comes_back_into_a_file_that_was_changed_meanwhile() {
    for changed in CHANGED {
        let before = (changed.before)(changed.entry);
        let machine = Memory::holding(&[(changed.file, &before)]);
        let (links, client) = (links(&machine), named(changed.client).unwrap());
        let plan = links.plan_replacing(client, &wanted("work", Via::Bridge), Some("gh")).unwrap();
        links.carry_out(&plan).unwrap();
        let linked = machine.text(changed.file).unwrap();
        assert!(!linked.contains("a.example"), "{linked}");
        let touched = (changed.change)(&linked);
        assert_ne!(touched, linked);
        machine.set(changed.file, &touched);
        let undo = links.plan_undo(client, "work").unwrap();
        assert_eq!(undo.left(), []);
        links.carry_out(&undo).unwrap();
        let after = machine.text(changed.file).unwrap();
        assert!(after.contains(changed.entry), "{after}");
        assert!(!after.contains("keyfob-work"), "{after}");
        // All the rest as its owner left it.
        assert_eq!(whole(&after, client), whole(&(changed.change)(&before), client), "{after}");
    }
}

fn whole(text: &str, client: &Client) -> Option<Json> {
    let Writing::File { format, tables, .. } = &client.writing else { return None };
    let (name, tables) = tables(text).split_first().unwrap();
    assert!(tables.is_empty());
    edit::read(text, *format, Place { tables: &[], name }).unwrap()
}

/// Where it cannot come back it is said why, and where it stands.
#[test]
fn an_entry_that_does_not_come_back_is_named_with_the_copy_in_which_it_stands() {
    let yaml = "extensions:\n  gh:\n    uri: https://a.example/mcp\n    enabled: true\n";
    let json = "{ \"mcpServers\": { \"gh\": { \"url\": \"https://a.example/mcp\" } } }\n";
    let another = |text: &str| {
        text.replacen("\"mcpServers\": {", "\"mcpServers\": { \"gh\": { \"url\": \"https://c.example\" },", 1)
    };
    let another_in_lines = |text: &str| text.replacen("extensions:\n", "extensions:\n  gh:\n    cmd: x\n", 1);
    let why = "another entry has its name by now";
    let cases = [
        ("goose", GOOSE, yaml, another_in_lines as fn(&str) -> String, why),
        ("cursor", CURSOR, json, another, why),
    ];
    for (client, file, before, change, why) in cases {
        let machine = Memory::holding(&[(file, before)]);
        let (links, client) = (links(&machine), named(client).unwrap());
        let plan = links.plan_replacing(client, &wanted("work", Via::Bridge), Some("gh")).unwrap();
        links.carry_out(&plan).unwrap();
        machine.set(file, &change(&machine.text(file).unwrap()));
        let undo = links.plan_undo(client, "work").unwrap();
        let [left] = undo.left() else { panic!("{undo:?}") };
        assert!(left.name == "gh" && left.why.contains(why), "{left:?}");
        assert_eq!(machine.text(left.kept.to_str().unwrap()).unwrap(), before);
        links.carry_out(&undo).unwrap();
        assert!(!machine.text(file).unwrap().contains("keyfob-work"));
    }
}

/// What was written between two links stays when the second one ends.
#[test]
fn a_change_between_a_link_and_the_next_one_outlives_both() {
    let machine = Memory::holding(&[(CURSOR, "{\n  \"mcpServers\": {\n    \"gh\": {}\n  }\n}\n")]);
    let (links, cursor) = (links(&machine), named("cursor").unwrap());
    let plan = links.plan_replacing(cursor, &wanted("work", Via::Proxy), Some("gh")).unwrap();
    links.carry_out(&plan).unwrap();
    let changed = machine.text(CURSOR).unwrap().replacen('{', "{\n  \"mine\": 1,", 1);
    machine.set(CURSOR, &changed);
    link(&machine, "cursor", &wanted("work", Via::Bridge));
    unlink(&machine, "cursor", "work").unwrap();
    let text = machine.text(CURSOR).unwrap();
    assert!(
        text.contains("\"mine\": 1") && text.contains("\"gh\": {}") && !text.contains("keyfob"),
        "{text}"
    );
}

/// Claude Desktop is known to write its file anew without what others put there.
#[test]
fn an_entry_that_the_client_has_lost_is_written_again() {
    let machine = Memory::default();
    link(&machine, "claude-desktop", &wanted("work", Via::Bridge));
    let client = named("claude-desktop").unwrap();
    let file = client.file(&machine).unwrap().to_string_lossy().into_owned();
    let again = links(&machine).plan(client, &wanted("work", Via::Bridge));
    assert_eq!(again, Err(LinkError::Linked("Claude Desktop")));
    machine.set(&file, "{ \"theme\": \"dark\" }\n");
    link(&machine, "claude-desktop", &wanted("work", Via::Bridge));
    assert!(machine.text(&file).unwrap().contains("keyfob-work"));
    unlink(&machine, "claude-desktop", "work").unwrap();
    assert_eq!(machine.text(&file).unwrap(), "{ \"theme\": \"dark\" }\n");
}

/// What is left of an earlier habit beside keyfob's entry goes as well, and both ways lead back to the first file.
#[test]
fn an_entry_beside_a_link_that_is_there_makes_room_as_well() {
    let before = "{ \"mcpServers\": { \"gh\": { \"url\": \"https://a.example/mcp\" } } }\n";
    for touched in [false, true] {
        let machine = Memory::holding(&[(CURSOR, before)]);
        let (links, cursor) = (links(&machine), named("cursor").unwrap());
        link(&machine, "cursor", &wanted("work", Via::Bridge));
        if touched {
            machine.set(CURSOR, &machine.text(CURSOR).unwrap().replacen('{', "{ \"mine\": 1,", 1));
        }
        let plan = links.plan_replacing(cursor, &wanted("work", Via::Bridge), Some("gh")).unwrap();
        links.carry_out(&plan).unwrap();
        let linked = machine.text(CURSOR).unwrap();
        assert!(!linked.contains("gh") && linked.contains("keyfob-work"), "{linked}");
        unlink(&machine, "cursor", "work").unwrap();
        let after = machine.text(CURSOR).unwrap();
        if touched {
            let gh = after.contains("\"gh\": { \"url\": \"https://a.example/mcp\" }");
            assert!(gh && after.contains("\"mine\": 1") && !after.contains("keyfob"), "{after}");
        } else {
            assert_eq!(after, before);
        }
    }
    let machine = Memory::holding(&[(CLAUDE, CLAUDES)]);
    link(&machine, "claude-code", &wanted("work", Via::Helper));
    let (links, client) = (links(&machine), named("claude-code").unwrap());
    let plan = links.plan_replacing(client, &wanted("work", Via::Helper), Some("gh")).unwrap();
    links.carry_out(&plan).unwrap();
    assert_eq!(words(&machine), ["add-json -", "remove keyfob-work", "remove gh", "add-json -"]);
}

/// V15: the window shows what goes and what comes back, and no text of theirs that could be a secret.
#[test]
fn an_entry_that_makes_room_is_shown_without_what_could_be_a_secret() {
    let text = r#"{"mcpServers":{"gh":{"command":"npx","args":["-y","mcp-remote@1","https://a.example/mcp?k=s3cr3t","--header",
        "Authorization: Bearer s3cr3t","--static=s3cr3t"],"env":{"KEY":"s3cr3t"},"headers":{"X":"s3cr3t"},"timeout":3}}}"#;
    let machine = Memory::holding(&[(CURSOR, text)]);
    let (links, cursor) = (links(&machine), named("cursor").unwrap());
    let plan = links.plan_replacing(cursor, &wanted("work", Via::Bridge), Some("gh")).unwrap();
    let (out, ours): (Vec<_>, Vec<_>) =
        plan.entry_lines().into_iter().partition(|line| line.starts_with("- "));
    let shown: String = out.iter().map(|line| line[2..].trim()).collect();
    assert_eq!(
        shown,
        r#"{"gh": {"args": ["-y","mcp-remote@1","https://a.example/mcp","--header","…","…"],"command": "npx","env": {"KEY": "…"},"headers": {"X": "…"},"timeout": …}}"#
    );
    assert!(
        ours.iter().all(|line| line.starts_with("+ ")) && ours.join("").contains("keyfob-work"),
        "{ours:?}"
    );
    links.carry_out(&plan).unwrap();
    let back = links.plan_undo(cursor, "work").unwrap().entry_lines();
    let comes: Vec<_> = back.iter().filter_map(|line| line.strip_prefix("+ ")).map(str::trim).collect();
    assert_eq!(comes.concat(), shown);
}

const CLAUDE: &str = "/home/ada/.claude.json";
const CLAUDES: &str = r#"{"n":1,"mcpServers":{"gh":{"type":"http","url":"https://a.example/mcp","headers":{"Authorization":"Bearer s3cr3t"}}}}"#;

fn words(machine: &Memory) -> Vec<String> {
    machine
        .ran
        .lock()
        .unwrap()
        .iter()
        .map(|(words, _)| format!("{} {}", words[1], words.last().unwrap()))
        .collect()
}

/// By its own command: out before keyfob's goes in, and back before that goes.
#[test]
fn claude_codes_entry_makes_room_by_its_own_command_and_comes_back() {
    let machine = Memory::holding(&[(CLAUDE, CLAUDES)]);
    let (links, client) = (links(&machine), named("claude-code").unwrap());
    let plan = links.plan_replacing(client, &wanted("work", Via::Helper), Some("gh")).unwrap();
    assert!(plan.shown().starts_with("/usr/bin/claude mcp remove --scope user gh\n"), "{}", plan.shown());
    links.carry_out(&plan).unwrap();
    machine.set(CLAUDE, r#"{"n":2,"mcpServers":{"keyfob-work":{}}}"#);
    let undo = links.plan_undo(client, "work").unwrap();
    assert!(!undo.shown().contains("s3cr3t"), "{}", undo.shown());
    links.carry_out(&undo).unwrap();
    let ran = machine.ran.lock().unwrap().clone();
    assert_eq!(ran[2].0, ["mcp", "add-json", "--scope", "user", "gh", "-"]);
    let entry: Json = serde_json::from_str(&ran[2].1).unwrap();
    let was: Json = serde_json::from_str(CLAUDES).unwrap();
    assert_eq!(entry, was["mcpServers"]["gh"]);
    assert_eq!(words(&machine), ["remove gh", "add-json -", "add-json -", "remove keyfob-work"]);
    assert_eq!(links.ledger().unwrap(), Ledger::default());
}

#[test]
fn what_made_room_comes_back_where_claude_code_refuses_the_new_entry() {
    let machine = Memory::holding(&[(CLAUDE, CLAUDES)]);
    let (links, client) = (links(&machine), named("claude-code").unwrap());
    let plan = links.plan_replacing(client, &wanted("work", Via::Helper), Some("gh")).unwrap();
    *machine.refuses.lock().unwrap() = Some("keyfob-work");
    let refused = links.carry_out(&plan).unwrap_err();
    assert_eq!(refused.to_string(), "Claude Code did not take the change: no such thing");
    assert_eq!(machine.ran.lock().unwrap().last().unwrap().0[4], "gh");
    assert_eq!(links.ledger().unwrap(), Ledger::default());
}

#[test]
fn without_the_clients_own_program_the_next_step_is_to_install_it() {
    let machine = Memory { has_no_programs: true, ..Memory::default() };
    let absent =
        links(&machine).plan(named("claude-code").unwrap(), &wanted("work", Via::Helper)).unwrap_err();
    let failure = Failure::from(absent);
    assert!(
        failure.to_string().contains("its own command `claude`, which is not on the path. Next: install"),
        "{failure}"
    );
    assert_eq!(failure.hint(About::Profile("work")), None, "and nothing about keyfob's own files");
}

/// What a server is told beside the token is no token: it goes on, by the one way that can carry it, and no value of it is shown.
#[test]
fn headers_and_options_of_an_entry_that_makes_room_go_on_with_the_bridge() {
    let json = r#"{"mcpServers":{"gh":{"command":"npx","args":["mcp-remote","https://a.example/mcp","--header","X-Tenant: s3cr3t","--header","Authorization: Bearer t0ken","--transport","sse-only"]}}}"#;
    let header = r#"{"mcpServers":{"gh":{"url":"https://a.example/mcp","headers":{"Authorization":"Bearer t0ken","X-Tenant":"s3cr3t"}}}}"#;
    let opencode =
        r#"{"mcp":{"gh":{"type":"remote","url":"https://a.example/mcp","headers":{"X-Tenant":"s3cr3t"}}}}"#;
    let yaml = "extensions:\n  gh:\n    uri: https://a.example/mcp\n    headers:\n      X-Tenant: s3cr3t\n";
    let toml =
        "[mcp_servers.gh]\nurl = \"https://a.example/mcp\"\nhttp_headers = { X-Tenant = \"s3cr3t\" }\n";
    let cases = [
        ("cursor", CURSOR, json, "/mcpServers", "env"),
        ("cursor", CURSOR, header, "/mcpServers", "env"),
        ("opencode", "/home/ada/.config/opencode/opencode.json", opencode, "/mcp", "environment"),
        ("goose", GOOSE, yaml, "/extensions", "envs"),
        ("codex", "/home/ada/.codex/config.toml", toml, "/mcp_servers", "env"),
    ];
    for (client, file, before, tables, variables) in cases {
        let machine = Memory::holding(&[(file, before)]);
        let (links, client) = (links(&machine), named(client).unwrap());
        let carried = links.carried(client, "work", Some("gh")).unwrap();
        assert_eq!(client.way(&carried), Via::Bridge, "{before}");
        let wanted = Wanted { carried, ..wanted("work", Via::Bridge) };
        let plan = links.plan_replacing(client, &wanted, Some("gh")).unwrap();
        let all = [plan.shown(), plan.entry_lines().join("\n")].concat();
        assert!(!all.contains("s3cr3t") && !all.contains("t0ken") && all.contains("--header"), "{all}");
        links.carry_out(&plan).unwrap();
        let text = machine.text(file).unwrap();
        assert!(!text.contains("t0ken"), "{text}");
        let Writing::File { format, .. } = client.writing else { panic!("{}", client.id) };
        let written = edit::whole(&text, format).unwrap();
        let entry = &written.pointer(tables).unwrap()["keyfob-work"];
        let words = crate::replaceable::words(entry).join(" ");
        assert!(words.contains("connect work --header X-Tenant:${KEYFOB_HEADER_1}"), "{words}");
        assert_eq!(words.contains("--transport sse-only"), before.contains("sse-only"), "{words}");
        assert_eq!(entry[variables], serde_json::json!({ "KEYFOB_HEADER_1": "s3cr3t" }));
        // A link that is made again goes on with it as well.
        assert_eq!(links.carried(client, "work", None).unwrap().what(), wanted.carried.what());
        unlink(&machine, client.id, "work").unwrap();
        assert_eq!(machine.text(file).unwrap(), before);
    }
    assert_eq!(named("cursor").unwrap().way(&crate::carried::Carried::default()), Via::Proxy);
}
