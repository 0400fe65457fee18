//! `keyfob log`: the journal, for people as a page of aligned lines, for scripts as one JSON object a line. It opens
//! neither the store nor the keyring, so that it also tells why they cannot be opened.

mod page;

use std::time::Duration;

use keyfob_agent::journal::JournalEntry;
use keyfob_core::failure::Failure;
use keyfob_platform::reader_gone::reader_gone;
use keyfob_platform::store::journal::JournalFiles;

use crate::arguments::Log;
use crate::context::{Context, profile_name};
use crate::output;
use page::Page;

/// Entries shown at first.
const SHOWN: usize = 200;

/// How often the journal is looked at while following: soon enough for an eye, and nothing for a processor.
const LOOK_EVERY: Duration = Duration::from_millis(200);

pub(crate) async fn run(arguments: &Log, context: &Context) -> Result<(), Failure> {
    let profile = arguments.name.as_deref().map(profile_name).transpose()?;
    let (history, mut tail) = JournalFiles::new(&context.paths).follow(profile.as_ref(), SHOWN);
    // What a removed profile did is still told; a name without a history must be a profile's.
    if let (true, Some(name)) = (history.is_empty(), &arguments.name) {
        context.profile(name)?;
    }
    if history.is_empty() && !arguments.json {
        output::note("nothing is in the journal yet");
    }
    let mut page = Page::new(output::width(), output::colours());
    let mut goes_on = show(&history, arguments.json, &mut page);
    let mut nobody_reads = std::pin::pin!(reader_gone());
    while arguments.follow && goes_on {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = &mut nobody_reads => return Ok(()),
        }
        goes_on = show(&tail.more(), arguments.json, &mut page);
    }
    Ok(())
}

/// False once nobody reads any more.
fn show(entries: &[JournalEntry], json: bool, page: &mut Page) -> bool {
    page.make_room_for(entries);
    entries.iter().all(|entry| {
        let line = if json {
            serde_json::to_string(entry).unwrap_or_default()
        } else {
            page.lines(entry, &chrono::Local)
        };
        output::data_goes_on(&line)
    })
}
