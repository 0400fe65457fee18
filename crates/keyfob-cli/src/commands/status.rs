//! `keyfob status`: a table for people, the contract's JSON for scripts.

use chrono::{DateTime, Utc};
use keyfob_agent::agent::snapshot_without_keeper;
use keyfob_agent::control::client::ControlFailure;
use keyfob_agent::snapshot::{AgentShown, KeeperKind, ProfileShown, Snapshot};
use keyfob_core::failure::{About, Failure, Temporary};
use keyfob_platform::lease::Lease;
use keyfob_platform::reader_gone::reader_gone;

use super::link::proxied;
use crate::arguments::Status;
use crate::context::Context;
use crate::{output, words};

pub(crate) async fn run(arguments: &Status, context: &Context) -> Result<(), Failure> {
    if arguments.watch {
        return watch(arguments, context).await;
    }
    let asked = match context.keeper().await {
        Some(mut keeper) => Some(keeper.snapshot().await),
        None => None,
    };
    let snapshot = match asked {
        Some(Ok(snapshot)) => snapshot,
        Some(Err(ControlFailure::OtherVersion(why))) => beside_another_version(&why, context).await?,
        Some(Err(ControlFailure::Answered(failure))) => return Err(failure),
        Some(Err(ControlFailure::Broken(_))) | None => snapshot_without_keeper(context.ports()?).await?,
    };
    show(snapshot, arguments)?;
    if !arguments.json
        && let Some(proxy) = proxied::shown(context).await
    {
        output::data(&proxy);
    }
    Ok(())
}

/// What the records say, and that a keeper runs all the same (fault 34).
async fn beside_another_version(why: &Temporary, context: &Context) -> Result<Snapshot, Failure> {
    let failure = Failure::from(why.clone());
    output::warning(&failure.to_string());
    output::hint(&failure.hint(About::Any).unwrap_or_default());
    let mut snapshot = snapshot_without_keeper(context.ports()?).await?;
    let holder = Lease::holder(&context.paths.lease());
    let kind = holder.as_ref().and_then(|holder| match holder.kind.as_str() {
        "app" => Some(KeeperKind::App),
        "headless" => Some(KeeperKind::Headless),
        _ => None,
    });
    snapshot.agent = AgentShown { running: true, kind, pid: holder.map(|holder| holder.pid) };
    Ok(snapshot)
}

async fn watch(arguments: &Status, context: &Context) -> Result<(), Failure> {
    let Some(mut keeper) = context.keeper().await else {
        if !show(snapshot_without_keeper(context.ports()?).await?, arguments)? {
            return Ok(());
        }
        output::hint("nothing changes by itself without a keeper: keyfob agent, or start the tray app");
        return Ok(());
    };
    let mut next = Some(keeper.watch().await?);
    let mut nobody_reads = std::pin::pin!(reader_gone());
    while let Some(snapshot) = next {
        if !arguments.json {
            output::clear();
        }
        if !show(snapshot, arguments)? {
            return Ok(());
        }
        next = tokio::select! {
            snapshot = keeper.next_snapshot() => snapshot?,
            () = &mut nobody_reads => return Ok(()),
        };
    }
    Ok(())
}

/// False once nobody reads any more.
fn show(mut snapshot: Snapshot, arguments: &Status) -> Result<bool, Failure> {
    if let Some(name) = &arguments.name {
        snapshot.profiles.retain(|profile| profile.name == *name);
        if snapshot.profiles.is_empty() {
            // A file that cannot be read may well have it.
            let unknown = || Failure::NoSuchProfile(keyfob_core::server_text::shown(name));
            return Err(snapshot.settings_problem.map_or_else(unknown, Failure::Usage));
        }
    }
    if arguments.json {
        let text = if arguments.watch {
            serde_json::to_string(&snapshot)
        } else {
            serde_json::to_string_pretty(&snapshot)
        };
        return Ok(output::data_goes_on(&text.map_err(|error| Failure::Bug(error.to_string()))?));
    }
    Ok(output::data_goes_on(&table(&snapshot, Utc::now())))
}

/// The table and what needs attention below it.
pub(crate) fn table(snapshot: &Snapshot, now: DateTime<Utc>) -> String {
    let mut lines = Vec::new();
    let is_empty = snapshot.profiles.is_empty();
    match &snapshot.settings_problem {
        Some(problem) if is_empty => {
            lines.push(format!("profiles.toml cannot be read, and no profile is known: {problem}"));
            lines.push("  → mend it there; the keeper takes it up by itself".into());
        }
        Some(problem) => {
            lines.push(format!("profiles.toml cannot be read; the last good one is in force: {problem}"));
        }
        None if is_empty => lines.push("No profiles yet. Make one: keyfob add NAME URL --sign-in".into()),
        None => {}
    }
    if !is_empty {
        let rows: Vec<[String; 5]> = snapshot.each().map(|profile| row(profile, now)).collect();
        let titles = ["PROFILE", "STATE", "ACCOUNT", "TOKEN", "SIGN-IN"].map(str::to_owned);
        lines.extend(words::columns(std::iter::once(&titles).chain(&rows)));
    }
    for profile in snapshot.each() {
        if let Some(problem) = &profile.problem {
            lines.push(format!("\n{}: {problem}", profile.name));
        }
        if let Some(hint) = &profile.hint {
            let gap = if profile.problem.is_some() { "" } else { "\n" };
            lines.push(format!("{gap}  {} → {hint}", profile.name));
        }
    }
    lines.push(format!("\n{}", footer(snapshot)));
    lines.join("\n")
}

fn footer(snapshot: &Snapshot) -> String {
    let keeper = match (snapshot.agent.kind, snapshot.agent.pid) {
        (Some(kind), Some(pid)) => format!("keeper: {} (pid {pid})", format!("{kind:?}").to_lowercase()),
        _ => "keeper: none runs, tokens are renewed when they are asked for".to_owned(),
    };
    let mut line = format!("{keeper}\nsealing key: {} ({})", snapshot.store.backend, snapshot.store.strength);
    if let Some(problem) = &snapshot.store.problem {
        line = format!("{line}\nstore: {problem}");
        if let Some(hint) = &snapshot.store.hint {
            line = format!("{line}\n  → {hint}");
        }
    }
    line
}

fn row(profile: &ProfileShown, now: DateTime<Utc>) -> [String; 5] {
    let (mark, word) = words::state(profile.state);
    let token = profile.access_token.as_ref().map_or("—".into(), |token| {
        if token.assumed {
            return "end unknown".into();
        }
        let verb = if token.expires_at > now { "ends" } else { "ended" };
        format!("{verb} {}", words::when(token.expires_at, now))
    });
    let sign_in = profile.sign_in.as_ref().map_or("—".into(), |sign_in| match sign_in.ends_at {
        Some(at) => format!("ends {} ({})", words::when(at, now), sign_in.known),
        None => "end unknown".into(),
    });
    let local = if profile.local { " (local)" } else { "" };
    [
        format!("{}{local}", profile.name),
        format!("{mark} {word}"),
        profile.account.clone().unwrap_or_else(|| "—".into()),
        token,
        sign_in,
    ]
}
