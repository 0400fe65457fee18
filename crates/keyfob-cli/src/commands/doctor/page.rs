//! A walk as a person reads it: a line for each step with its sign and its word, and details where something is to be done.

use anstyle::{AnsiColor, Style};
use keyfob_core::diagnosis::{Diagnosis, Finding, Verdict};

/// Where nothing says how wide the page is.
const USUAL_WIDTH: usize = 80;
/// A page narrower than this is written as if it were so wide.
const LEAST_WIDTH: usize = 60;
/// Where a step's title begins, behind sign and word.
const TITLE_AT: usize = 8;
/// Where its sentence begins.
const WORDS_AT: usize = 31;
/// Where details begin: behind `server  `.
const DETAIL_AT: usize = 16;

/// How a walk is written down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    width: usize,
    colours: bool,
    verbose: bool,
}

impl Page {
    pub(super) fn new(width: Option<usize>, colours: bool, verbose: bool) -> Self {
        Self { width: width.unwrap_or(USUAL_WIDTH).max(LEAST_WIDTH), colours, verbose }
    }

    /// The first line.
    pub(super) fn title(&self, target: &str, url: &str) -> String {
        let named = if target.contains("://") { String::new() } else { format!("{target}, ") };
        format!("{}\n", self.painted(&format!("Examining {named}{url}"), Style::new().bold()))
    }

    /// One step.
    pub(super) fn step(&self, finding: &Finding) -> String {
        let (sign, word, style) = mark(finding.verdict);
        let sentence = wrapped(&finding.words, self.width - WORDS_AT, WORDS_AT);
        let sentence =
            if finding.verdict == Verdict::Skip { self.painted(&sentence, style) } else { sentence };
        let mark = self.painted(&format!("{sign} {word}"), style);
        let title = format!("{:width$}", finding.step.title(), width = WORDS_AT - TITLE_AT);
        let mut lines = vec![format!("{mark}  {title}{sentence}")];
        let wants_action = matches!(finding.verdict, Verdict::Warn | Verdict::Fail);
        if wants_action || self.verbose {
            lines.extend(self.details(finding));
        }
        lines.join("\n")
    }

    fn details(&self, finding: &Finding) -> Vec<String> {
        let said = [
            ("you", finding.advice.user.as_deref()),
            ("server", finding.advice.server.as_deref()),
            ("rule", finding.step.spec()),
        ];
        let mut lines: Vec<_> =
            said.into_iter().filter_map(|(label, text)| text.map(|text| self.detail(label, text))).collect();
        if self.verbose {
            for exchange in &finding.evidence {
                lines.push(self.quoted("sent", &exchange.sent));
                lines.push(self.quoted("got", &exchange.received));
            }
        }
        // A step with details stands by itself.
        lines.push(String::new());
        lines
    }

    fn detail(&self, label: &str, text: &str) -> String {
        let label = self.painted(&format!("{label:6}"), Style::new().bold());
        format!("{:TITLE_AT$}{label}  {}", "", wrapped(text, self.width - DETAIL_AT, DETAIL_AT))
    }

    /// What others wrote keeps its lines.
    fn quoted(&self, label: &str, text: &str) -> String {
        let label = self.painted(&format!("{label:6}"), Style::new().dimmed());
        let indent = format!("\n{:DETAIL_AT$}", "");
        format!("{:TITLE_AT$}{label}  {}", "", text.lines().collect::<Vec<_>>().join(&indent))
    }

    /// The last lines: the verdict, and what it does not speak of.
    pub(super) fn verdict(&self, diagnosis: &Diagnosis) -> String {
        let (sign, word, style) = mark(diagnosis.verdict());
        let count = |verdict| diagnosis.steps.iter().filter(|step| step.verdict == verdict).count();
        let words = match (diagnosis.broken(), count(Verdict::Warn)) {
            (Some(_), _) => format!("the chain breaks at: {}", titles(diagnosis)),
            (None, 0) => "every step that was looked at is good".to_owned(),
            (None, 1) => "it works; one step wants attention".to_owned(),
            (None, n) => format!("it works; {n} steps want attention"),
        };
        let mark = self.painted(&format!("{sign} {word}"), style);
        let mut lines = vec![format!("\n{mark}  {}", self.painted(&words, Style::new().bold()))];
        lines.extend(not_looked_at(diagnosis).into_iter().map(|(titles, why)| {
            let told = format!("not looked at: {}: {why}", titles.join(", "));
            format!("{:TITLE_AT$}{}", "", wrapped(&told, self.width - TITLE_AT, TITLE_AT))
        }));
        lines.join("\n")
    }

    fn painted(&self, text: &str, style: Style) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }
}

/// Every step that failed.
fn titles(diagnosis: &Diagnosis) -> String {
    let failed = diagnosis.steps.iter().filter(|step| step.verdict == Verdict::Fail);
    failed.map(|step| step.step.title()).collect::<Vec<_>>().join(", ")
}

/// The steps that were skipped, by their cause, in the order of the walk.
fn not_looked_at(diagnosis: &Diagnosis) -> Vec<(Vec<&'static str>, &str)> {
    let mut causes: Vec<(Vec<&'static str>, &str)> = Vec::new();
    for step in diagnosis.steps.iter().filter(|step| step.verdict == Verdict::Skip) {
        match causes.iter_mut().find(|(_, why)| *why == step.words) {
            Some((titles, _)) => titles.push(step.step.title()),
            None => causes.push((vec![step.step.title()], &step.words)),
        }
    }
    causes
}

/// The words of a text; what stands between backticks is one word, so that it can be copied.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in text.split_whitespace() {
        match words.last_mut() {
            Some(last) if is_open => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        is_open ^= word.matches('`').count() % 2 == 1;
    }
    words
}

fn mark(verdict: Verdict) -> (&'static str, &'static str, Style) {
    let bold = |colour: AnsiColor| colour.on_default().bold();
    match verdict {
        Verdict::Pass => ("✓", "pass", bold(AnsiColor::Green)),
        Verdict::Warn => ("!", "warn", bold(AnsiColor::Yellow)),
        Verdict::Fail => ("✗", "fail", bold(AnsiColor::Red)),
        Verdict::Skip => ("·", "skip", Style::new().dimmed()),
    }
}

/// Lines of at most `width` characters, the later ones indented; a word that is longer stays whole, so that it can be copied.
fn wrapped(text: &str, width: usize, indent: usize) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in words(text) {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&word);
        }
    }
    lines.join(&format!("\n{:indent$}", ""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_core::diagnosis::Step;

    fn page(verbose: bool) -> Page {
        Page::new(None, false, verbose)
    }

    #[test]
    fn a_good_step_is_one_line_and_a_bad_one_says_what_to_do() {
        assert_eq!(
            page(false).step(&Finding::pass(Step::Pkce, "S256 is supported")),
            "✓ pass  PKCE                   S256 is supported"
        );
        let bad = Finding::warn(Step::Revocation, "not offered: signing out forgets the tokens here alone")
            .for_server("offer it");
        assert_eq!(
            page(false).step(&bad),
            "! warn  Revocation             not offered: signing out forgets the tokens here\n                               alone\n        server  offer it\n        rule    RFC 7009 §2\n"
        );
    }

    #[test]
    fn the_verdict_names_what_was_not_looked_at_and_why() {
        let skip = |step, why: &str| Finding::skip(step, why);
        let steps = vec![
            Finding::pass(Step::Pkce, "S256 is supported"),
            skip(Step::Refresh, "needs --sign-in"),
            skip(Step::Revocation, "not offered"),
            skip(Step::Mcp, "needs --sign-in"),
        ];
        let said = page(false).verdict(&Diagnosis { target: String::new(), steps });
        let titles = [Step::Refresh.title(), Step::Mcp.title()].join(", ");
        assert!(said.contains(&format!("        not looked at: {titles}: needs --sign-in\n")), "{said}");
        assert!(said.ends_with("not looked at: Revocation: not offered"), "{said}");
    }

    #[test]
    fn no_line_is_wider_than_the_page_but_for_words_that_are() {
        for title in Step::ALL {
            assert!(title.title().chars().count() < WORDS_AT - TITLE_AT, "{title:?}");
        }
        let long = wrapped(&"word ".repeat(40), 20, 4);
        assert!(long.lines().all(|line| line.chars().count() <= 24), "{long}");
        assert_eq!(
            wrapped("a https://a.example/very/long/address b", 10, 2),
            "a\n  https://a.example/very/long/address\n  b"
        );
    }
}
