//! Files as people have them, for every client: an entry goes in and comes out, and no other byte moves; or the file is refused
//! and stays as it is.

use std::path::Path;

use crate::carried::Carried;
use crate::client::{Client, Via, Wanted, Writing};
use crate::clients::ALL;
use crate::edit::{self, Format, Place};
use crate::link::Links;
use crate::link::tests::Memory;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Refused,
}
use Fate::{Kept, Refused};

/// A client's file with another server and another setting in it, as its own formatter would write it.
fn usual(format: Format, tables: &[&str]) -> String {
    match format {
        Format::Json | Format::JsonWithComments => {
            let open: String = tables.iter().enumerate().map(|(n, table)| opened(n, table)).collect();
            let close: Vec<_> =
                (0..tables.len()).rev().map(|n| format!("\n{}}}", "  ".repeat(n + 1))).collect();
            let close = close.concat();
            let other = format!(
                "\n{}\"other\": {{ \"command\": \"x // y\", \"n\": 12345678901234567890123 }}",
                "  ".repeat(tables.len() + 1)
            );
            format!("{{\n  \"theme\": \"\\u00e4, {{}}\",{open}{other}{close},\n  \"last\": [1, 2]\n}}\n")
        }
        Format::Toml => format!(
            "theme = \"ä, {{}}\"\n\n[{0}.other]\ncommand = \"x # y\"\n\n[last]\nlist = [1, 2]\n",
            tables.join(".")
        ),
        Format::Yaml => {
            format!("theme: \"ä, {{}}\"\n{}:\n  other:\n    cmd: \"x # y\"\nlast:\n  - 1\n  - 2\n", tables[0])
        }
    }
}

fn opened(depth: usize, table: &str) -> String {
    format!("\n{}\"{table}\": {{", "  ".repeat(depth + 1))
}

/// A name of the shape, the file, and its fate.
type Shape = (&'static str, String, Fate);

/// Shapes that any format knows.
fn common(format: Format, tables: &[&str]) -> Vec<Shape> {
    let usual = usual(format, tables);
    let crlf = usual.replace('\n', "\r\n");
    let tabs = usual.replace("  ", "\t");
    let no_tabs = if format == Format::Yaml { Refused } else { Kept };
    vec![
        ("as it is usual", usual.clone(), Kept),
        ("no end of line at the end", usual.trim_end().to_owned(), Kept),
        ("CR LF", crlf.clone(), Kept),
        ("a mark", format!("\u{feff}{usual}"), Kept),
        ("a mark and CR LF", format!("\u{feff}{crlf}"), Kept),
        ("tabs", tabs, no_tabs),
        ("blank lines around", format!("\n\n{usual}\n\n"), Kept),
        ("empty", String::new(), Kept),
        ("blanks alone", " \n\n".to_owned(), Kept),
    ]
}

fn of_json(format: Format, tables: &[&str]) -> Vec<Shape> {
    let usual = usual(format, tables);
    let relaxed = if format == Format::JsonWithComments { Kept } else { Refused };
    let nested = |inner: &str| {
        let open = tables.iter().map(|table| format!("{{\"{table}\":")).collect::<Vec<_>>().concat();
        format!("{open}{inner}{}", "}".repeat(tables.len()))
    };
    let commented =
        usual.replace("\"theme\"", "/* all */ \"theme\"").replace("[1, 2]", "[1, 2] // why, \"x\": {");
    vec![
        ("comments", format!("// mine\n{commented}// end\n"), relaxed),
        ("commas at the end", usual.replace("[1, 2]", "[1, 2,],"), relaxed),
        ("one line", nested("{\"other\":{\"command\":\"x\"}}"), Kept),
        ("an empty table", nested("{}"), Kept),
        ("two ends of line", usual.replacen('\n', "\r\n", 2), Kept),
        ("the same name twice", usual.replace("\"last\"", "\"theme\""), Refused),
        ("the same server twice", nested("{\"a\":{},\"\\u0061\":{}}"), Refused),
        ("a list for a table", nested("[]"), Refused),
        ("a text for a table", nested("\"x\""), Refused),
        ("a list", "[]".to_owned(), Refused),
        ("cut off", usual[..usual.len() / 2].to_owned(), Refused),
        ("single quotes", nested("{'a':{}}"), Refused),
        ("an old merge", format!("<<<<<<< HEAD\n{usual}"), Refused),
    ]
}

fn of_toml(tables: &[&str]) -> Vec<Shape> {
    let (usual, table) = (usual(Format::Toml, tables), tables[0]);
    vec![
        ("comments", format!("# mine\n{usual}# end\n"), Kept),
        ("dotted keys", format!("{table}.other.command = \"x\" # keep\n"), Kept),
        ("two ends of line", usual.replacen('\n', "\r\n", 2), Refused),
        ("the same name twice", format!("theme = 1\n{usual}"), Refused),
        ("the same server twice", format!("{usual}[{table}.other]\n"), Refused),
        ("a list for a table", format!("{table} = []\n"), Refused),
        ("cut off", "theme = \"".to_owned(), Refused),
        ("an old merge", format!("<<<<<<< HEAD\n{usual}"), Refused),
    ]
}

fn of_yaml(tables: &[&str]) -> Vec<Shape> {
    let (usual, table) = (usual(Format::Yaml, tables), tables[0]);
    vec![
        ("comments", format!("# mine\n{}# end\n", usual.replace("other:", "other: # keep")), Kept),
        ("comments alone", "# mine\n".to_owned(), Kept),
        ("the same name twice", format!("{usual}theme: 1\n"), Refused),
        ("a list for a table", format!("{table}: []\n"), Refused),
        ("cut off", "theme: [1".to_owned(), Refused),
        ("two documents", format!("{usual}---\n{usual}"), Refused),
        ("an old merge", format!("<<<<<<< HEAD\n{usual}"), Refused),
    ]
}

fn shapes(format: Format, tables: &[&str]) -> Vec<Shape> {
    let mut shapes = common(format, tables);
    shapes.extend(match format {
        Format::Json | Format::JsonWithComments => of_json(format, tables),
        Format::Toml => of_toml(tables),
        Format::Yaml => of_yaml(tables),
    });
    shapes
}

fn wanted(via: Via) -> Wanted {
    Wanted {
        profile: "work".into(),
        url: "https://portal.example/mcp".into(),
        program: "/opt/key fob/keyfob".into(),
        home: None,
        proxy: Some("http://127.0.0.1:7777/c/KEY/work/mcp".into()),
        via,
        carried: Carried::default(),
    }
}

fn bytes(machine: &Memory, file: &Path) -> Option<Vec<u8>> {
    machine.files.lock().unwrap().get(file).cloned()
}

/// A client and how it writes; those that others write for are left out.
fn written() -> impl Iterator<Item = (&'static Client, Format, &'static [&'static str])> {
    ALL.into_iter().filter_map(|client| match &client.writing {
        Writing::File { format, tables, .. } => Some((client, *format, tables(""))),
        Writing::Command { .. } | Writing::Snippet(_) => None,
    })
}

/// Blanks aside, all of the file is there still, and what is new stands in one place of it.
fn is_changed_in_one_place(after: &str, before: &str) -> bool {
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<Vec<char>>();
    let (after, before) = (bare(after), bare(before));
    let same = |(a, b): &(&char, &char)| a == b;
    let head = after.iter().zip(&before).take_while(same).count();
    let tail = after.iter().rev().zip(before.iter().rev()).take_while(same).count();
    head + tail >= before.len()
}

#[track_caller]
fn kept(client: &'static Client, via: Via, (name, before, _): &Shape, format: Format, tables: &[&str]) {
    let file = client.file(&Memory::default()).unwrap();
    let told = format!("{}, {}, {name}", client.id, via.word());
    let machine = Memory::holding(&[(file.to_str().unwrap(), before)]);
    let links = Links::new(&machine, "/state/links".into());
    let plan = links.plan(client, &wanted(via)).unwrap_or_else(|error| panic!("{told}: {error}"));
    links.carry_out(&plan).unwrap();
    let after = String::from_utf8(bytes(&machine, &file).unwrap()).unwrap();
    let place = Place { tables, name: "keyfob-work" };
    assert_eq!(
        edit::read(&after, format, place).unwrap(),
        Some((client.entry)(&wanted(via)).to_json()),
        "{told}"
    );
    assert!(is_changed_in_one_place(&after, before), "{told}: {after}");
    assert_eq!(after.starts_with('\u{feff}'), before.starts_with('\u{feff}'), "{told}");
    links.carry_out(&links.plan_undo(client, "work").unwrap()).unwrap();
    assert_eq!(String::from_utf8(bytes(&machine, &file).unwrap()).unwrap(), *before, "{told}");
}

#[track_caller]
fn refused(client: &'static Client, via: Via, name: &str, before: &[u8]) {
    let file = client.file(&Memory::default()).unwrap();
    let machine = Memory::default();
    machine.files.lock().unwrap().insert(file.clone(), before.to_vec());
    let links = Links::new(&machine, "/state/links".into());
    let plan = links.plan(client, &wanted(via));
    let error = plan.expect_err(&format!("{}, {name}: it should have been refused", client.id)).to_string();
    assert!(error.contains(file.to_str().unwrap()), "{}, {name}: {error}", client.id);
    assert_eq!(bytes(&machine, &file).as_deref(), Some(before), "{}, {name}", client.id);
    assert_eq!(machine.files.lock().unwrap().len(), 1, "{}, {name}: nothing is left behind", client.id);
}

#[test]
fn every_shape_of_every_clients_file_is_changed_where_it_is_meant_or_refused_and_left() {
    for (client, format, tables) in written() {
        for shape in shapes(format, tables) {
            for via in client.ways {
                match shape.2 {
                    Kept => kept(client, *via, &shape, format, tables),
                    Refused => refused(client, *via, shape.0, shape.1.as_bytes()),
                }
            }
        }
        refused(client, client.ways[0], "Latin 1", b"\xe4 = 1\n{\"a\":\"\xe4\"}");
    }
}

/// A file that grew over years, with hundreds of servers of others.
#[test]
fn a_huge_file_of_any_client_is_changed_in_its_one_place() {
    for (client, format, tables) in written() {
        let usual = usual(format, tables);
        let of = |n: usize| match format {
            Format::Json | Format::JsonWithComments => {
                format!("\"s{n}\": {{ \"url\": \"https://s{n}.example/mcp\" }},\n")
            }
            Format::Toml => format!("[{}.s{n}]\nurl = \"https://s{n}.example/mcp\"\n", tables[0]),
            Format::Yaml => format!("  s{n}:\n    uri: https://s{n}.example/mcp\n"),
        };
        let many: String = (0..400).map(of).collect();
        let before = match format {
            Format::Json | Format::JsonWithComments => {
                usual.replace("\"other\"", &format!("{many}\"other\""))
            }
            Format::Toml => usual.replace("[last]", &format!("{many}[last]")),
            Format::Yaml => usual.replace("  other:", &format!("{many}  other:")),
        };
        kept(client, client.ways[0], &("huge", before, Kept), format, tables);
    }
}

/// Whoever changed the file meanwhile keeps the change; keyfob's entry alone goes.
#[test]
fn an_unlink_after_others_wrote_takes_the_entry_alone_out_of_every_clients_file() {
    for (client, format, tables) in written() {
        let (before, via) = (usual(format, tables), client.ways[0]);
        let file = client.file(&Memory::default()).unwrap();
        let machine = Memory::holding(&[(file.to_str().unwrap(), &before)]);
        let links = Links::new(&machine, "/state/links".into());
        links.carry_out(&links.plan(client, &wanted(via)).unwrap()).unwrap();
        let linked = String::from_utf8(bytes(&machine, &file).unwrap()).unwrap();
        let theirs = |text: &str| text.replace("ä, {}", "new").replace("\\u00e4, {}", "new");
        machine.files.lock().unwrap().insert(file.clone(), theirs(&linked).into_bytes());
        links.carry_out(&links.plan_undo(client, "work").unwrap()).unwrap();
        let after = String::from_utf8(bytes(&machine, &file).unwrap()).unwrap();
        assert_eq!(after, theirs(&before), "{}", client.id);
    }
}

/// What made room comes back into every shape of a YAML file that its owner changed meanwhile, to its own place.
#[test]
fn an_entry_that_made_room_comes_back_into_every_shape_of_a_changed_yaml_file() {
    let yaml = written().filter(|(_, format, _)| *format == Format::Yaml);
    let mut count = 0;
    for (client, format, tables) in yaml {
        let kept = shapes(format, tables)
            .into_iter()
            .filter(|(_, text, fate)| *fate == Kept && text.contains("other:"));
        for ((name, before, _), via) in
            kept.flat_map(|shape| client.ways.iter().map(move |via| (shape.clone(), *via)))
        {
            let told = format!("{}, {name}", client.id);
            let file = client.file(&Memory::default()).unwrap();
            let machine = Memory::holding(&[(file.to_str().unwrap(), &before)]);
            let links = Links::new(&machine, "/state/links".into());
            links.carry_out(&links.plan_replacing(client, &wanted(via), Some("other")).unwrap()).unwrap();
            let linked = String::from_utf8(bytes(&machine, &file).unwrap()).unwrap();
            assert!(!linked.contains("other"), "{told}: {linked}");
            let theirs = |text: &str| text.replace("ä, {}", "new");
            machine.files.lock().unwrap().insert(file.clone(), theirs(&linked).into_bytes());
            let undo = links.plan_undo(client, "work").unwrap();
            assert_eq!(undo.left(), [], "{told}");
            links.carry_out(&undo).unwrap();
            let after = String::from_utf8(bytes(&machine, &file).unwrap()).unwrap();
            assert_eq!(after, theirs(&before), "{told}");
            count += 1;
        }
    }
    assert!(count >= 12, "{count}");
}
