//! Opening the system browser (D11): never through a shell, one URL as exactly one argument (V1, V2).

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
        // Parsed and written out again (D10): what reaches a program is an address and nothing else (D9).
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(url)) {
            return Err(format!("refused to open a `{}` address", url.scheme()));
        }
        start(url.as_str()).await
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn start(url: &str) -> Result<(), String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(template) = variable("BROWSER") {
        return unix::first_that_starts(unix::from_template(&template, url)?).await;
    }
    if variable("DISPLAY").is_none() && variable("WAYLAND_DISPLAY").is_none() {
        return Err("there is no display and no $BROWSER".into());
    }
    let openers = [&["xdg-open"][..], &["gio", "open"], &["sensible-browser"]];
    let commands = openers.iter().map(|opener| opener.iter().copied().chain([url]).map(str::to_owned).collect());
    unix::first_that_starts(commands.collect()).await
}

/// macOS `open` and Windows ShellExecute; written with care, not run here.
#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn start(url: &str) -> Result<(), String> {
    let url = url.to_owned();
    let opened = tokio::task::spawn_blocking(move || webbrowser::open(&url)).await;
    opened.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}

#[cfg(all(unix, not(target_os = "macos")))]
mod unix {
    use std::process::Stdio;
    use std::time::Duration;

    /// A browser that ends with an error within this time never opened anything.
    const FAILS_FAST: Duration = Duration::from_millis(500);

    /// `$BROWSER`: alternatives between colons, each split into words first and the URL put in afterwards (V2).
    pub(super) fn from_template(template: &str, url: &str) -> Result<Vec<Vec<String>>, String> {
        template.split(':').filter(|part| !part.trim().is_empty()).map(|part| command(part, url)).collect()
    }

    fn command(part: &str, url: &str) -> Result<Vec<String>, String> {
        let mut words = words(part)?;
        let mut placed = false;
        for word in words.iter_mut().skip(1).filter(|word| word.contains("%s")) {
            *word = word.replace("%s", url);
            placed = true;
        }
        if !placed {
            words.push(url.to_owned());
        }
        Ok(words)
    }

    /// Words between blanks; single and double quotes and the backslash keep blanks in a word.
    fn words(text: &str) -> Result<Vec<String>, String> {
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            match (c, quote) {
                (c, Some(open)) if c == open => quote = None,
                ('\\', None | Some('"')) => word.get_or_insert_default().extend(characters.next()),
                ('\'' | '"', None) => {
                    word.get_or_insert_default();
                    quote = Some(c);
                }
                (c, None) if c.is_whitespace() => words.extend(word.take()),
                (c, _) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        if quote.is_some() || words.is_empty() {
            return Err("$BROWSER has an open quote or names no program".into());
        }
        Ok(words)
    }

    /// Starts the first program that can be started and does not fail at once.
    pub(super) async fn first_that_starts(commands: Vec<Vec<String>>) -> Result<(), String> {
        let mut why = "no browser was found".to_owned();
        for words in commands {
            match start(&words).await {
                Ok(()) => return Ok(()),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    async fn start(words: &[String]) -> Result<(), String> {
        let (program, arguments) = words.split_first().ok_or("no program")?;
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: Ctrl-C in our terminal does not end the browser.
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        match tokio::time::timeout(FAILS_FAST, child.wait()).await {
            Ok(Ok(status)) if !status.success() => Err(format!("{program} failed ({status})")),
            Ok(Err(error)) => Err(format!("{program}: {error}")),
            Ok(Ok(_)) => Ok(()),
            Err(_still_running) => {
                // Reaped when it ends, so that no zombie stays.
                tokio::spawn(async move { child.wait().await });
                Ok(())
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// V2
        #[test]
        fn a_template_is_split_first_and_the_url_stays_one_word() {
            let url = "https://a.example/?q=a b'\"\\;$(id)";
            let expected = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
            assert_eq!(from_template("firefox --new %s", url).unwrap(), [expected(&["firefox", "--new", url])]);
            assert_eq!(
                from_template("'/opt/my browser/run' \"--x y\":lynx", url).unwrap(),
                [expected(&["/opt/my browser/run", "--x y", url]), expected(&["lynx", url])]
            );
            assert!(from_template("'open", url).is_err());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D9, V1
    #[tokio::test]
    async fn only_https_and_loopback_addresses_are_opened() {
        for bad in ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "http://a.example/", "vbscript:x", "x-app://y"] {
            assert!(SystemBrowser.open(&bad.parse().unwrap()).await.unwrap_err().starts_with("refused"), "{bad}");
        }
    }
}
