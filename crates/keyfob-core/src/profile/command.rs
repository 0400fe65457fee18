//! A command of the user's that gets each new token, and what an approval of it covers.
//!
//! Nothing a server says is ever part of it (V28): program and arguments stand in `profiles.toml` alone.

use sha2::{Digest, Sha256};

use crate::secret::Fingerprint;

/// A program, its arguments, and how the token reaches it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CommandDelivery {
    /// The program first; never empty.
    pub argv: Vec<String>,
    /// How the token reaches it.
    pub input: CommandInput,
}

/// How a token reaches a command.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CommandInput {
    /// The token alone, with a line end, on standard input.
    Bare,
    /// `KEY=token` on standard input.
    Env {
        /// The key.
        key: String,
    },
    /// Format `keyfob` on standard input.
    Json,
    /// One variable of its environment.
    Variable {
        /// The variable.
        name: String,
    },
}

impl CommandDelivery {
    /// The program.
    pub fn program(&self) -> &str {
        self.argv.first().map_or("", String::as_str)
    }

    /// The whole command as a person may read it before allowing it (G11): nothing left out, every argument in quotes, and
    /// characters that a terminal would act on or hide written out.
    pub fn in_full(&self) -> String {
        let quoted: Vec<_> = self.argv.iter().map(|argument| format!("{argument:?}")).collect();
        quoted.join(" ")
    }

    /// How the token reaches it, in words.
    pub fn input_in_words(&self) -> String {
        match &self.input {
            CommandInput::Bare => "the token on its standard input".into(),
            CommandInput::Env { key } => format!("{key}=TOKEN on its standard input"),
            CommandInput::Json => "the token in a JSON object on its standard input".into(),
            CommandInput::Variable { name } => format!("the token in its environment as {name}"),
        }
    }

    /// What an approval is pinned to (V9): each byte of program, arguments and environment, and whose token it is.
    pub fn fingerprint(&self, url: &str, issuer: &str) -> Fingerprint {
        let (kind, name) = match &self.input {
            CommandInput::Bare => ("bare", ""),
            CommandInput::Env { key } => ("env", key.as_str()),
            CommandInput::Json => ("json", ""),
            CommandInput::Variable { name } => ("variable", name.as_str()),
        };
        let mut parts = vec!["keyfob command 1", url, issuer, kind, name];
        parts.extend(self.argv.iter().map(String::as_str));
        // Each part behind its length: no two lists of parts give the same bytes.
        let mut bytes = Vec::new();
        for part in parts {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Sha256::digest(&bytes).into()
    }
}

/// Stands for one run: this approved command with this access token, by the fingerprints of both.
pub fn run_mark(command: &Fingerprint, token: &Fingerprint) -> Fingerprint {
    Sha256::new().chain_update(b"keyfob run 1").chain_update(command).chain_update(token).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(argv: &[&str], input: CommandInput) -> CommandDelivery {
        CommandDelivery { argv: argv.iter().map(|&a| a.to_owned()).collect(), input }
    }

    /// V9: whatever changes by one byte is another command.
    #[test]
    fn an_approval_covers_one_command_to_the_byte() {
        let all = [
            command(&["/bin/push", "A"], CommandInput::Bare),
            command(&["/bin/push", "B"], CommandInput::Bare),
            command(&["/bin/push", "A", ""], CommandInput::Bare),
            command(&["/bin/pushA"], CommandInput::Bare),
            command(&["/bin/push", "A"], CommandInput::Json),
            command(&["/bin/push", "A"], CommandInput::Env { key: "A".into() }),
            command(&["/bin/push", "A"], CommandInput::Variable { name: "A".into() }),
            command(&["/bin/push", "A"], CommandInput::Variable { name: "B".into() }),
        ];
        let mut seen = Vec::new();
        for command in &all {
            for (url, issuer) in [
                ("https://a/mcp", "https://i"),
                ("https://b/mcp", "https://i"),
                ("https://a/mcp", "https://j"),
            ] {
                seen.push(command.fingerprint(url, issuer));
            }
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
        assert_eq!(all[0].fingerprint("u", "i"), all[0].clone().fingerprint("u", "i"));
    }

    /// G11
    #[test]
    fn a_command_is_shown_whole_and_without_tricks() {
        let long = "x".repeat(5_000);
        let tricky =
            command(&["/bin/sh", "-c", "a\u{202e}b\u{1b}[2K\n\r\u{200b}", &long], CommandInput::Bare);
        let shown = tricky.in_full();
        assert!(shown.contains(&long));
        assert!(!shown.contains(['\u{202e}', '\u{1b}', '\n', '\r', '\u{200b}']), "{shown}");
        assert!(shown.starts_with(r#""/bin/sh" "-c" "a\u{202e}b"#), "{shown}");
    }
}
