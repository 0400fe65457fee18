//! Spans of time on the command line.

use keyfob_core::failure::Failure;
use keyfob_core::profile::parse_duration;

/// Reads `5m`, `30d`.
pub(super) fn time_span(text: &str) -> Result<chrono::TimeDelta, Failure> {
    parse_duration(text)
        .ok_or_else(|| Failure::Usage(format!("`{text}` is no time span: write 60s, 5m, 2h or 7d")))
}
