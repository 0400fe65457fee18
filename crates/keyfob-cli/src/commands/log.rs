//! `keyfob log`: the journal.

use std::time::Duration;

use keyfob_agent::journal::JournalEntry;
use keyfob_agent::ports::Journal;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;

use crate::arguments::Log;
use crate::context::{Context, profile_name};
use crate::output;

/// Entries shown at first.
const SHOWN: usize = 200;

/// How often the journal is looked at while following.
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(crate) async fn run(arguments: &Log, context: &Context) -> Result<(), Failure> {
    let profile = arguments.name.as_deref().map(profile_name).transpose()?;
    let ports = context.ports()?;
    let mut shown = show_since(&*ports.journal, profile.as_ref(), None, arguments.json);
    // What a removed profile did is still told; a name without a history must be a profile's.
    if let (None, Some(name)) = (&shown, &arguments.name) {
        context.profile(name)?;
    }
    if !arguments.follow {
        return Ok(());
    }
    loop {
        ports.clock.sleep(LOOK_EVERY).await;
        shown = show_since(&*ports.journal, profile.as_ref(), shown, arguments.json);
    }
}

/// Prints what came after `last`; gives the newest entry.
fn show_since(
    journal: &dyn Journal,
    profile: Option<&ProfileName>,
    last: Option<JournalEntry>,
    json: bool,
) -> Option<JournalEntry> {
    let entries = journal.read(profile, SHOWN);
    let seen =
        last.as_ref().and_then(|last| entries.iter().rposition(|entry| entry == last)).map_or(0, |at| at + 1);
    for entry in &entries[seen..] {
        output::data(&line(entry, json));
    }
    entries.into_iter().next_back().or(last)
}

fn line(entry: &JournalEntry, json: bool) -> String {
    if json {
        return serde_json::to_string(entry).unwrap_or_default();
    }
    let at = entry.at.with_timezone(&chrono::Local).format("%Y-%m-%d %H:%M:%S");
    let event = serde_json::to_value(entry.event)
        .ok()
        .and_then(|v| v.as_str().map(|s| s.replace('-', " ")))
        .unwrap_or_default();
    let profile = entry.profile.as_ref().map_or("—".into(), ToString::to_string);
    let took = entry.duration_ms.map(|ms| format!(" ({ms} ms)")).unwrap_or_default();
    let detail = entry.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{at}  {profile:<14}{event}{took}{detail}")
}
