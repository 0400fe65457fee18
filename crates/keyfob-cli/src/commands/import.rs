//! `keyfob import`: takes over a sign-in that another program made. What that program keeps is read and never written.

mod listing;
mod pasted;

use std::path::Path;

use keyfob_agent::client_programs::ClientPrograms as _;
use keyfob_agent::foreign_stores::{Stored, elsewhere, place, stored};
use keyfob_agent::journeys::profiles;
use keyfob_agent::journeys::sign_in::import;
use keyfob_core::credential::Credential;
use keyfob_core::failure::{About, Failure};
use keyfob_core::identity::ProfileName;
use keyfob_core::import::{ForeignClient, ForeignSignIn, Source, TextHints, read_text};
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_core::server_text::shown;
use keyfob_links::mcp_remote;
use keyfob_platform::client_programs::SystemClientPrograms;

use super::end_question;
use crate::arguments::Import;
use crate::context::Context;
use crate::{exit_code, output, words};

pub(crate) async fn run(arguments: &Import, context: &Context) -> Result<u8, Failure> {
    let Some(from) = &arguments.from else {
        listing::print(
            arguments.json,
            &SystemClientPrograms::new(&context.paths),
            &urls(arguments, context)?,
        )?;
        return Ok(0);
    };
    let Stored { file, mut sign_in } = chosen(from, arguments, context)?;
    let mut profile = profile(arguments, &sign_in, context)?;
    take_client(arguments, &mut profile, &mut sign_in);
    let file = (!file.as_os_str().is_empty()).then(|| file.display().to_string());
    match import(context.ports()?, &profile, &sign_in).await {
        Ok(signed_in) => {
            context.tell_keeper(Some(&profile.name)).await;
            success(&profile, &sign_in, &signed_in.credential, context)?;
            advice(&profile, &sign_in, file.as_deref());
            Ok(0)
        }
        Err(failure) => {
            let url = profile.url.to_string();
            let next = failure.hint(About::New { name: profile.name.as_str(), url: &url });
            output::failure_with(&failure, next.as_deref());
            Ok(exit_code::of(&failure))
        }
    }
}

/// Addresses that mcp-remote may have been used for.
fn urls(arguments: &Import, context: &Context) -> Result<Vec<String>, Failure> {
    let given = [&arguments.url, &arguments.server].into_iter().flatten().cloned();
    let profiles = context.ports()?.settings.list()?.into_iter().map(|profile| profile.url.to_string());
    let configured = mcp_remote::urls(&SystemClientPrograms::new(&context.paths));
    Ok(given.chain(profiles).chain(configured).collect())
}

fn chosen(from: &str, arguments: &Import, context: &Context) -> Result<Stored, Failure> {
    let Some(source) = Source::parse(from) else { return text(from, arguments, context) };
    let machine = SystemClientPrograms::new(&context.paths);
    let all = stored(&machine, source, &urls(arguments, context)?).map_err(Failure::Usage)?;
    let place = place(&machine, source).unwrap_or_default();
    if all.is_empty() {
        let next = elsewhere(&machine, source)
            .unwrap_or("sign in there first, or leave it out: keyfob add NAME URL --sign-in");
        let (name, place) = (source.name(), place.display());
        return Err(Failure::Usage(format!("no sign-in of {name} was found in {place}; {next}")));
    }
    pick(all, arguments)
}

/// The one that is meant. A server's own name may double as the profile's.
fn pick(mut all: Vec<Stored>, arguments: &Import) -> Result<Stored, Failure> {
    let wanted = arguments.server.as_ref().or(arguments.url.as_ref());
    let is = |stored: &Stored, wanted: &str| {
        let words = [stored.sign_in.server.as_deref(), stored.sign_in.url.as_deref()];
        words.contains(&Some(wanted))
    };
    let meant = |wanted: &String| all.iter().position(|stored| is(stored, wanted));
    let at = match wanted {
        Some(wanted) => meant(wanted),
        None if all.len() == 1 => Some(0),
        None => arguments.name.as_ref().and_then(meant),
    };
    // One whose address nobody wrote down can only be the one that the user says.
    let nameless = all.len() == 1 && all[0].sign_in.url.is_none() && arguments.url.is_some();
    let Some(at) = at.or(nameless.then_some(0)) else {
        let names: Vec<_> = all.iter().map(listing::name).collect();
        let (count, names) = (all.len(), names.join(", "));
        return Err(Failure::Usage(format!("there are {count}: {names}; say which with --server")));
    };
    Ok(all.swap_remove(at))
}

/// Tokens in a file, or pasted.
fn text(from: &str, arguments: &Import, context: &Context) -> Result<Stored, Failure> {
    let now = context.ports()?.clock.now();
    let hints = TextHints {
        key: arguments.key.as_deref(),
        local_offset: context.ports()?.token_files.local_offset(&now),
    };
    if from == "-" {
        let pasted = pasted::read()?;
        let sign_in = read_text(Source::Pasted, pasted.as_bytes(), hints, now.wall);
        let sign_in = sign_in.map_err(|why| Failure::Usage(format!("what was pasted: {why}")))?;
        return Ok(Stored { file: "".into(), sign_in });
    }
    let machine = SystemClientPrograms::new(&context.paths);
    let file = from.strip_prefix("~/").map_or_else(|| from.into(), |rest| machine.home().join(rest));
    let bytes = machine.read(&file).map_err(|problem| Failure::Usage(format!("{from}: {problem}")))?;
    let Some(bytes) = bytes.map(zeroize::Zeroizing::new) else {
        let sources = Source::STORES.map(Source::word).join(", ");
        return Err(Failure::Usage(format!(
            "there is no file {}; import takes {sources}, a token file, or - for one that is pasted",
            shown(from)
        )));
    };
    let sign_in = read_text(Source::TokenFile, &bytes, hints, now.wall);
    let sign_in = sign_in.map_err(|why| Failure::Usage(format!("{}: {why}", Path::new(from).display())))?;
    Ok(Stored { file, sign_in })
}

/// The profile of this name as it is, or a new one.
fn profile(arguments: &Import, sign_in: &ForeignSignIn, context: &Context) -> Result<Profile, Failure> {
    let given = arguments.url.as_ref().or(sign_in.url.as_ref());
    let there = match &arguments.name {
        Some(name) => {
            let name = ProfileName::parse(name).map_err(|error| Failure::Usage(error.to_string()))?;
            profiles::find_profile(&*context.ports()?.settings, &name).ok()
        }
        None => None,
    };
    if let Some(profile) = there {
        return match given.map(|url| CheckedUrl::parse(url)).transpose()? {
            Some(url) if url != profile.url => Err(Failure::Usage(format!(
                "`{}` is a profile for {}, and these tokens are for {url}",
                profile.name, profile.url
            ))),
            _ => Ok(profile),
        };
    }
    let Some(url) = given else {
        return Err(Failure::Usage(
            "nobody wrote down which server these tokens are for: say it with --url".into(),
        ));
    };
    let url = CheckedUrl::parse(url)?;
    let name = match (&arguments.name, &sign_in.server) {
        (Some(name), _) => ProfileName::parse(name).map_err(|error| Failure::Usage(error.to_string()))?,
        (None, Some(server)) => ProfileName::from_host(server),
        (None, None) => ProfileName::from_host(url.url().host_str().unwrap_or_default()),
    };
    if arguments.name.is_none() && profiles::find_profile(&*context.ports()?.settings, &name).is_ok() {
        return Err(Failure::Usage(format!(
            "there is a profile `{name}` already: give the import a name, or name that profile"
        )));
    }
    Ok(Profile { private_network: arguments.private_network, ..Profile::new(name, url) })
}

/// A client id that the user says, or that the profile has, stands for the one that the source lacks.
fn take_client(arguments: &Import, profile: &mut Profile, sign_in: &mut ForeignSignIn) {
    if let Some(id) = &arguments.client_id {
        profile.client.client_id = Some(id.clone());
    }
    if let Some(id) = &profile.client.client_id {
        let of_source = sign_in.client.take().filter(|client| client.client_id == *id);
        let named = ForeignClient {
            client_id: id.clone(),
            client_secret: None,
            authentication: profile.client.authentication,
        };
        sign_in.client = Some(of_source.unwrap_or(named));
    }
}

fn success(
    profile: &Profile,
    foreign: &ForeignSignIn,
    credential: &Credential,
    context: &Context,
) -> Result<(), Failure> {
    let Some(sign_in) = &credential.sign_in else { return Ok(()) };
    let account = sign_in.account.as_ref().map(|account| format!(" as {account}")).unwrap_or_default();
    output::good(&format!("took {} over from {}{account}", profile.name, foreign.source.name()));
    for delivery in &profile.deliver {
        output::note(&format!("  token written to {}", delivery.target));
    }
    if sign_in.renews() {
        output::note(
            "  keyfob renews it from now on; when it began is not known, so its end is counted from now",
        );
        end_question::hint(profile, credential);
        return Ok(());
    }
    let end = words::when(sign_in.tokens.expires_at(), context.ports()?.clock.now().wall);
    output::warning(&not_renewed(foreign, &end));
    if foreign.refresh_token.is_some() {
        output::hint("import it again with --client-id ID after keyfob sign-out, or sign in anew");
    }
    output::hint(&format!("keyfob sign-in {}", profile.name));
    Ok(())
}

fn advice(profile: &Profile, foreign: &ForeignSignIn, file: Option<&str>) {
    if let Some(rival) = foreign.rival(file) {
        output::warning(&rival);
    }
    output::hint(&format!("does it work? keyfob tools {}", profile.name));
    let client = match foreign.source {
        Source::ClaudeCode | Source::Codex | Source::Opencode | Source::Gemini => foreign.source.word(),
        Source::McpRemote | Source::TokenFile | Source::Pasted => "CLIENT",
    };
    output::hint(&format!("keyfob link {} {client}", profile.name));
}

/// Why it cannot be renewed, and its end where the token or its store says one: what keyfob assumes for itself is no date to tell.
fn not_renewed(foreign: &ForeignSignIn, end: &str) -> String {
    let why = if foreign.refresh_token.is_some() {
        "nobody says which client the refresh token was given to, so the access token alone was kept"
    } else {
        "there was no refresh token, only an access token"
    };
    if foreign.expires_at.or_else(|| foreign.jwt_expiry()).is_some() {
        format!("{why}: it ends {end} and cannot be renewed")
    } else {
        format!(
            "{why}: nobody says when it ends, and it cannot be renewed; keyfob goes on with it for some minutes"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// fault 47
    #[test]
    fn a_pasted_token_whose_end_nobody_says_is_told_without_a_date() {
        let pasted = |text: &str| {
            let now = chrono::DateTime::UNIX_EPOCH;
            read_text(Source::Pasted, text.as_bytes(), TextHints::default(), now).unwrap()
        };
        let unknown = not_renewed(&pasted("banana"), "in 9 min");
        assert!(unknown.contains("nobody says when it ends") && !unknown.contains("9 min"), "{unknown}");
        let said = r#"{"access_token": "banana", "expires_in": 540}"#;
        assert!(not_renewed(&pasted(said), "in 9 min").contains("it ends in 9 min"));
        // {"exp":1900000000}
        let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjE5MDAwMDAwMDB9.c2ln";
        assert!(not_renewed(&pasted(jwt), "in 9 min").contains("it ends in 9 min"));
    }
}
