//! What goes in comes out again, and nothing else moves.

use proptest::prelude::*;

use super::*;
use crate::entry::table;

const PLACE: Place<'static> = Place { tables: &["mcpServers"], name: "keyfob-work" };
const NESTED: Place<'static> = Place { tables: &["mcp", "servers"], name: "keyfob-work" };

fn entry() -> Value {
    table([
        ("type", "http".into()),
        ("url", "https://portal.example/mcp".into()),
        ("args", vec!["connect", "work"].into()),
        ("timeout", 300.into()),
        ("enabled", true.into()),
    ])
}

/// Adds and removes; gives the text in between.
#[track_caller]
fn there_and_back(text: &str, format: Format, place: Place<'_>) -> String {
    let made = tables_to_make(text, format, place).unwrap();
    let with = with_entry(text, format, place, &entry()).unwrap();
    assert_eq!(read(&with, format, place).unwrap(), Some(entry().to_json()), "{with}");
    let without = without_entry(&with, format, place, made).unwrap();
    assert_eq!(without, text, "after the entry had been in: {with}");
    with
}

#[test]
fn an_entry_goes_into_json_and_out_again_byte_for_byte() {
    let files = [
        "{\n  \"mcpServers\": {\n    \"other\": { \"command\": \"x\" }\n  },\n  \"theme\": 12345678901234567890123\n}\n",
        "{\n\t\"mcpServers\": {\n\t\t\"other\": {}\n\t}\n}",
        "{\r\n  \"a\": 1,\r\n  \"mcpServers\": {\r\n    \"b\": 2\r\n  }\r\n}\r\n",
        "\u{feff}{\n  \"mcpServers\": {\n    \"b\": 2\n  }\n}\n",
        "{\n  \"theme\": \"dark\"\n}\n",
    ];
    for text in files {
        there_and_back(text, Format::JsonWithComments, PLACE);
    }
    there_and_back(files[3], Format::Json, PLACE);
}

#[test]
fn comments_and_last_commas_stay() {
    let text = "// mine\n{\n  /* all */ \"mcpServers\": {\n    \"a\": [1, 2,], // why, \"x\": {\n  },\n}\n";
    let with = there_and_back(text, Format::JsonWithComments, PLACE);
    assert!(with.contains("// why, \"x\": {") && with.contains("[1, 2,]"), "{with}");
    let strict = with_entry(text, Format::Json, PLACE, &entry());
    assert!(matches!(strict, Err(EditError::Unreadable(_))), "{strict:?}");
}

#[test]
fn an_entry_goes_into_toml_and_out_again_byte_for_byte() {
    let files = [
        "model = \"x\" # mine\n\n[mcp_servers.other]\ncommand = \"y\"\n",
        "# only a comment\n",
        "model = \"x\"\r\n\r\n[mcp_servers.other]\r\ncommand = 'y'\r\n",
        "\u{feff}[mcp_servers]\nother.command = \"y\"\n\n[tools]\na = 1\n",
    ];
    for text in files {
        let place = Place { tables: &["mcp_servers"], name: "keyfob-work" };
        let with = there_and_back(text, Format::Toml, place);
        assert!(with.contains("[mcp_servers.keyfob-work]"), "{with}");
        assert_eq!(text.contains("\r\n"), with.contains("\r\n"));
        assert!(!with.replace("\r\n", "").contains('\r') && !with.replace("\r\n", "").contains("\n\n\n"));
    }
}

#[test]
fn an_entry_goes_into_yaml_and_out_again() {
    let place = Place { tables: &["extensions"], name: "keyfob-work" };
    let files = [
        "# mine\nextensions:\n  developer:\n    type: builtin # keep\n    enabled: true\nGOOSE_MODE: auto\n",
        "GOOSE_MODE: auto\nextensions:\n  developer:\n    enabled: true\n",
    ];
    for text in files {
        let with = there_and_back(text, Format::Yaml, place);
        assert!(with.contains("# keep") || !text.contains("# keep"), "{with}");
    }
    let made = with_entry("GOOSE_MODE: auto\n", Format::Yaml, place, &entry()).unwrap();
    assert_eq!(read(&made, Format::Yaml, place).unwrap(), Some(entry().to_json()));
    assert!(made.starts_with("GOOSE_MODE: auto\n"));
}

#[test]
fn a_file_that_is_not_there_is_made_and_is_empty_again_afterwards() {
    for format in [Format::Json, Format::JsonWithComments, Format::Toml, Format::Yaml] {
        let place = if format == Format::Yaml { PLACE } else { NESTED };
        let with = with_entry("", format, place, &entry()).unwrap();
        assert!(with.ends_with('\n') && !with.starts_with('\n'), "{with}");
        let without = without_entry(&with, format, place, place.tables.len()).unwrap();
        assert!(is_empty(&without, format), "{without}");
    }
}

#[test]
fn only_tables_that_were_made_are_taken_away_again() {
    let text = "{ \"mcp\": { } }\n";
    let made = tables_to_make(text, Format::Json, NESTED).unwrap();
    assert_eq!(made, 1);
    let with = with_entry(text, Format::Json, NESTED, &entry()).unwrap();
    let without = without_entry(&with, Format::Json, NESTED, made).unwrap();
    assert_eq!(parse(&without, Format::Json).unwrap(), serde_json::json!({ "mcp": {} }));
}

#[test]
fn a_file_that_cannot_be_understood_is_refused() {
    let refused = |text: &str, format| with_entry(text, format, PLACE, &entry()).unwrap_err();
    assert!(matches!(refused("{ \"a\": ", Format::Json), EditError::Unreadable(_)));
    assert!(matches!(refused("{ 'a': 1 }", Format::JsonWithComments), EditError::Unreadable(_)));
    assert!(matches!(refused("a = [", Format::Toml), EditError::Unreadable(_)));
    assert_eq!(refused("{ \"a\": 1, \"a\": 2 }", Format::Json), EditError::Twice("a".into()));
    assert_eq!(
        refused("{ \"mcpServers\": { \"x\": 1, \"\\u0078\": 2 } }", Format::Json),
        EditError::Twice("x".into())
    );
    assert_eq!(refused("{ \"mcpServers\": [] }", Format::Json), EditError::NotATable("mcpServers".into()));
    assert_eq!(refused("[]", Format::Json), EditError::NotATable("the whole file".into()));
    assert_eq!(refused("a = 1\r\nb = 2\n", Format::Toml), EditError::MixedLineEnds);
}

#[test]
fn an_entry_of_somebody_else_is_never_replaced_and_our_own_is_written_once() {
    let text = "{ \"mcpServers\": { \"keyfob-work\": { \"url\": \"https://other.example\" } } }";
    let taken = with_entry(text, Format::Json, PLACE, &entry());
    assert_eq!(taken, Err(EditError::Taken("keyfob-work".into())));
    let once = with_entry("{}", Format::Json, PLACE, &entry()).unwrap();
    assert_eq!(with_entry(&once, Format::Json, PLACE, &entry()), Ok(once));
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i32>().prop_map(Json::from),
        "[ -~\u{e4}\n\"\\\\/]{0,12}".prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
            proptest::collection::btree_map("[a-z/\"*,}]{1,6}", inner, 0..5)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_else_is_in_a_file_reads_the_same_afterwards(
        others in proptest::collection::btree_map("[a-z]{1,5}", json(), 0..5),
        servers in proptest::collection::btree_map("[a-z]{1,5}", json(), 0..4),
        pretty in any::<bool>(),
    ) {
        let mut whole: serde_json::Map<String, Json> = others.into_iter().collect();
        whole.insert("mcpServers".into(), Json::Object(servers.into_iter().collect()));
        let whole = Json::Object(whole);
        let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) }.unwrap();
        for format in [Format::Json, Format::JsonWithComments] {
            let with = with_entry(&text, format, PLACE, &entry()).unwrap();
            prop_assert_eq!(read(&with, format, PLACE).unwrap(), Some(entry().to_json()));
            let without = without_entry(&with, format, PLACE, 0).unwrap();
            prop_assert_eq!(parse(&without, format).unwrap(), whole.clone());
        }
    }
}
