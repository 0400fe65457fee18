//! Marks: how long before a sign-in ends its user is told, as a person types them.

use chrono::TimeDelta;

use super::{duration_text, parse_duration};
use crate::failure::Failure;

/// More of them would be noise.
const MOST: usize = 8;
/// The keeper looks once or twice a minute; a shorter mark could be told too late.
const SHORTEST: TimeDelta = TimeDelta::minutes(5);
/// No sign-in that is worth a reminder lives longer.
const LONGEST: TimeDelta = TimeDelta::days(365);

/// Reads marks such as `7d`, longest first and each once; none at all is "never". What is wrong is told with what to write.
pub fn parse_marks<S: AsRef<str>>(texts: &[S]) -> Result<Vec<TimeDelta>, Failure> {
    let mut marks = texts.iter().map(|text| parse_mark(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
    marks.sort_unstable_by(|one, other| other.cmp(one));
    marks.dedup();
    if marks.len() > MOST {
        return Err(Failure::Usage(format!("a portal has {MOST} reminders at most, not {}", marks.len())));
    }
    Ok(marks)
}

fn parse_mark(text: &str) -> Result<TimeDelta, Failure> {
    let mark = parse_duration(text).ok_or_else(|| {
        let shown = crate::server_text::shown(text);
        Failure::Usage(format!(
            "`{shown}` is no time span: write a number and s, m, h or d, such as 7d or 2h"
        ))
    })?;
    if (SHORTEST..=LONGEST).contains(&mark) {
        return Ok(mark);
    }
    Err(Failure::Usage(format!(
        "a reminder comes between {} and {} before the end, not {}",
        duration_text(SHORTEST),
        duration_text(LONGEST),
        duration_text(mark)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_longest_first_and_each_once() {
        let marks = parse_marks(&["2h", "14d", "3d", "72h"]).unwrap();
        assert_eq!(marks, [TimeDelta::days(14), TimeDelta::days(3), TimeDelta::hours(2)]);
        assert_eq!(parse_marks::<&str>(&[]).unwrap(), [], "never");
    }

    #[test]
    fn what_is_no_mark_is_told_with_what_to_write() {
        let said = |texts: &[&str]| parse_marks(texts).unwrap_err().to_string();
        assert_eq!(
            said(&["7d", "soon"]),
            "`soon` is no time span: write a number and s, m, h or d, such as 7d or 2h"
        );
        assert_eq!(said(&["10s"]), "a reminder comes between 5m and 365d before the end, not 10s");
        assert_eq!(said(&["366d"]), "a reminder comes between 5m and 365d before the end, not 366d");
        let many: Vec<String> = (1..=9).map(|days| format!("{days}d")).collect();
        assert_eq!(parse_marks(&many).unwrap_err().to_string(), "a portal has 8 reminders at most, not 9");
    }
}
