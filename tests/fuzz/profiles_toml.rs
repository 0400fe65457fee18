//! `profiles.toml`, which people write, and programs of theirs.

use keyfob_agent::ports::ProfileSettings as _;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_platform::config_file::ProfilesToml;
use keyfob_platform::paths::Paths;

use crate::mutations::survives;

const FULL: &str = r#"# my portals
theme = "kept"

[profiles.readonly]   # reading
url    = "https://portal.example.com/mcp"
label  = "Readonly portal"
access = "read"
scopes = ["read", "tools"]
remind = ["7d", "2h"]
sign_in_lifetime = "30d"
redirect = "localhost:7777/cb"
extra_params = { tenant = "t" }
margin = "225s"
paused = false

[[profiles.readonly.deliver]]
kind = "token-file"
path = "/site/tokens.json"
format = "mcp-tokens"
time_zone = "utc"

[profiles."writing"]
url = "https://[2001:db8::1]:8443/mcp?x=1"
resource = false
client_id = "given"
private_network = true
"#;
const SMALL: &str = "[profiles.a]\nurl = \"http://127.0.0.1:1/mcp\"\n";
const INLINE: &str = "profiles = { b = { url = \"https://x.example/\", paused = true } }\n";

fn check(toml: &ProfilesToml) {
    let profiles = match toml.list() {
        Ok(profiles) => profiles,
        Err(Failure::Usage(words)) => {
            assert!(words.len() < 4_000, "{} bytes of words", words.len());
            return;
        }
        Err(Failure::StoreUnavailable(_)) => return,
        Err(other) => panic!("neither a usage error nor one of the disk: {other:?}"),
    };
    let new = ProfileName::parse("added-by-keyfob").unwrap();
    let url = CheckedUrl::parse("https://new.example/mcp").unwrap();
    if toml.add(&Profile::new(new.clone(), url)).is_ok() {
        let after = toml.list().expect("a file that keyfob has edited can be read");
        assert_eq!(after.len(), profiles.len() + 1);
        toml.remove(&new).expect("what was added can be removed");
        assert_eq!(toml.list().expect("a file that keyfob has edited can be read"), profiles);
    }
}

/// Fault 49: no file makes keyfob panic, and an edit leaves all other profiles as they were.
#[test]
fn no_profiles_toml_makes_keyfob_panic_or_lose_a_profile() {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let paths = Paths::resolve(Some(folder.path().to_owned())).unwrap();
    let toml = ProfilesToml::new(&paths);
    let examples = [FULL, SMALL, INLINE, ""].map(|text| text.as_bytes().to_vec());
    let tried = survives(examples.to_vec(), |bytes| {
        std::fs::write(paths.profiles_toml(), bytes).unwrap();
        check(&toml);
    });
    assert!(tried > 1_000, "{tried} in the time given");
}
