//! An entry of YAML from one text into another as it is written there, by whole lines. What comes of it is read again by a parser
//! before it is believed, so that nothing here needs to know all of YAML.

use std::ops::Range;

/// The entries below a table of the outermost level, by their lines.
struct Table<'a> {
    lines: Vec<&'a str>,
    /// The table's own line; `None` where there is no such table.
    head: Option<usize>,
    /// How far its entries are indented, where it has any.
    indent: usize,
    /// Each entry's name and lines, without what stands between it and the next.
    entries: Vec<(String, Range<usize>)>,
}

/// The text with the entry `name` of `table` as `other` has it: behind the nearest entry that stood before it there and is still
/// here, or where it stood first, else at the end. `None` where one of the texts has the table in another shape.
pub(super) fn with_entry_of(body: &str, table: &str, name: &str, other: &str) -> Option<String> {
    let (from, to) = (Table::of(other, table), Table::of(body, table));
    let at = from.entries.iter().position(|(entry, _)| entry == name)?;
    let mut lines = to.lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let mut block = from.block(at, to.indent);
    let place = match to.head {
        _ if !to.entries.is_empty() => to.place_behind(&from.entries[..at]),
        Some(head) => {
            // `table:`, or `table: {}`, which holds no lines of its own.
            let (key, _) = key_of(to.lines[head])?;
            block.insert(0, format!("{key}:"));
            lines.remove(head);
            head
        }
        None => {
            block.insert(0, format!("{table}:"));
            // Behind all that says something; an end of line at the end makes a last line of nothing.
            lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1)
        }
    };
    if body.contains("\r\n") {
        for line in &mut block {
            line.push('\r');
        }
    }
    let is_last = place == lines.len();
    lines.splice(place..place, block);
    let mut text = lines.join("\n");
    if is_last && text.ends_with('\r') {
        text.pop();
    }
    Some(text)
}

impl<'a> Table<'a> {
    fn of(text: &'a str, name: &str) -> Self {
        let lines: Vec<&str> = text.split('\n').collect();
        let is_head = |line: &&str| indent_of(line) == 0 && key_of(line).is_some_and(|(_, key)| key == name);
        let head = lines.iter().position(is_head);
        let mut table = Self { lines, head, indent: 0, entries: Vec::new() };
        if let Some(head) = head {
            table.find_entries(head);
        }
        table
    }

    fn find_entries(&mut self, head: usize) {
        let says_something = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let end = (head + 1..self.lines.len())
            .find(|at| says_something(&self.lines[*at]) && indent_of(self.lines[*at]) == 0)
            .unwrap_or(self.lines.len());
        let Some(first) = (head + 1..end).find(|at| says_something(&self.lines[*at])) else { return };
        self.indent = indent_of(self.lines[first]);
        let is_entry =
            |at: &usize| says_something(&self.lines[*at]) && indent_of(self.lines[*at]) == self.indent;
        let starts: Vec<usize> = (first..end).filter(is_entry).collect();
        for (number, start) in starts.iter().enumerate() {
            let next = starts.get(number + 1).copied().unwrap_or(end);
            // A comment that is indented further may be a line of a text.
            let is_its_own = |at: &usize| {
                let line = self.lines[*at];
                !line.trim().is_empty() && (indent_of(line) > self.indent || says_something(&line))
            };
            let last = (*start..next).rev().find(is_its_own).unwrap_or(*start);
            if let Some((_, name)) = key_of(self.lines[*start]) {
                self.entries.push((name, *start..last + 1));
            }
        }
    }

    /// The lines of one entry, indented as the entries of another text are, where that has any.
    fn block(&self, at: usize, indent: usize) -> Vec<String> {
        let lines = self.lines[self.entries[at].1.clone()].iter();
        let stays = indent == 0 || indent == self.indent;
        let moved = |line: &str| match line.get(self.indent..) {
            Some(rest) if !stays && !line.trim().is_empty() => " ".repeat(indent) + rest,
            _ => line.to_owned(),
        };
        lines.map(|line| moved(line.strip_suffix('\r').unwrap_or(line))).collect()
    }

    /// The line at which an entry belongs that stood behind these.
    fn place_behind(&self, before: &[(String, Range<usize>)]) -> usize {
        let here = |name: &str| self.entries.iter().find(|(entry, _)| entry == name);
        let nearest = before.iter().rev().find_map(|(name, _)| here(name));
        match (nearest, before.is_empty()) {
            (Some((_, lines)), _) => lines.end,
            (None, true) => self.entries.first().map_or(0, |(_, lines)| lines.start),
            (None, false) => self.entries.last().map_or(0, |(_, lines)| lines.end),
        }
    }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The key with which a line begins: as it is written, and what it says.
fn key_of(line: &str) -> Option<(&str, String)> {
    let words = line.trim_start_matches(' ');
    let end = match words.chars().next()? {
        quote @ ('"' | '\'') => words[1..].find(quote)? + 2,
        '-' | '?' | '{' | '[' | '#' | '&' | '*' | '!' | '|' | '>' | '%' | '@' | '`' | '\t' => return None,
        _ => words
            .match_indices(':')
            .map(|(at, _)| at)
            .find(|at| words[at + 1..].chars().next().is_none_or(char::is_whitespace))?,
    };
    words[end..].trim_start().starts_with(':').then_some(())?;
    let key = &words[..end];
    let said = match key.as_bytes().first()? {
        b'"' => serde_json::from_str(key).ok()?,
        b'\'' => key[1..key.len() - 1].to_owned(),
        _ => key.trim_end().to_owned(),
    };
    Some((key.trim_end(), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(body: &str, other: &str) -> String {
        with_entry_of(body, "t", "gh", other).unwrap()
    }

    #[test]
    fn an_entry_comes_back_to_its_place_in_its_own_lines() {
        let gh = "  gh: # mine\n    a:   'x'\n    b: |\n      # text\n      gh: y\n\n      z\n";
        let other = |before: &str, after: &str| format!("x: 1\nt:\n{before}{gh}{after}last: 2\n");
        let (first, last) = ("  one:\n    a: 1\n  # between\n", "\n  # next\n  two: {}\n");
        let full = other(first, last);
        // Behind the one before it; with that gone, at the end; first where it was first.
        assert_eq!(
            put(&full.replace(gh, ""), &full),
            full.replace("  # between\n", "").replace(gh, &format!("{gh}  # between\n"))
        );
        assert_eq!(put("t:\n  two: {}\nx: 1\n", &full), format!("t:\n  two: {{}}\n{gh}x: 1\n"));
        assert_eq!(put("t:\n  two: {}\nx: 1\n", &other("", last)), format!("t:\n{gh}  two: {{}}\nx: 1\n"));
        // A table that is empty, or gone, or the last line without an end.
        for empty in ["t:\n", "t: {}\n", "t: # why\n"] {
            assert_eq!(put(&format!("x: 1\n{empty}y: 2\n"), &full), format!("x: 1\nt:\n{gh}y: 2\n"));
        }
        assert_eq!(put("x: 1\n", &full), format!("x: 1\nt:\n{gh}"));
        assert_eq!(put("x: 1", &full), format!("x: 1\nt:\n{}", gh.trim_end()));
        assert_eq!(put("", &full), format!("t:\n{gh}"));
        // No other line's end is changed.
        assert_eq!(
            put("t:\r\n  one: 1\nx: 1\r", "t:\n  one: 1\n  gh: 2\r\n"),
            "t:\r\n  one: 1\n  gh: 2\r\nx: 1\r"
        );
        assert_eq!(put("x: 1\r\ny: 2", "t:\n  gh: 2\n"), "x: 1\r\ny: 2\nt:\r\n  gh: 2");
        assert_eq!(put("t:\r\n  one: 1\r\n", &full), format!("t:\n  one: 1\n{gh}").replace('\n', "\r\n"));
        assert_eq!(
            put("t:\n    one: 1\n", "t:\n  gh:\n    a: 1\n\n  two: 2\n"),
            "t:\n    gh:\n      a: 1\n    one: 1\n"
        );
        assert_eq!(put("'t':\n  one: 1\n", "\"t\":\n  \"gh\": 1\n"), "'t':\n  \"gh\": 1\n  one: 1\n");
    }

    #[test]
    fn a_table_of_another_shape_is_told() {
        for other in ["t: { gh: 1 }\n", "t:\n- gh: 1\n", "x: 1\n", "t: *x\n"] {
            assert_eq!(with_entry_of("t:\n  one: 1\n", "t", "gh", other), None, "{other}");
        }
    }
}
