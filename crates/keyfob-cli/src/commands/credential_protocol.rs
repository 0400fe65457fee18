//! `keyfob token NAME OPERATION --format git|docker|bazel|exec-credential`: keyfob as the credential helper of git, Docker,
//! Bazel and kubectl. The token goes to the profile's own server alone (G2): who asks for another one is told, in the words
//! of its protocol, that there is nothing.

use std::io::{BufRead, BufReader, Read};

use keyfob_agent::delivery::formats::rfc3339;
use keyfob_agent::journeys::hand_out::HandedOut;
use keyfob_core::failure::Failure;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::secret::AccessToken;
use serde_json::{Value, json};
use url::Url;

use super::token;
use crate::arguments::{Token, TokenFormat};
use crate::context::Context;
use crate::{exit_code, output, runtime};

/// No question of these protocols comes near.
const LONGEST_QUESTION: u64 = 64 * 1024;
/// The versions of kubectl's protocol that carry a token.
const KUBERNETES: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];
/// What Docker takes for "ask me no more".
const DOCKER_HAS_NONE: &str = "credentials not found in native keychain";

/// What a program asks.
pub(crate) enum Question {
    /// A token for this server.
    Get(Asked),
    /// What it was given does not work.
    Erase(Option<AccessToken>),
    /// Which servers there are tokens for.
    List,
    /// It wants its own password kept.
    Store,
    /// An operation of later versions, to be passed over in silence.
    Unknown,
}

/// The server that a program wants a token for, in its own words.
pub(crate) struct Asked {
    words: String,
    /// `None` where the words are no URL.
    url: Option<Url>,
    /// The protocol names hosts and no paths.
    host_alone: bool,
    /// git takes `Authorization: Bearer`; kubectl's version.
    speaks: String,
}

/// The question, read from standard input or the environment; `None` for a plain `keyfob token`.
pub(crate) fn asked(token: &Token) -> Option<Result<Question, Failure>> {
    match (token.format, token.operation.as_deref()) {
        (TokenFormat::ExecCredential, None | Some("get")) => Some(kubernetes()),
        (TokenFormat::Git, Some(operation)) => Some(git(operation)),
        (TokenFormat::Docker, Some(operation)) => Some(docker(operation)),
        (TokenFormat::Bazel, Some("get")) => Some(bazel()),
        (TokenFormat::Bazel, Some(_)) => Some(Ok(Question::Unknown)),
        (_, None) => None,
        (_, Some(operation)) => {
            let operation = keyfob_core::server_text::shown(operation);
            let why = format!("`{operation}` is for --format git, docker, bazel or exec-credential");
            Some(Err(Failure::Usage(why)))
        }
    }
}

impl Question {
    /// Answers as the protocol wants it; gives the exit code.
    pub(crate) fn answer(self, token: &Token, context: &Context) -> Result<u8, Failure> {
        let outcome = self.answered(token, context);
        // Docker shows its user nothing but standard output.
        if let (TokenFormat::Docker, Err(failure)) = (token.format, &outcome) {
            output::data(&failure.to_string());
        }
        outcome
    }

    fn answered(self, token: &Token, context: &Context) -> Result<u8, Failure> {
        let profile = context.profile(&token.name)?;
        match self {
            Self::Get(asked) if asked.is_for(&profile.url) => {
                let handed_out = take(token, context, None)?;
                token::warn(&token.name, &handed_out);
                output::data(&shown(token.format, &asked, &handed_out));
                Ok(0)
            }
            Self::Get(asked) => Ok(nothing_for(&asked, token, &profile.url)),
            // A new one is made, so that the next question is answered with what works.
            Self::Erase(Some(refused)) => take(token, context, Some(&refused)).map(|_| 0),
            Self::List => {
                output::data(&json!({ profile.url.origin(): USER }).to_string());
                Ok(0)
            }
            Self::Store if token.format == TokenFormat::Docker => {
                let next = format!("keyfob sign-in {}", token.name);
                Err(Failure::Usage(format!("keyfob keeps no passwords; tokens come from `{next}`")))
            }
            Self::Erase(None) | Self::Store | Self::Unknown => Ok(0),
        }
    }
}

/// The user name beside a token where a protocol wants one.
const USER: &str = "oauth2";

impl Asked {
    fn is_for(&self, profile: &CheckedUrl) -> bool {
        match &self.url {
            Some(url) if self.host_alone => url.origin() == profile.url().origin(),
            Some(url) => profile.covers(url),
            // Docker writes no scheme; kubectl may say nothing at all.
            None => {
                let with_scheme = format!("{}://{}", profile.url().scheme(), self.words);
                let is_it = |url: Url| url.origin() == profile.url().origin();
                self.words.is_empty() || (self.host_alone && strict(&with_scheme).is_some_and(is_it))
            }
        }
    }
}

fn take(token: &Token, context: &Context, refused: Option<&AccessToken>) -> Result<HandedOut, Failure> {
    let mut wanted = token::wanted(token)?;
    wanted.rejected = refused.map(AccessToken::fingerprint);
    match token::by_keeper(context, &token.name, wanted.clone()) {
        Some(outcome) => outcome,
        None => runtime::block_on(token::take(&token.name, &wanted, context)),
    }
}

fn nothing_for(asked: &Asked, token: &Token, profile: &CheckedUrl) -> u8 {
    let words = keyfob_core::server_text::shown(&asked.words);
    output::note(&format!("keyfob: `{}` is for {profile}, not for {words}", token.name));
    match token.format {
        TokenFormat::Docker => {
            output::data(DOCKER_HAS_NONE);
            1
        }
        TokenFormat::Bazel => {
            output::data("{\"headers\":{}}");
            0
        }
        // kubectl has nobody else to ask.
        TokenFormat::ExecCredential => exit_code::of(&Failure::Usage(String::new())),
        // git asks its next helper.
        _ => 0,
    }
}

#[expect(clippy::disallowed_methods, reason = "giving the token to who asks for it is what a helper is for")]
fn shown(format: TokenFormat, asked: &Asked, handed_out: &HandedOut) -> String {
    let token = handed_out.access_token.expose_secret();
    let expires = rfc3339(handed_out.expires_at);
    match format {
        TokenFormat::Git => {
            let expiry = format!("password_expiry_utc={}", handed_out.expires_at.timestamp());
            if asked.speaks.is_empty() {
                format!("username={USER}\npassword={token}\n{expiry}")
            } else {
                format!("capability[]=authtype\nauthtype=Bearer\ncredential={token}\nephemeral=1\n{expiry}")
            }
        }
        TokenFormat::Docker => {
            json!({ "ServerURL": asked.words, "Username": USER, "Secret": token }).to_string()
        }
        TokenFormat::ExecCredential => json!({
            "apiVersion": asked.speaks, "kind": "ExecCredential",
            "status": { "token": token, "expirationTimestamp": expires },
        })
        .to_string(),
        _ => json!({ "headers": { "Authorization": [format!("Bearer {token}")] }, "expires": expires })
            .to_string(),
    }
}

/// `key=value` lines up to an empty one, as `git credential` writes them.
fn git(operation: &str) -> Result<Question, Failure> {
    let mut host = String::new();
    let (mut protocol, mut path, mut secret) = (String::new(), None, None);
    let mut speaks = String::new();
    for line in BufReader::new(std::io::stdin().lock().take(LONGEST_QUESTION)).lines() {
        let line = line.map_err(|error| unreadable(&error))?;
        match line.split_once('=') {
            None => break,
            Some(("host", value)) => value.clone_into(&mut host),
            Some(("protocol", value)) => value.clone_into(&mut protocol),
            Some(("path", value)) => path = Some(value.to_owned()),
            Some(("capability[]", "authtype")) => speaks = "Bearer".into(),
            Some(("password" | "credential", value)) => secret = Some(AccessToken::new(value.to_owned())),
            Some(_) => {}
        }
    }
    let words = format!("{protocol}://{host}/{}", path.as_deref().unwrap_or_default());
    match operation {
        "get" => Ok(Question::Get(Asked { host_alone: path.is_none(), url: strict(&words), words, speaks })),
        "erase" => Ok(Question::Erase(secret)),
        _ => Ok(Question::Unknown),
    }
}

/// A server's address, with or without its scheme.
fn docker(operation: &str) -> Result<Question, Failure> {
    let words = input()?.trim().to_owned();
    match operation {
        "get" => {
            let url = if words.contains("://") { strict(&words) } else { None };
            Ok(Question::Get(Asked { words, url, host_alone: true, speaks: String::new() }))
        }
        "store" => Ok(Question::Store),
        "erase" => Ok(Question::Erase(None)),
        "list" => Ok(Question::List),
        other => Err(Failure::Usage(format!(
            "`{}` is none of get, store, erase, list",
            keyfob_core::server_text::shown(other)
        ))),
    }
}

fn bazel() -> Result<Question, Failure> {
    let question: Value = serde_json::from_str(&input()?)
        .map_err(|error| Failure::Usage(format!("the question is no JSON object: {error}")))?;
    let words = question["uri"].as_str().unwrap_or_default().to_owned();
    if words.is_empty() {
        return Err(Failure::Usage("the question has no `uri`".into()));
    }
    Ok(Question::Get(Asked { url: strict(&words), words, host_alone: false, speaks: String::new() }))
}

/// kubectl asks in its environment, and names the cluster where `provideClusterInfo` is set.
fn kubernetes() -> Result<Question, Failure> {
    let text = std::env::var("KUBERNETES_EXEC_INFO").unwrap_or_else(|_| "{}".into());
    let question: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("KUBERNETES_EXEC_INFO is no JSON object: {error}")))?;
    let version = question["apiVersion"].as_str().unwrap_or(KUBERNETES[0]);
    if !KUBERNETES.contains(&version) {
        let version = keyfob_core::server_text::shown(version);
        return Err(Failure::Usage(format!("apiVersion `{version}` is not known; write {}", KUBERNETES[0])));
    }
    let words = question["spec"]["cluster"]["server"].as_str().unwrap_or_default().to_owned();
    Ok(Question::Get(Asked { url: strict(&words), words, host_alone: false, speaks: version.into() }))
}

fn input() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST_QUESTION)
        .read_to_string(&mut text)
        .map_err(|error| unreadable(&error))?;
    Ok(text)
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::Usage(format!("the question on standard input cannot be read: {error}"))
}

/// A URL without anything that URL parsers pass over: a host with a line end in it names two hosts (V12).
fn strict(words: &str) -> Option<Url> {
    let clean = !words.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\');
    if clean { Url::parse(words).ok() } else { None }
}
