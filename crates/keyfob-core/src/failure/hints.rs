//! What a person can do about a failure: the next step, as an exact command where there is one.

use super::{Failure, Incompatibility, Misbehaviour, SignInNeeded, StoreProblem, Temporary};

/// Scopes that a hint writes out.
const MOST_SCOPES: usize = 8;

/// What a hint is about: what its commands are to be typed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About<'a> {
    /// A profile that is there.
    Profile(&'a str),
    /// One that was still to be made, as it was typed.
    New {
        /// Its name.
        name: &'a str,
        /// The server's URL.
        url: &'a str,
    },
    /// Any profile: commands stand as in a help page, with `NAME` and `URL`.
    Any,
    /// No profile, and nobody to fill anything in: what needs a name is not advised.
    Nobody,
}

impl<'a> About<'a> {
    /// The profile's name.
    pub fn name(self) -> Option<&'a str> {
        match self {
            Self::Profile(name) | Self::New { name, .. } => Some(name),
            Self::Any => Some("NAME"),
            Self::Nobody => None,
        }
    }

    /// The server's URL, for a command that takes nothing else.
    pub fn url(self) -> &'a str {
        match self {
            Self::New { url, .. } => url,
            Self::Profile(_) | Self::Any | Self::Nobody => "URL",
        }
    }

    /// The same for a command that takes a profile's name as well.
    fn target(self) -> &'a str {
        match self {
            Self::Profile(name) => name,
            other => other.url(),
        }
    }
}

/// F11: RFC 8707's own code, or an older server that names the parameter it does not know.
pub(crate) fn refuses_resource(error: &str, description: &str) -> bool {
    let names_it = ["'resource'", "`resource`", "\"resource\"", "resource parameter"];
    error == "invalid_target"
        || (error == "invalid_request" && names_it.iter().any(|name| description.contains(name)))
}

impl Failure {
    /// The next step, as an exact command where there is one.
    pub fn hint(&self, about: About<'_>) -> Option<String> {
        match self {
            Self::NoSuchProfile(_) => Some("keyfob status shows the profiles; keyfob add NAME URL makes one".into()),
            Self::SignInNeeded(SignInNeeded::OtherMachine) => {
                let profile = about.name()?;
                Some(format!("keyfob refresh {profile} moves it here, keyfob sign-in {profile} makes one of its own"))
            }
            Self::ClientRejected(_) | Self::SignInNeeded(SignInNeeded::ClientRefused(_)) => {
                Some("check the client's id and its secret or key with the server's operator, then keyfob remove and keyfob add again".into())
            }
            Self::SignInNeeded(SignInNeeded::MoreScopes(scopes)) => Some(asking_for(about.name()?, scopes)),
            Self::SignInNeeded(_) | Self::SignInTimedOut | Self::UserDeclined(_) => {
                Some(format!("keyfob sign-in {}", about.name()?))
            }
            Self::Temporary(temporary) => temporary.hint(about),
            Self::StoreUnavailable(problem) => Some(problem.hint()),
            Self::AuthorizationServerIncompatible(incompatible) => incompatible.hint(about),
            Self::AuthorizationServerMisbehaved(Misbehaviour::Refused { error, description })
                if refuses_resource(error, description) =>
            {
                Some(format!(
                    "it may be one that takes no `resource` parameter (RFC 8707): if its operator says so, write `resource = false` below [profiles.{}] in profiles.toml; the tokens are then good for every resource of that server",
                    about.name()?
                ))
            }
            Self::AuthorizationServerMisbehaved(Misbehaviour::Refused { error, .. }) if error == "invalid_scope" => {
                Some(format!("ask whoever runs the server which scopes it knows, and write them as `scopes = [\"…\"]` below [profiles.{}] in profiles.toml", about.name()?))
            }
            Self::AuthorizationServerMisbehaved(_) => {
                Some("the server must be mended by whoever runs it; nothing was sent that it could misuse".into())
            }
            Self::Usage(_) | Self::Bug(_) => None,
        }
    }

    /// The next step after a sign-in that failed with the profile already there: nobody repeats it but the user, and `add`
    /// would find the name taken.
    pub fn hint_at_sign_in(&self, profile: &str) -> Option<String> {
        let again = format!("keyfob sign-in {profile}");
        match self {
            Self::Temporary(Temporary::Intercepted(_)) => {
                Some(format!("open any web page: a network log-in page may be waiting; then: {again}"))
            }
            Self::Temporary(Temporary::RetryAfter { .. }) => Some(format!("then: {again}")),
            Self::Temporary(
                Temporary::Offline(_) | Temporary::Cut(_) | Temporary::ServerTrouble(_) | Temporary::Busy,
            ) => Some(format!("nothing here was changed; try again: {again}")),
            Self::StoreUnavailable(problem) => Some(format!("{}; then: {again}", problem.hint())),
            Self::AuthorizationServerIncompatible(
                Incompatibility::NoRegistration | Incompatibility::RegistrationRefused(_),
            ) => Some(format!(
                "ask the server's operator for a client id and write `client_id = \"ID\"` below [profiles.{profile}] in profiles.toml; then: {again}"
            )),
            Self::AuthorizationServerIncompatible(Incompatibility::PrivateAddress(_)) => Some(format!(
                "if you trust it, write `private_network = true` below [profiles.{profile}] in profiles.toml; then: {again}"
            )),
            other => other.hint(About::Profile(profile)),
        }
    }

    /// True for what passes by itself.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }
}

/// The sign-in that asks for these scopes as well. They are a server's words and the hint is there to be pasted: what a shell
/// would act on is not in it, and a list that nobody would read is not either.
fn asking_for(profile: &str, scopes: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/@=+,".contains(c);
    let scopes: Vec<_> = scopes.split(' ').filter(|scope| !scope.is_empty()).collect();
    let plain = scopes.iter().all(|scope| scope.chars().all(is_plain) && !scope.starts_with('-'));
    if scopes.is_empty() || !plain || scopes.len() > MOST_SCOPES {
        return format!("keyfob sign-in {profile} --scope SCOPE, for each of them that you want to grant");
    }
    format!("keyfob sign-in {profile} --scope {}", scopes.join(" --scope "))
}

impl Temporary {
    fn hint(&self, about: About<'_>) -> Option<String> {
        Some(match self {
            Self::PortTaken(port) => {
                format!("end the program on port {port}, then keyfob sign-in {}", about.name()?)
            }
            Self::OtherVersion { ours_is_older: true, .. } => {
                "update this keyfob to the keeper's version".into()
            }
            Self::OtherVersion { .. } => {
                "update the keeper: quit and start the tray app, or: systemctl --user restart keyfob".into()
            }
            Self::Intercepted(_) => {
                "open any web page: a network log-in page may be waiting; keyfob tries again by itself".into()
            }
            Self::RetryAfter { .. } | Self::Busy => {
                format!("try again later: keyfob refresh {}", about.name()?)
            }
            Self::Offline(_) | Self::Cut(_) | Self::ServerTrouble(_) => {
                format!("nothing is lost; keyfob tries again by itself, or: keyfob refresh {}", about.name()?)
            }
        })
    }
}

impl Incompatibility {
    fn hint(&self, about: About<'_>) -> Option<String> {
        Some(match self {
            Self::NoRegistration | Self::RegistrationRefused(_) => format!(
                "ask the server's operator for a client id, then: keyfob add {} {} --client-id ID",
                about.name()?,
                about.url()
            ),
            Self::NoSignInWanted => {
                format!(
                    "use the server as it is; keyfob connect {} bridges it without a token",
                    about.target()
                )
            }
            Self::PrivateAddress(_) => {
                format!("if you trust it: keyfob add {} {} --private-network", about.name()?, about.url())
            }
            Self::NotMcp(_) => "check the URL; MCP servers often end in /mcp".into(),
            _ => format!(
                "whoever runs the server has to mend this, and no program can sign in there safely before: keyfob doctor {} says exactly what to serve",
                about.target()
            ),
        })
    }
}

impl StoreProblem {
    /// The next step for whoever owns this machine.
    pub fn hint(&self) -> String {
        match self {
            Self::NoKeyring(_) => "choose one: KEYFOB_STORE=passphrase, or KEYFOB_STORE=key-file (protects copies and backups, not this account)".into(),
            Self::Locked | Self::Slow => "unlock the keyring (log in to the desktop, or open its password program), then try again".into(),
            Self::KeyMissing(_) => "restore it from a backup; without the key these sign-ins cannot be opened, and a new `keyfob sign-in` begins each anew (keyfob status lists them)".into(),
            Self::PassphraseNeeded => "set KEYFOB_PASSPHRASE_FILE to a file that holds it, or start keyfob agent in a terminal".into(),
            Self::WrongPassphrase => "check the passphrase; nothing was changed".into(),
            Self::OtherBackend { recorded, wanted } => format!(
                "keyfob store move {wanted}; or, to stay with {recorded}: unset KEYFOB_STORE, and [store] backend in config.toml"
            ),
            Self::Full(_) => "free some space; the token in use stays valid meanwhile".into(),
            Self::ReadOnly(_) => "make the folder writable for this account".into(),
            Self::Unsafe(_) => "check who owns the file and its mode; keyfob wants its own files to be yours alone".into(),
            Self::Damaged(_) => "restore the file from a backup, or sign in again".into(),
            Self::Newer(_) => "update this keyfob".into(),
            Self::Io(_) => "check the folder keyfob keeps its files in: keyfob config".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D8, V28: the next step really asks for them, and nothing in it is a server's command.
    #[test]
    fn the_hint_after_a_refusal_for_want_of_scopes_asks_for_them_and_is_safe_to_paste() {
        let hint = |scopes: &str| {
            Failure::from(SignInNeeded::MoreScopes(scopes.into())).hint(About::Profile("work")).unwrap()
        };
        assert_eq!(hint("files:write admin"), "keyfob sign-in work --scope files:write --scope admin");
        let in_words = "keyfob sign-in work --scope SCOPE, for each of them that you want to grant";
        for hostile in ["a;id", "$(id)", "`id`", "a|b", "x>y", "a'b", "--no-browser", ""] {
            assert_eq!(hint(hostile), in_words, "{hostile}");
        }
        assert_eq!(hint(&"a ".repeat(9)), in_words);
    }

    /// What is named fills its place, and a server's own word that looks like a place is left as it is.
    #[test]
    fn a_hint_is_typed_with_what_is_at_hand_and_leaves_a_servers_words_alone() {
        let refused = Failure::from(Incompatibility::NoRegistration);
        let of_new = About::New { name: "work", url: "https://a.example/mcp" };
        let add = "ask the server's operator for a client id, then: keyfob add";
        assert_eq!(refused.hint(of_new).unwrap(), format!("{add} work https://a.example/mcp --client-id ID"));
        assert_eq!(refused.hint(About::Any).unwrap(), format!("{add} NAME URL --client-id ID"));
        assert_eq!(refused.hint(About::Nobody), None);
        let open = Failure::from(Incompatibility::NoSignInWanted);
        assert!(open.hint_at_sign_in("work").unwrap().contains("keyfob connect work bridges"));
        assert!(open.hint(of_new).unwrap().contains("keyfob connect https://a.example/mcp bridges"));

        let scopes = Failure::from(SignInNeeded::MoreScopes("URL NAME".into()));
        let asked = "keyfob sign-in work --scope URL --scope NAME";
        assert_eq!(scopes.hint_at_sign_in("work").as_deref(), Some(asked));
    }
}
