//! Which program opens an address on a Unix desktop or server, and starting it so that it outlives us.

use std::process::Stdio;
use std::time::Duration;

/// A program that fails within this time opened nothing; one still running is the browser itself.
const FAILS_FAST: Duration = Duration::from_millis(300);
/// What desktops have, the most general first.
const DESKTOP: [&[&str]; 3] = [&["xdg-open"], &["gio", "open"], &["sensible-browser"]];

/// Shows a folder by the desktop's opener.
pub(crate) async fn open_by_desktop(folder: &str) -> Result<(), String> {
    let openers =
        DESKTOP[..2].iter().map(|words| with_url(words.iter().map(|w| (*w).to_owned()).collect(), folder));
    start_one_of(openers.collect(), "this desktop opens no folders").await
}

/// Opens by `$BROWSER` if it is set, which needs no display, else by the desktop's opener.
pub(super) async fn open(url: &str, browser: Option<&str>, display: bool) -> Result<(), String> {
    let commands = match browser {
        Some(template) => from_template(template, url)?,
        None if display => DESKTOP
            .iter()
            .map(|words| with_url(words.iter().map(|w| (*w).to_owned()).collect(), url))
            .collect(),
        None => return Err("no display and no $BROWSER".into()),
    };
    start_one_of(commands, "$BROWSER names no program").await
}

async fn start_one_of(commands: Vec<Vec<String>>, where_none: &str) -> Result<(), String> {
    let mut why = where_none.to_owned();
    for command in commands {
        match start(&command).await {
            Ok(()) => return Ok(()),
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// `$BROWSER`: alternatives between colons, each split into words first and the URL put in afterwards (V2).
fn from_template(template: &str, url: &str) -> Result<Vec<Vec<String>>, String> {
    let alternatives = template.split(':').filter(|alternative| !alternative.trim().is_empty());
    let words = |alternative| match shlex::split(alternative) {
        Some(words) if !words.is_empty() => Ok(with_url(words, url)),
        _ => Err("$BROWSER has an open quote or names no program".to_owned()),
    };
    alternatives.map(words).collect()
}

/// Puts the URL where `%s` stands, else at the end. The program's own name is left alone.
fn with_url(mut words: Vec<String>, url: &str) -> Vec<String> {
    let mut placed = false;
    for word in words.iter_mut().skip(1).filter(|word| word.contains("%s")) {
        *word = word.replace("%s", url);
        placed = true;
    }
    if !placed {
        words.push(url.to_owned());
    }
    words
}

async fn start(words: &[String]) -> Result<(), String> {
    let (program, arguments) = words.split_first().ok_or("no program")?;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A process group of its own: neither Ctrl-C nor the end of our terminal ends the browser.
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
#[path = "opener_tests.rs"]
mod tests;
