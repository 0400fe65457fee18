//! `profiles.toml` as users write it.

use super::*;
use keyfob_core::profile::{DeliveryTarget, LifetimeFrom, SignInLifetime, TokenFileFormat};

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
fn edits_keep_comments_order_and_unknown_keys_and_undo_each_other() {
    let (_folder, toml) = open(FILE);
    let mut admin = toml.list().unwrap().remove(0);
    admin.name = name("admin");
    toml.add(&admin).unwrap();
    assert!(std::fs::read_to_string(&toml.path).unwrap().starts_with(FILE));
    let again = toml.list().unwrap();
    assert_eq!(again.len(), 2);
    let mut expected = admin.clone();
    expected.extra_params.clear(); // `add` has no option for them
    assert_eq!(again[0], expected);
    toml.set_paused(&name("readonly"), true).unwrap();
    assert!(toml.list().unwrap()[1].paused);
    toml.set_paused(&name("readonly"), false).unwrap();
    toml.remove(&name("admin")).unwrap();
    assert_eq!(std::fs::read_to_string(&toml.path).unwrap(), FILE);
    assert_eq!(toml.remove(&name("admin")), Err(Failure::NoSuchProfile("admin".into())));
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
