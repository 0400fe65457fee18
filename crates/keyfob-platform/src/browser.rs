//! Opening the system browser (D11): never through a shell, one URL as exactly one argument (V1, V2).

#[cfg(all(unix, not(target_os = "macos")))]
pub(crate) mod opener;

use async_trait::async_trait;
use keyfob_agent::ports::Browser;
use keyfob_core::resource::is_loopback;
use url::Url;

/// The user's browser.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemBrowser;

#[async_trait]
impl Browser for SystemBrowser {
    async fn open(&self, url: &Url) -> Result<(), String> {
        start(allowed(url)?).await
    }
}

/// D9, D10: the address as the parser writes it, so that what reaches a program is an https or loopback address and
/// nothing else: no blank, no quote, no leading dash, no other scheme.
fn allowed(url: &Url) -> Result<&str, String> {
    let local = url.scheme() == "http" && is_loopback(url);
    if url.scheme() != "https" && !local {
        let scheme = keyfob_core::server_text::shown(url.scheme());
        tracing::warn!(%scheme, "refused to open an address that is neither https nor loopback");
        return Err(format!("refused to open a `{scheme}` address"));
    }
    Ok(url.as_str())
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn start(url: &str) -> Result<(), String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let display = set("DISPLAY").or_else(|| set("WAYLAND_DISPLAY")).is_some();
    opener::open(url, set("BROWSER").as_deref(), display).await
}

/// macOS `open` with an argument list, Windows `ShellExecuteW`; written with care, not run here.
#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn start(url: &str) -> Result<(), String> {
    let url = url.to_owned();
    let opened = crate::threads::on_a_thread(move || webbrowser::open(&url)).await;
    opened.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D9, V1
    #[tokio::test]
    async fn only_https_and_loopback_addresses_are_opened() {
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "http://a.example/",
            "http://localhost.a.example/",
            "vbscript:x",
            "x-app://y",
            "view-source:https://a.example/",
            "https+x://a.example/",
        ] {
            assert!(
                SystemBrowser.open(&bad.parse().unwrap()).await.unwrap_err().starts_with("refused"),
                "{bad}"
            );
        }
        for good in ["https://a.example/?q='", "http://127.0.0.1:9/", "http://localhost/", "http://[::1]:1/x"]
        {
            assert!(allowed(&good.parse().unwrap()).is_ok(), "{good}");
        }
    }
}
