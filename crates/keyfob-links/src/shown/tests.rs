//! Secrets in every shape that a client's file may hold them in, and what is shown of the file.

use serde_json::json;

use super::*;
use crate::carried::Carried;
use crate::client::{Via, Wanted, Writing};
use crate::clients::named;
use crate::edit::{self, Format};
use crate::link::Links;
use crate::link::tests::Memory;

const CURSOR: &str = "/home/ada/.cursor/mcp.json";
const ZED: &str = "/home/ada/.config/zed/settings.json";
const CODEX: &str = "/home/ada/.codex/config.toml";
const GOOSE: &str = "/home/ada/.config/goose/config.yaml";

fn wanted(via: Via) -> Wanted {
    Wanted {
        profile: "work".into(),
        url: "https://portal.example/mcp".into(),
        program: "/opt/keyfob/keyfob".into(),
        home: None,
        proxy: Some("http://127.0.0.1:7777/c/canary0/work/mcp".into()),
        via,
        carried: Carried::default(),
    }
}

/// All that is shown of a link in the place of `gh`, of its end, and of its end after somebody changed the file.
fn all_that_is_shown(client: &str, file: &str, before: &str) -> Vec<String> {
    let machine = Memory::holding(&[(file, before)]);
    let (links, client) = (Links::new(&machine, "/state/links".into()), named(client).unwrap());
    let Writing::File { format, .. } = &client.writing else { panic!("{}", client.id) };
    let comment = if matches!(format, Format::Toml | Format::Yaml) { "# canary1\n" } else { "\n" };
    let mut shown = Vec::new();
    for via in client.ways {
        for replace in [None, Some("gh")] {
            machine.set(file, before);
            let plan = links.plan_replacing(client, &wanted(*via), replace);
            let plan = plan.unwrap_or_else(|error| panic!("{before}: {error}"));
            shown.extend([plan.shown(), plan.entry_lines().join("\n")]);
            links.carry_out(&plan).unwrap();
            let undo = links.plan_undo(client, "work").unwrap();
            shown.extend([undo.shown(), undo.entry_lines().join("\n")]);
            let linked = machine.text(file).unwrap();
            machine.set(file, &format!("{comment}{linked}"));
            let undo = links.plan_undo(client, "work").unwrap();
            shown.extend([undo.shown(), undo.entry_lines().join("\n")]);
            machine.set(file, &linked);
            links.carry_out(&links.plan_undo(client, "work").unwrap()).unwrap();
        }
    }
    shown
}

/// Nothing of a secret is shown: every piece of one has `canary` in it, whatever comes between the pieces.
#[track_caller]
fn no_canary(client: &str, file: &str, before: &str) {
    assert!(before.contains("canary"), "{before}");
    for shown in all_that_is_shown(client, file, before) {
        assert!(!shown.contains("canary"), "{client}: of\n{before}\nis shown\n{shown}");
    }
}

/// V15: JSON on one line and on many, with the secret wherever an entry may have one.
#[test]
fn no_secret_of_a_json_file_is_shown() {
    let members = [
        r#""url":"https://a.example/mcp","headers":{"Authorization":"Bearer canary"}"#,
        r#""url":"https://a.example/mcp","headers":{"Authorization":"Bearer  canary1 canary2"}"#,
        r#""url":"https://a.example/mcp","headers":{"Authorization":"Bearer\tcanary\\\" , canary"}"#,
        r#""url":"https://a.example/mcp","headers":{"authorization":"Basic canary=="}"#,
        r#""url":"https://a.example/mcp","headers":{"X-Api-Key":"canary","X-Other":"-canary"}"#,
        r#""url":"https://a.example/mcp","headers":{"X-Hook":"https://hooks.example/canary/canary"}"#,
        r#""url":"https://a.example/mcp?key=canary#canary","bearerToken":"canary""#,
        r#""url":"https://ada:canary@a.example/mcp""#,
        r#""url":"https://a.example/s/canary4711canary4711/mcp""#,
        r#""command":"KEY=canary npx","args":["mcp-remote"]"#,
        r#""command":"npx","args":["-y","mcp-remote","https://a.example/mcp","--header","Authorization: Bearer canary"]"#,
        r#""command":"npx","args":["mcp-remote","https://a.example/mcp","--header=X-Api-Key:canary","--api-key","canary"]"#,
        r#""command":"npx","args":["mcp-remote","https://a.example/mcp"],"env":{"API_KEY":"canary","PIN":"canary 1"}"#,
        r#""command":"npx","auth":{"CLIENT_SECRET":"canary"},"env":{"canary4711canary4711":"x"}"#,
    ];
    for member in members {
        let entries = [format!("{{{member}}}"), format!("{{\n\t\t\t{member}\n\t\t}}")];
        for entry in entries {
            let other = format!("{{\"mcpServers\": {{\"gh\": {entry}, \"other\": {entry}}}}}");
            no_canary("cursor", CURSOR, &other);
            let lines =
                format!("{{\n\t\"mcpServers\": {{\n\t\t\"other\": {entry},\n\t\t\"gh\": {entry}\n\t}}\n}}\n");
            no_canary("cursor", CURSOR, &lines);
            no_canary("cursor", CURSOR, &lines.replace('\n', "\r\n"));
        }
    }
    let comments = "{\n  // canary, \"canary\"\n  \"context_servers\": {\n    /* canary\n canary */\n    \"gh\": { \"url\": \"https://a.example/mcp\", \"headers\": { \"A\": \"Bearer canary\" } }, // \"was\": \"canary\"\n  },\n}\n";
    no_canary("zed", ZED, comments);
}

/// V15: TOML with texts on one line and on several, dotted, inline and as tables.
#[test]
fn no_secret_of_a_toml_file_is_shown() {
    let entries = [
        "[mcp_servers.gh]\nurl = \"https://a.example/mcp\"\nhttp_headers = { Authorization = \"Bearer  canary\", X = 'canary' }\n",
        "[mcp_servers.gh]\nurl = 'https://a.example/mcp?k=canary'\nbearer_token = 'canary canary'\n",
        "[mcp_servers.gh]\ncommand = \"npx\"\nargs = [\"mcp-remote\", \"--header\",\n  \"Authorization: Bearer canary\",\n]\n",
        "[mcp_servers.gh]\ncommand = \"npx\"\n[mcp_servers.gh.env]\nKEY = \"canary\"\n\"K 2\" = \"\"\"\ncanary\n\"canary\" = canary, 'canary\n  canary\\\n canary\"\"\"\n",
        "[mcp_servers.gh]\ncommand = \"npx\"\nenv.KEY = '''canary\ncommand = canary\nurl: canary'''\nenv.\"K 2\" = \"canary\" # canary\n",
        "mcp_servers.gh.command = \"npx\" # canary\nmcp_servers.gh.env.KEY = \"canary\"\n",
        "# canary\nmcp_servers.gh = { command = \"npx\", env = { KEY = \"canary, canary\", PIN = 4711 } }\n",
    ];
    for entry in entries {
        let other = entry.replace(".gh", ".other");
        let before = if entry.contains("mcp_servers.gh ") {
            entry.to_owned()
        } else {
            format!("{entry}\n{}", other.replace("[mcp_servers.other]", "[mcp_servers.other]\nx = 1"))
        };
        no_canary("codex", CODEX, &before);
    }
}

/// V15: YAML in blocks, in flow, folded, over several lines, and with tabs.
#[test]
fn no_secret_of_a_yaml_file_is_shown() {
    let members = [
        "headers:\n  Authorization: Bearer canary\n",
        "headers:\n  Authorization: Bearer  canary   canary\n  X-Api-Key:\tcanary\n",
        "headers: {Authorization: Bearer canary, X: 'canary', \"Y\": \"canary\", Z: Basic canary}\n",
        "headers:\n  Authorization: |\n    Bearer canary\n    uri: canary\n    canary: canary\n",
        "headers:\n  Authorization: >-\n    Bearer\n    canary\n\n    - canary\n",
        "headers:\n  Authorization: Bearer\n    canary, canary\n    canary\n",
        "headers:\n  Authorization: \"Bearer\n    canary 'canary\n    canary\"\n",
        "headers:\n  Authorization: 'Bearer it''s canary\n    \"canary\" canary'\n",
        "envs:\n  KEY: canary # canary\n  'K 2': canary\n",
        "envs: { KEY: canary, PIN: canary }\n",
        "args:\n  - --header\n  - \"Authorization: Bearer canary\"\n  - --header=X:canary\n  - -canary\n",
        "args: [--header, 'Authorization: Bearer canary', --key, canary]\n",
        "cmd: >\n  KEY=canary\n  npx canary\n",
    ];
    for member in members {
        let indented = format!("    {}\n", member.trim_end().replace('\n', "\n    "));
        let entry = |name: &str| format!("  {name}:\n    uri: https://a.example/mcp?k=canary\n{indented}");
        for before in [
            format!("extensions:\n{}{}", entry("gh"), entry("other")),
            format!("# canary\nextensions:\n{}{}last: canary\n", entry("other"), entry("gh")),
        ] {
            no_canary("goose", GOOSE, &before);
        }
    }
}

/// A change that nobody can read is no help either.
#[test]
fn of_a_change_the_names_the_programs_the_options_and_keyfobs_own_lines_are_shown() {
    let before = "{\n  \"theme\": \"dark\",\n  \"mcpServers\": {\n    \"gh\": {\n      \"command\": \"npx\",\n      \"args\": [\"-y\", \"mcp-remote@0.1\", \"https://a.example/v1/mcp?k=1\", \"--header\", \"X: y\"],\n      \"env\": { \"KEY\": \"s3cr3t\", \"PORT\": 80 }\n    }\n  }\n}\n";
    let machine = Memory::holding(&[(CURSOR, before)]);
    let links = Links::new(&machine, "/state/links".into());
    let plan = links.plan_replacing(named("cursor").unwrap(), &wanted(Via::Proxy), Some("gh")).unwrap();
    let expected = format!(
        "--- {CURSOR}\n+++ {CURSOR}\n@@ -2,8 +2,6 @@\n   \"theme\": \"…\",\n   \"mcpServers\": {{\n-    \"gh\": {{\n-      \"command\": \"npx\",\n-      \"args\": [\"-y\", \"mcp-remote@0.1\", \"https://a.example/v1/mcp\", \"--header\", \"…\"],\n-      \"env\": {{ \"KEY\": \"…\", \"PORT\": … }}\n+    \"keyfob-work\": {{\n+      \"url\": \"http://127.0.0.1:7777/c/KEY/work/mcp\"\n     }}\n   }}"
    );
    assert_eq!(plan.shown(), expected);
    let goose = links.plan(named("goose").unwrap(), &wanted(Via::Bridge)).unwrap().shown();
    for line in [
        "+  keyfob-work:",
        "+    cmd: \"/opt/keyfob/keyfob\"",
        "+    args: [\"connect\",\"work\"]",
        "+    timeout: 300",
    ] {
        assert!(goose.contains(line), "{goose}");
    }
    let codex = links.plan(named("codex").unwrap(), &wanted(Via::Helper)).unwrap().shown();
    for line in ["+[mcp_servers.keyfob-work]", "+http_headers_helper = \"/opt/keyfob/keyfob headers work\""] {
        assert!(codex.contains(line), "{codex}");
    }
}

/// What cannot be read is told without what stands there.
#[test]
fn a_file_that_is_not_understood_is_refused_without_a_word_of_it() {
    let files = [
        (Format::Json, "{\"headers\": {\"A\": \"canary\" canary}"),
        (Format::Json, "{\"headers\": \"canary"),
        (Format::JsonWithComments, "{\"headers\": {\"A\": canary, \"B\": 'canary'}}"),
        (Format::Toml, "a = \"canary\ncanary"),
        (Format::Toml, "a = canary\n"),
        (Format::Toml, "[a]\nb = \"canary\"\nb = \"canary\"\n"),
        (Format::Yaml, "a: \"canary\nb: canary"),
        (Format::Yaml, "a: canary\n\tb: [canary\n"),
        (Format::Yaml, "a: !canary {canary: *canary}\n"),
        (Format::Yaml, "a: canary\nb:\n - canary\n  c: canary\n"),
    ];
    for (format, text) in files {
        let refused = edit::whole(text, format).expect_err(text).to_string();
        assert!(!refused.contains("canary"), "{text}: {refused}");
        assert!(refused.contains("line") || refused.contains("twice"), "{refused}");
    }
}

#[test]
fn what_only_looks_like_a_name_an_option_or_an_address_is_hidden() {
    let theirs = json!({
        "a": { "url": "https://a.example/mcp", "command": "./run", "cmd": "A=1 run", "b.c": "--one", "uri": "ftp://a.example" },
        "args": ["--one-two", "--One", "http://127.0.0.1:1/c/q/x", "https://a.example/v1/0a1b2c3d4", "-x", "word"],
        "headers": { "h": "https://b.example/" }, "env": ["--two", { "n": "npx" }], "k9k9k9k9k9k9k9k9": 1,
    });
    let shown = Shown::of([&theirs], "o", &json!("ours"));
    for (line, seen) in [
        ("a: url: x", "a: url: …"),
        ("unknown: x", "…"),
        ("\"unknown\": \"x\"", "\"…\": \"…\""),
        ("k9k9k9k9k9k9k9k9: ours", "…"),
        ("b.c = \"ours\"", "b.c = \"ours\""),
        ("[a.url]", "[a.url]"),
        ("[a.x]", "[…]"),
        ("- --one-two", "- --one-two"),
        ("- --One", "- …"),
        ("b.c: --one", "b.c: …"),
        ("command: ./run", "command: ./run"),
        ("command: sh", "command: …"),
        ("cmd: A=1 run", "cmd: …"),
        ("url: ftp://a.example", "url: …"),
        ("h: https://b.example/", "h: …"),
        ("[https://a.example/mcp, -x, word]", "[https://a.example/mcp, -x, …]"),
        ("- http://127.0.0.1:1/c/q/x", "- http://127.0.0.1:1/c/KEY/x"),
        ("\"https://a.example/v1/0a1b2c3d4\"", "\"https://a.example/v1/…\""),
        ("n: --two npx", "n: …"),
        ("a: \"x", "a: …"),
    ] {
        assert_eq!(shown.line(line), seen, "{line}");
    }
}
