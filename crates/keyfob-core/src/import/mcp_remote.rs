//! mcp-remote's folder: a pair of files for each server, named by a digest of its address, which stands in neither.

use md5::{Digest, Md5};

use super::{ForeignSignIn, Source, client, epoch_end, not_understood, scopes, text, tokens};
use crate::discovery::parse_object;

/// The beginning of both files' names for a server without further settings: `DIGEST_tokens.json`, `DIGEST_client_info.json`.
/// One that is called with headers or a `resource` has another.
pub fn file_name(url: &str) -> String {
    use std::fmt::Write as _;
    let mut name = String::with_capacity(32);
    for byte in Md5::digest(url.as_bytes()) {
        // Writing to a text never fails.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The sign-in of one pair of files, for the server at `url` where that is known; `None` where no token is in it. Older versions
/// wrote no end.
///
/// # Errors
/// Why a file is not understood.
pub fn sign_in(
    token_file: &[u8],
    client_file: Option<&[u8]>,
    url: Option<&str>,
) -> Result<Option<ForeignSignIn>, String> {
    let object = parse_object(token_file).map_err(|why| not_understood(&why))?;
    let Some((access_token, refresh_token)) = tokens(&object) else { return Ok(None) };
    let of_client = client_file.map(parse_object).transpose().map_err(|why| not_understood(&why))?;
    Ok(Some(ForeignSignIn {
        source: Source::McpRemote,
        server: None,
        url: url.map(str::to_owned),
        // Since its newer versions.
        issuer: of_client.as_ref().and_then(|file| text(file, ["issuer", "authorizationServer"])),
        token_endpoint: None,
        client: of_client.as_ref().and_then(client),
        access_token,
        refresh_token,
        expires_at: epoch_end(&object),
        scopes: scopes(&object),
    }))
}
