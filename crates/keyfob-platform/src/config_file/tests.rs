//! `profiles.toml` as users write it.

use super::*;
use keyfob_core::profile::{DeliveryTarget, LifetimeFrom, SignInLifetime, TokenFileFormat, parse_marks};

const FILE: &str = r#"# my portals
theme = "kept"

[profiles.readonly]   # reading
url    = "https://mcpr.example.com/mcp"
label  = "Readonly portal"
access = "read"
remind = ["7d", "2h"]
sign_in_lifetime = "30d"
redirect = "localhost:7777/cb"
extra_params = { tenant = "t" }

[[profiles.readonly.deliver]]
kind = "token-file"
path = "/site/.mcp_tokens_readonly.json"
format = "mcp-tokens"
time_zone = "utc"
"#;

fn open(text: &str) -> (tempfile::TempDir, ProfilesToml) {
    let folder = tempfile::tempdir().unwrap();
    let toml = ProfilesToml::new(&Paths::resolve(Some(folder.path().into())).unwrap());
    std::fs::write(&toml.path, text).unwrap();
    (folder, toml)
}

fn name(text: &str) -> ProfileName {
    ProfileName::parse(text).unwrap()
}

#[test]
fn every_setting_is_read() {
    let (_folder, toml) = open(FILE);
    let profile = toml.list().unwrap().remove(0);
    assert_eq!(profile.label.as_deref(), Some("Readonly portal"));
    assert_eq!(profile.remind.len(), 2);
    assert_eq!(profile.redirect.to_string(), "localhost:7777/cb");
    assert_eq!(profile.extra_params, [("tenant".to_owned(), "t".to_owned())]);
    let expected = DeliveryTarget::TokenFile {
        path: "/site/.mcp_tokens_readonly.json".into(),
        format: TokenFileFormat::McpTokens { utc: true },
    };
    assert_eq!(profile.deliver[0].target, expected);
}

#[test]
fn the_answer_about_a_sign_ins_end_is_written_into_the_users_own_line() {
    let (_folder, toml) = open(FILE);
    let answered = |answer| {
        toml.set_sign_in_lifetime(&name("readonly"), answer).unwrap();
        assert_eq!(toml.list().unwrap()[0].sign_in_lifetime, answer);
        std::fs::read_to_string(&toml.path).unwrap()
    };
    let text = answered(LifetimeAnswer::NotKnown);
    assert_eq!(text, FILE.replace("\"30d\"", "\"not-known\""));
    let lifetime = SignInLifetime { lifetime: chrono::TimeDelta::days(30), from: LifetimeFrom::Refresh };
    assert!(answered(LifetimeAnswer::Known(lifetime)).contains("sign_in_lifetime_from = \"refresh\""));
    let lifetime = SignInLifetime { from: LifetimeFrom::SignIn, ..lifetime };
    assert_eq!(answered(LifetimeAnswer::Known(lifetime)), FILE);
    assert_eq!(answered(LifetimeAnswer::Open), FILE.replace("sign_in_lifetime = \"30d\"\n", ""));
    let nobody = toml.set_sign_in_lifetime(&name("nobody"), LifetimeAnswer::NotKnown);
    assert_eq!(nobody, Err(Failure::NoSuchProfile("nobody".into())));
}

#[test]
fn marks_are_written_into_the_users_own_line_and_the_usual_ones_need_none() {
    let (_folder, toml) = open(FILE);
    let set = |toml: &ProfilesToml, marks: &[&str]| {
        let marks = parse_marks(marks).unwrap();
        toml.set_reminders(&name("readonly"), &marks).unwrap();
        assert_eq!(toml.list().unwrap()[0].remind, marks);
        std::fs::read_to_string(&toml.path).unwrap()
    };
    let line = "remind = [\"7d\", \"2h\"]\n";
    assert_eq!(set(&toml, &["3d", "14d"]), FILE.replace(line, "remind = [\"14d\", \"3d\"]\n"));
    assert_eq!(set(&toml, &[]), FILE.replace(line, "remind = []\n"));
    assert_eq!(set(&toml, &["7d", "2h"]), FILE, "edited back");
    assert_eq!(set(&toml, &["7d", "1d", "2h"]), FILE.replace(line, ""));
    let nobody = toml.set_reminders(&name("nobody"), &[]);
    assert_eq!(nobody, Err(Failure::NoSuchProfile("nobody".into())));
    for comment in
        ["# as agreed with Ada\nremind = [\"7d\", \"2h\"]\n", "remind = [\"7d\", \"2h\"] # as agreed\n"]
    {
        let commented = FILE.replace(line, comment);
        let (_folder, toml) = open(&commented);
        let usual = "[\"7d\", \"1d\", \"2h\"]";
        assert_eq!(set(&toml, &["7d", "1d", "2h"]), commented.replace("[\"7d\", \"2h\"]", usual));
    }
}

#[test]
fn edits_keep_comments_order_and_unknown_keys_and_undo_each_other() {
    let (_folder, toml) = open(FILE);
    let mut admin = toml.list().unwrap().remove(0);
    admin.name = name("admin");
    toml.add(&admin).unwrap();
    assert!(std::fs::read_to_string(&toml.path).unwrap().starts_with(FILE));
    let again = toml.list().unwrap();
    assert_eq!(again.len(), 2);
    assert_eq!(again[0], admin);
    toml.set_paused(&name("readonly"), true).unwrap();
    assert!(toml.list().unwrap()[1].paused);
    toml.set_paused(&name("readonly"), false).unwrap();
    toml.remove(&name("admin")).unwrap();
    assert_eq!(std::fs::read_to_string(&toml.path).unwrap(), FILE);
    assert_eq!(toml.remove(&name("admin")), Err(Failure::NoSuchProfile("admin".into())));
}

/// Every key that product.md knows, each with a value that is not its default.
const WHOLE: &str = r#"[profiles.all]
url = "https://a.example/mcp"
label = "All"
access = "write"
grant = "client-credentials"
audience = "aud"
issuer = "https://as.example/t/1"
client_id = "id"
client_auth = "private-key-jwt"
client_metadata_url = "https://c.example/client.json"
redirect = "localhost:7777/cb"
resource = "urn:example:mcp"
remind = ["3d"]
margin = "60s"
sign_in_lifetime = "30d"
sign_in_lifetime_from = "refresh"
scopes = ["read", "write"]
extra_params = { prompt = "consent", tenant = "t 1" }
private_network = true
paused = true

[[profiles.all.deliver]]
kind = "token-file"
path = "/site/.env"
format = "env"
key = "APP_JWT_TOKEN"
include_refresh_token = true

[[profiles.all.deliver]]
kind = "keyring"
service = "my app"
account = "ada"
format = "json"

[[profiles.all.deliver]]
kind = "command"
command = ["/bin/push", "--to", "a b"]
format = "env"
key = "TOKEN"

[[profiles.all.deliver]]
kind = "command"
command = ["/bin/push"]
variable = "TOKEN"
"#;

#[test]
fn every_key_of_a_profile_is_written_as_it_was_read() {
    let (_folder, toml) = open(WHOLE);
    let whole = toml.list().unwrap().remove(0);
    let plain = Profile::new(whole.name.clone(), whole.url.clone());
    assert!(whole.paused && whole.margin != plain.margin && whole.grant != plain.grant);
    toml.remove(&whole.name).unwrap();
    toml.add(&whole).unwrap();
    assert_eq!(toml.list().unwrap(), [whole]);
    // Nothing of the original is missing, whatever the order.
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(|line| line.replace("60s", "1m")).collect();
        lines.sort();
        lines
    };
    let written = std::fs::read_to_string(&toml.path).unwrap();
    assert_eq!(sorted(&written), sorted(WHOLE), "{written}");
}

#[test]
fn a_profile_that_would_not_be_read_again_is_not_written() {
    let (_folder, toml) = open(FILE);
    let mut bad = toml.list().unwrap().remove(0);
    bad.name = name("bad");
    bad.issuer = Some("http://as.example".into());
    let refused = toml.add(&bad).unwrap_err().to_string();
    assert!(refused.starts_with("issuer: plain http is accepted for"), "{refused}");
    assert_eq!(std::fs::read_to_string(&toml.path).unwrap(), FILE);
}

/// Line 3 is the key in question; what is wrong is told with its column.
#[test]
fn every_value_is_checked_where_it_stands() {
    for (line, expected) in [
        ("device = \"tv\"", "3:1: unknown key `device`"),
        ("note = \"x\"", "3:1: unknown key `note`"),
        ("label = \" \"", "3:9: label: is empty"),
        ("issuer = \"as.example\"", "3:10: issuer: "),
        ("issuer = \"https://as.example/?t=1\"", "3:10: issuer: an issuer has no query"),
        ("resource = \"mcp\"", "3:12: resource: must be an absolute URI"),
        ("resource = \"https://a.example/#x\"", "3:12: resource: must be an absolute URI"),
        ("resource = true", "3:12: resource: must be text, or false"),
        ("scopes = [\"read write\"]", "3:10: scopes: `read write` is no scope"),
        ("audience = \"\"", "3:12: audience: is empty"),
        ("client_id = \"\"", "3:13: client_id: is empty"),
        ("client_metadata_url = \"https://c.example\"", "3:23: client_metadata_url: "),
        ("redirect = \"localhost:7777/cb?x=1\"", "3:12: redirect: write 127.0.0.1"),
        ("extra_params = { state = \"x\" }", "3:18: state: keyfob sets this parameter itself"),
        ("extra_params = { a = 1 }", "3:22: a: must be text"),
        ("margin = \"soon\"", "3:10: margin: `soon` is no time span"),
        ("sign_in_lifetime = \"0d\"", "3:20: sign_in_lifetime: must be longer"),
        ("sign_in_lifetime_from = \"refresh\"", "3:1: sign_in_lifetime_from: means nothing without"),
        ("grant = \"password\"", "3:9: grant: `password` is not one of"),
        ("paused = \"yes\"", "3:10: paused: must be true or false"),
        ("private_network = 1", "3:19: private_network: must be true or false"),
        ("deliver = \"file\"", "3:11: deliver: write [[profiles.NAME.deliver]]"),
    ] {
        refused(line, expected);
    }
}

#[test]
fn every_value_of_a_delivery_is_checked_where_it_stands() {
    let file = "[[profiles.a.deliver]]\nkind = \"token-file\"\npath = \"/f\"\n";
    let entry = "[[profiles.a.deliver]]\nkind = \"keyring\"\naccount = \"a\"\n";
    let command = "[[profiles.a.deliver]]\nkind = \"command\"\n";
    let run = &format!("{command}command = [\"/bin/a\"]\n");
    for (tables, expected) in [
        (format!("{file}format = \"env\"\nkey = \"A B\""), "7:7: key: must be the name of a variable"),
        (format!("{file}format = \"env\"\nkey = \"\""), "7:7: key: must be the name of a variable"),
        (format!("{file}key = \"A\""), "6:1: key: is for format `env` alone"),
        (format!("{file}time_zone = \"utc\""), "6:1: time_zone: is for format `mcp-tokens` alone"),
        (format!("{file}format = \"jwt\""), "6:10: format: `jwt` is not one of"),
        (format!("{file}formt = \"env\""), "6:1: unknown key `formt`; did you mean `format`?"),
        (format!("{file}{file}"), "6:1: the same target is given twice: /f"),
        (file.replace("/f", "f"), "5:8: path: must be absolute or begin with ~/"),
        (file.replace("token-file", "fax"), "4:8: kind: `fax` is not one of token-file, keyring"),
        (entry.to_owned(), "3:1: `service` is missing here"),
        (command.to_owned(), "3:1: command must be an array of texts"),
        (format!("{command}command = \"ls\""), "5:11: command: must be an array of texts"),
        (format!("{command}command = []"), "5:11: command: must be an array of texts"),
        (format!("{command}command = [\"ls\"]"), "5:11: command: must be absolute or begin with ~/"),
        (format!("{run}variable = \"A B\""), "6:12: variable: must be the name of a variable"),
        (
            format!("{run}variable = \"A\"\nformat = \"bare\""),
            "6:12: variable: either a variable or a format",
        ),
        (format!("{run}key = \"A\""), "6:1: key: is for format `env` alone"),
        (format!("{run}path = \"/f\""), "6:1: path: is not for commands"),
        (format!("{entry}service = \"\""), "6:11: service: is empty"),
    ] {
        refused(&tables, expected);
    }
}

fn refused(rest: &str, expected: &str) {
    let text = format!("[profiles.a]\nurl = \"https://a.example\"\n{rest}\n");
    let (_folder, toml) = open(&text);
    let Err(Failure::Usage(words)) = toml.list() else { panic!("accepted: {rest}") };
    assert!(words.starts_with(&format!("profiles.toml:{expected}")), "{words}\n  expected {expected}");
    assert!(toml.set_paused(&name("a"), true).is_err());
    assert_eq!(std::fs::read_to_string(&toml.path).unwrap(), text);
}

#[test]
fn a_typo_is_told_with_line_and_column_and_nothing_is_written() {
    for (broken, expected) in [
        (
            "[profiles.a]\nurl = \"https://a.example\"\nlable = \"x\"\n",
            "profiles.toml:3:1: unknown key `lable`; did you mean `label`?",
        ),
        (
            "[profiles.a]\nurl = \"https://a.example\"\naccess = \"rd\"\n",
            "profiles.toml:3:10: access: `rd` is not one of read, write",
        ),
        ("[profiles.a]\nurl = 7\n", "profiles.toml:2:7: url: must be text in quotes"),
        ("[profiles.a]\nurl = \"http://a.example\"\n", "profiles.toml:2:7: url: plain http is accepted for"),
        (
            "[profiles.a]\nurl = \"https://a.example\"\nremind = [\"7 days\"]\n",
            "profiles.toml:3:10: remind: `7 days` is no time span",
        ),
        ("[profiles.A]\nurl = \"https://a.example\"\n", "profiles.toml:1:1: `A` is no profile name"),
        ("[profiles.a]\nlabel = \"x\"\n", "profiles.toml:1:1: `url` is missing here"),
        ("[profiles.a\n", "profiles.toml:1:12:"),
    ] {
        let (_folder, toml) = open(broken);
        let Err(Failure::Usage(words)) = toml.list() else { panic!("accepted: {broken}") };
        assert!(words.starts_with(expected), "{words}\n  expected {expected}");
        assert!(toml.set_paused(&name("a"), true).is_err());
        assert_eq!(std::fs::read_to_string(&toml.path).unwrap(), broken);
    }
}

#[test]
fn no_file_means_no_profiles_and_the_first_add_makes_it() {
    let folder = tempfile::tempdir().unwrap();
    let toml = ProfilesToml::new(&Paths::resolve(Some(folder.path().join("new"))).unwrap());
    assert_eq!(toml.list().unwrap(), []);
    let before = toml.version();
    let url = keyfob_core::resource::CheckedUrl::parse("https://a.example/mcp").unwrap();
    toml.add(&Profile::new(name("a"), url)).unwrap();
    assert_eq!(
        std::fs::read_to_string(&toml.path).unwrap(),
        "[profiles.a]\nurl = \"https://a.example/mcp\"\n"
    );
    assert_ne!(toml.version(), before);
}
