//! A line of the journal as a person reads it: columns that stay in place, a heading for each day, long causes wrapped
//! under their own column. What no terminal shows has the whole date in each line instead, and no colour.

use anstyle::{AnsiColor, Style};
use chrono::{NaiveDate, TimeZone};
use keyfob_agent::journal::{JournalEntry, JournalEvent, Program};

/// Widest column of names; longer names push their line.
const WIDEST_NAME: usize = 20;
/// `hand-out failed` with its mark, `handed out ×9999`; longer ones push their line.
const EVENT_WIDTH: usize = 18;
/// A detail column narrower than this goes below its line.
const NARROWEST_DETAIL: usize = 24;

/// The page so far.
pub(super) struct Page {
    width: Option<usize>,
    colours: bool,
    name_width: usize,
    day: Option<NaiveDate>,
}

impl Page {
    /// `width` of the terminal; `None` where there is none.
    pub(super) fn new(width: Option<usize>, colours: bool) -> Self {
        Self { width, colours, name_width: 8, day: None }
    }

    /// Widens the column of names for these; it never narrows again, so that a followed journal stays in place.
    pub(super) fn make_room_for(&mut self, entries: &[JournalEntry]) {
        let widest = entries.iter().map(|entry| name(entry).chars().count()).max().unwrap_or(0);
        self.name_width = self.name_width.max(widest).min(WIDEST_NAME);
    }

    /// The line or lines of one entry, with a heading where a day begins.
    pub(super) fn lines<Z: TimeZone>(&mut self, entry: &JournalEntry, zone: &Z) -> String
    where
        Z::Offset: std::fmt::Display,
    {
        let at = entry.at.with_timezone(zone);
        let (heading, time) = if self.width.is_some() {
            let is_new = self.day.replace(at.date_naive()) != Some(at.date_naive());
            let day = at.format("%A, %-d %B %Y").to_string();
            let heading = is_new.then(|| format!("\n{}\n", self.painted(&day, Style::new().bold())));
            (heading.unwrap_or_default(), at.format("%H:%M:%S").to_string())
        } else {
            (String::new(), at.format("%Y-%m-%dT%H:%M:%S%:z").to_string())
        };
        let name_width = self.name_width;
        let name = name(entry);
        let (mark, colour) = mark(entry);
        let event = format!("{mark} {}", event_words(entry));
        let before = time.chars().count() + 2 + name_width.max(name.chars().count()) + 2;
        let column = before + EVENT_WIDTH.max(event.chars().count()) + 2;
        let detail = self.wrapped(&detail(entry), column, before);
        let line = format!(
            "{}  {}  {}  {detail}",
            self.painted(&time, Style::new().dimmed()),
            self.painted(&format!("{name:name_width$}"), Style::new().bold()),
            self.painted(&format!("{event:EVENT_WIDTH$}"), colour),
        );
        format!("{heading}{}", trimmed(&line))
    }

    fn painted(&self, text: &str, style: Style) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Wraps at spaces to the terminal's width, each further line below the first; in a narrow terminal all of it goes
    /// below its line.
    fn wrapped(&self, text: &str, column: usize, fallback: usize) -> String {
        let Some(width) = self.width else { return text.to_owned() };
        if text.is_empty() || column + text.chars().count() <= width {
            return text.to_owned();
        }
        let below = width < column + NARROWEST_DETAIL;
        let indent = if below { fallback.min(width / 4) } else { column };
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let so_far = lines.last().map_or(0, |line| line.chars().count());
            if so_far > 0 && indent + so_far + 1 + word.chars().count() > width {
                lines.push(String::new());
            }
            let Some(line) = lines.last_mut() else { continue };
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let gap = format!("\n{}", " ".repeat(indent));
        let first = if below { gap.as_str() } else { "" };
        format!("{first}{}", lines.join(&gap))
    }
}

fn name(entry: &JournalEntry) -> &str {
    entry.profile.as_ref().map_or("—", |profile| profile.as_str())
}

fn event_words(entry: &JournalEntry) -> String {
    let word =
        entry.event.word().replace('-', " ").replace("sign in", "sign-in").replace("hand out", "hand-out");
    entry.times.map_or(word.clone(), |times| format!("{word} ×{times}"))
}

fn mark(entry: &JournalEntry) -> (&'static str, Style) {
    use JournalEvent as E;
    let paint = |colour: AnsiColor| colour.on_default();
    match entry.event {
        E::SignInEnded => ("!", paint(AnsiColor::Red).bold()),
        event if event.is_failure() => ("✗", paint(AnsiColor::Red)),
        E::Reminded => ("!", paint(AnsiColor::Yellow)),
        E::SignedIn | E::Renewed => ("✓", paint(AnsiColor::Green)),
        E::HandedOut | E::Delivered => ("→", Style::new()),
        _ => ("·", paint(AnsiColor::Cyan)),
    }
}

/// What is worth reading beyond the event: for whom, how long, and why.
fn detail(entry: &JournalEntry) -> String {
    let parts = [entry.program.as_ref().map(program), entry.duration_ms.map(duration), entry.detail.clone()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn program(program: &Program) -> String {
    let name = program.executable.as_deref().map(|path| path.rsplit(['/', '\\']).next().unwrap_or(path));
    match (name, program.pid) {
        (Some(name), Some(pid)) => format!("{name} (pid {pid})"),
        (Some(name), None) => name.to_owned(),
        (None, Some(pid)) => format!("pid {pid}"),
        (None, None) => "a local program".to_owned(),
    }
}

/// `412 ms`, `8.2 s`, `3 m 12 s`.
fn duration(ms: u64) -> String {
    match ms {
        0..=999 => format!("{ms} ms"),
        1_000..=59_999 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} m {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// Without the spaces that a last empty column leaves, painted or not.
fn trimmed(line: &str) -> &str {
    line.trim_end_matches(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, Utc};
    use keyfob_core::failure::{Failure, Temporary};
    use keyfob_core::identity::ProfileName;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn story() -> Vec<JournalEntry> {
        use JournalEvent as E;
        let a = ProfileName::parse("readonly").unwrap();
        let node = Program { pid: Some(4711), executable: Some("/usr/bin/node".into()) };
        let offline = Failure::from(Temporary::Offline("the name mcp.example.com was not found".into()));
        vec![
            JournalEntry::new(at("2026-11-20T23:59:58Z"), E::KeeperStarted).saying("headless, pid 7"),
            JournalEntry {
                duration_ms: Some(8_249),
                ..JournalEntry::new(at("2026-11-21T00:00:01Z"), E::SignedIn).about(&a)
            },
            JournalEntry {
                times: Some(311),
                ..JournalEntry::new(at("2026-11-21T00:10:01Z"), E::HandedOut).about(&a).asked_by(node)
            },
            JournalEntry {
                duration_ms: Some(20_000),
                ..JournalEntry::new(at("2026-11-21T09:00:00Z"), E::RenewalFailed).about(&a).because(&offline)
            },
        ]
    }

    fn shown(width: Option<usize>, colours: bool) -> String {
        let (story, mut page) = (story(), Page::new(width, colours));
        page.make_room_for(&story);
        story.iter().map(|entry| page.lines(entry, &Utc)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_terminal_gets_days_and_columns_and_a_long_cause_below_its_own_column() {
        let expected = "
Friday, 20 November 2026
23:59:58  —         · keeper started    headless, pid 7

Saturday, 21 November 2026
00:00:01  readonly  ✓ signed in         8.2 s
00:10:01  readonly  → handed out ×311   node (pid 4711)
09:00:00  readonly  ✗ renewal failed    20.0 s · offline: the name
                                        mcp.example.com was not found";
        assert_eq!(shown(Some(78), false), expected);
    }

    #[test]
    fn a_pipe_gets_one_line_each_with_its_date_and_no_colour() {
        let text = shown(None, false);
        assert_eq!(text.lines().count(), 4);
        assert!(
            text.lines().last().unwrap().starts_with("2026-11-21T09:00:00+00:00  readonly  ✗ renewal failed")
        );
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_narrow_terminal_has_the_cause_below_and_no_line_wider_than_itself() {
        for width in [40, 56, 78, 100, 200] {
            let text = shown(Some(width), false);
            let widest = text.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
            assert!(widest <= width.max(52), "{widest} in {width}:\n{text}");
        }
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let painted = shown(Some(78), true);
        let mut plain = String::new();
        let mut pieces = painted.split('\u{1b}');
        plain.push_str(pieces.next().unwrap());
        pieces.for_each(|piece| plain.push_str(piece.split_once('m').unwrap().1));
        let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        assert_eq!(trimmed(&plain), trimmed(&shown(Some(78), false)));
    }

    #[test]
    fn durations_are_told_in_the_unit_that_says_something() {
        assert_eq!(
            [0, 999, 1_000, 59_999, 192_000].map(duration),
            ["0 ms", "999 ms", "1.0 s", "59.9 s", "3 m 12 s"]
        );
    }
}
