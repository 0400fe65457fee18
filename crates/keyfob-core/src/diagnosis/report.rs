//! A walk as Markdown, fit to be pasted into a bug tracker: what servers wrote cannot break out of its block.

use std::fmt::Write as _;

use super::{Diagnosis, Finding, Verdict};

/// The whole walk. `version` is keyfob's.
pub fn markdown(diagnosis: &Diagnosis, version: &str) -> String {
    let mut text = format!(
        "# keyfob doctor: {}\n\n{} · keyfob {version} · secrets are masked\n\n| step | verdict | finding |\n|---|---|---|\n",
        inline(&diagnosis.target),
        summary(diagnosis),
    );
    for finding in &diagnosis.steps {
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} |",
            finding.step.title(),
            word(finding.verdict),
            cell(&finding.words)
        );
    }
    for finding in &diagnosis.steps {
        section(&mut text, finding);
    }
    text
}

fn summary(diagnosis: &Diagnosis) -> String {
    match diagnosis.broken() {
        Some(finding) => format!("**fail** at {}", finding.step.title()),
        None => format!("**{}**", word(diagnosis.verdict())),
    }
}

fn section(text: &mut String, finding: &Finding) {
    let _ = write!(
        text,
        "\n## {}: {}\n\n{}\n",
        finding.step.title(),
        word(finding.verdict),
        plain(&finding.words)
    );
    let advice = [("For the user", &finding.advice.user), ("For the server's owner", &finding.advice.server)];
    for (who, advice) in advice {
        if let Some(advice) = advice {
            let _ = write!(text, "\n- {who}: {}", plain(advice));
        }
    }
    if let Some(spec) = finding.step.spec() {
        let _ = write!(text, "\n- Rule: {spec}");
    }
    text.push('\n');
    for exchange in &finding.evidence {
        let _ = write!(text, "\n{}\n{}\n", block(&exchange.sent), block(&exchange.received));
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "**fail**",
        Verdict::Skip => "skipped",
    }
}

/// A block whose fence is longer than any run of backticks in it.
fn block(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}")
}

/// Text of a server in the running text: no markup, no mention of anybody, no HTML.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '@' => safe.push_str("&#64;"),
            '[' | ']' | '*' | '!' | '#' | '\\' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

fn cell(text: &str) -> String {
    plain(text).replace('|', "\\|")
}

fn inline(text: &str) -> String {
    format!("`{}`", text.replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Step;
    use crate::diagnosis::evidence::Exchange;

    /// F12
    #[test]
    fn what_a_server_wrote_stays_in_its_block() {
        let mut finding = Finding::warn(Step::Token, "it said <img src=x> @everyone [x](y) | z");
        finding
            .evidence
            .push(Exchange { sent: "GET /".into(), received: "```\n# not a heading\n````".into() });
        let diagnosis = Diagnosis { target: "https://a.example".into(), steps: vec![finding] };
        let text = markdown(&diagnosis, "0.1.0");
        assert!(text.contains("`````text\n```\n# not a heading\n````\n`````\n"), "{text}");
        assert!(!text.contains("<img") && !text.contains("@everyone") && !text.contains(" [x]"), "{text}");
        assert!(
            text.contains("| Token answer | warn | it said &lt;img src=x> &#64;everyone \\[x\\](y) \\| z |"),
            "{text}"
        );
        assert!(text.starts_with("# keyfob doctor: `https://a.example`\n\n**warn** · keyfob 0.1.0"));
    }
}
