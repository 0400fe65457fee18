//! `--deliver KIND:…` and `--redirect HOST[:PORT][/PATH]`.

use keyfob_core::failure::Failure;
use keyfob_core::profile::{
    Delivery, DeliveryTarget, KeyringFormat, RedirectChoice, RedirectHost, TokenFileFormat,
};

/// Reads `token-file:PATH[:FORMAT]` or `keyring:SERVICE/ACCOUNT[:bare|json]`.
pub(crate) fn delivery(text: &str) -> Result<Delivery, Failure> {
    let refuse = |why: &str| Failure::Usage(format!("--deliver {text}: {why}"));
    let (kind, rest) = text
        .split_once(':')
        .ok_or_else(|| refuse("write token-file:PATH[:FORMAT] or keyring:SERVICE/ACCOUNT"))?;
    let target = match kind {
        "token-file" => {
            let (path, format) =
                match rest.rsplit_once(':').map(|(path, word)| (path, word, file_format(word))) {
                    Some((path, _, Some(format))) => (path, format),
                    Some((_, word, None)) if is_one_word(word) => {
                        return Err(refuse(&format!("`{word}` is no format; there are {FILE_FORMATS}")));
                    }
                    _ => (rest, TokenFileFormat::Keyfob),
                };
            DeliveryTarget::TokenFile {
                path: absolute(path).ok_or_else(|| refuse("the path is empty"))?,
                format,
            }
        }
        "keyring" => keyring(rest).ok_or_else(|| refuse("write keyring:SERVICE/ACCOUNT[:bare|json]"))?,
        "command" => {
            return Err(refuse(
                "commands are written in profiles.toml only, where they can be read before they run",
            ));
        }
        _ => return Err(refuse("the kinds are token-file and keyring")),
    };
    Ok(Delivery { target, include_refresh_token: false })
}

/// Every format that needs no more than its name.
const FILE_FORMATS: &str = "keyfob, mcp-tokens, credentials, bare and env";

/// A mistyped format rather than the end of a path with a colon in it.
fn is_one_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn file_format(name: &str) -> Option<TokenFileFormat> {
    match name {
        "keyfob" => Some(TokenFileFormat::Keyfob),
        "mcp-tokens" => Some(TokenFileFormat::McpTokens { utc: false }),
        "credentials" => Some(TokenFileFormat::Credentials),
        "bare" => Some(TokenFileFormat::Bare),
        "env" => Some(TokenFileFormat::Env { key: "KEYFOB_ACCESS_TOKEN".into() }),
        _ => None,
    }
}

fn keyring(rest: &str) -> Option<DeliveryTarget> {
    let (rest, format) = match rest.rsplit_once(':') {
        Some((rest, "bare")) => (rest, KeyringFormat::Bare),
        Some((rest, "json")) => (rest, KeyringFormat::Json),
        _ => (rest, KeyringFormat::Bare),
    };
    let (service, account) = rest.split_once('/').filter(|(s, a)| !s.is_empty() && !a.is_empty())?;
    Some(DeliveryTarget::KeyringEntry { service: service.to_owned(), account: account.to_owned(), format })
}

/// `~` is the home folder; anything relative is relative to where the command runs.
fn absolute(path: &str) -> Option<String> {
    if path.is_empty() {
        return None;
    }
    let expanded = match path.strip_prefix("~/") {
        Some(rest) => std::path::PathBuf::from(std::env::var_os("HOME")?).join(rest),
        None => std::path::PathBuf::from(path),
    };
    Some(std::path::absolute(expanded).ok()?.to_string_lossy().into_owned())
}

/// Reads a redirect: `127.0.0.1`, `localhost:7777`, `[::1]:7777/path`.
pub(crate) fn redirect(text: &str) -> Result<RedirectChoice, Failure> {
    RedirectChoice::parse(text)
        .ok_or_else(|| Failure::Usage(format!("--redirect {text}: {}", RedirectHost::EXPECTED)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_reads_kind_path_and_format() {
        let target = |text: &str| delivery(text).unwrap().target;
        assert_eq!(
            target("token-file:/a/b.json:mcp-tokens"),
            DeliveryTarget::TokenFile {
                path: "/a/b.json".into(),
                format: TokenFileFormat::McpTokens { utc: false }
            }
        );
        assert_eq!(
            target("token-file:/a:b.json"),
            DeliveryTarget::TokenFile { path: "/a:b.json".into(), format: TokenFileFormat::Keyfob }
        );
        assert_eq!(
            target("keyring:app/me:json"),
            DeliveryTarget::KeyringEntry {
                service: "app".into(),
                account: "me".into(),
                format: KeyringFormat::Json
            }
        );
        for bad in
            ["token-file", "token-file:", "keyring:x", "command:ls", "x:y", "token-file:/a/b.json:mcp_tokens"]
        {
            assert!(delivery(bad).is_err(), "{bad}");
        }
    }
}
