//! Which servers clients reach through mcp-remote: it names its files by a digest of the address and writes the address down
//! nowhere, so the addresses come from the clients' configurations.

use keyfob_agent::client_programs::ClientPrograms;

use crate::clients::ALL;

/// The addresses after `mcp-remote` in the files of all clients; a file that cannot be read has none.
pub fn urls(machine: &dyn ClientPrograms) -> Vec<String> {
    let mut urls = Vec::new();
    for file in ALL.iter().filter_map(|client| client.file(machine)) {
        let Ok(Some(bytes)) = machine.read(&file) else { continue };
        for url in named_in(&String::from_utf8_lossy(&bytes)) {
            if !urls.contains(&url) {
                urls.push(url);
            }
        }
    }
    urls
}

/// Whatever the format, the address is a word in quotes of its own, or ends with the line.
fn named_in(text: &str) -> impl Iterator<Item = String> {
    text.split("mcp-remote").skip(1).filter_map(|after| {
        let at = after.find("https://").into_iter().chain(after.find("http://")).min()?;
        let url = after[at..].split(|c: char| c.is_whitespace() || "\"',]".contains(c)).next()?;
        Some(url.to_owned())
    })
}

/// The address that mcp-remote is started with in these words; `None` where it is not mcp-remote that is started.
pub(crate) fn url_in(words: &[String]) -> Option<String> {
    let is_program = |word: &String| {
        word.split(['/', '\\']).any(|part| part == "mcp-remote" || part.starts_with("mcp-remote@"))
            && !word.contains("://")
    };
    let at = words.iter().position(is_program)?;
    words[at..].iter().find(|word| is_address(word)).cloned()
}

/// What it is given behind that address.
pub(crate) fn given_in(words: &[String]) -> Option<&[String]> {
    let url = url_in(words)?;
    words.get(words.iter().position(|word| *word == url)? + 1..)
}

fn is_address(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_after_mcp_remote_is_found_in_every_format() {
        let found = |text: &str| named_in(text).collect::<Vec<_>>();
        let json = r#"{"a":{"args":["-y","mcp-remote@latest","https://a.example/mcp","--debug"]}, "b": "https://no.example"}"#;
        assert_eq!(found(json), ["https://a.example/mcp"]);
        assert_eq!(found("args = ['mcp-remote', 'http://127.0.0.1:1/sse']"), ["http://127.0.0.1:1/sse"]);
        assert_eq!(found("args:\n  - mcp-remote\n  - https://a.example/mcp\n"), ["https://a.example/mcp"]);
        assert_eq!(found("https://a.example/mcp mcp-remote"), Vec::<String>::new());
    }
}
