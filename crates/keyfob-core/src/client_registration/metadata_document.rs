//! Client-id metadata documents: a client id that is the https URL of a document describing the client.

use url::Url;

use crate::failure::Failure;

/// Checks a client-id URL (C2): https, a path, no fragment, user info, dot segments or query.
pub fn check_client_id(text: &str) -> Result<(), Failure> {
    let refuse =
        |why: &str| Err(Failure::Usage(format!("client_metadata_url `{text}` is not usable: {why}")));
    let Ok(url) = Url::parse(text) else { return refuse("it is not a URL") };
    if url.scheme() != "https" {
        return refuse("it is not https");
    }
    if url.path() == "/" || url.path().is_empty() {
        return refuse("it has no path");
    }
    if url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
    {
        return refuse("it carries a query, a fragment or user info");
    }
    // The URL type resolves dot segments away, so they are looked for in the text.
    if text
        .split(['/', '?'])
        .any(|segment| matches!(segment, "." | ".." | "%2e" | "%2E" | "%2e%2e" | "%2E%2E"))
    {
        return refuse("it carries dot segments");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// C2
    #[test]
    fn a_client_id_url_is_https_with_a_path_and_nothing_else() {
        assert_eq!(check_client_id("https://k.example/client.json"), Ok(()));
        for bad in [
            "http://k.example/c",
            "https://k.example",
            "https://k.example/",
            "https://k.example/c#x",
            "https://u@k.example/c",
            "https://k.example/c?x",
            "https://k.example/a/../c",
            "c",
        ] {
            assert!(check_client_id(bad).is_err(), "{bad}");
        }
    }
}
