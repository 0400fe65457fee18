//! The doctor's walk as the window gets it, step by step: what was sent and received comes masked from the doctor.

use keyfob_agent::journeys::doctor::Progress;
use keyfob_core::diagnosis::evidence::Exchange;
use keyfob_core::diagnosis::{Diagnosis, Finding, Verdict, report};
use serde::Serialize;
#[cfg(test)]
use ts_rs::TS;

/// News of a walk.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "DoctorProgress"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum ProgressShown {
    /// The title of the step being looked at.
    Looking(String),
    /// What was found.
    Found(Box<FindingShown>),
}

/// What is to be said of one step.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Finding"))]
pub(crate) struct FindingShown {
    id: String,
    title: String,
    verdict: VerdictShown,
    /// One sentence.
    finding: String,
    /// The sections of the standards.
    spec: Option<String>,
    exchanges: Vec<ExchangeShown>,
    /// What whoever signs in can do.
    for_user: Option<String>,
    /// What whoever runs the server can do.
    for_server: Option<String>,
}

/// How a step went, or the whole walk.
#[derive(Debug, Clone, Copy, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Verdict"))]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerdictShown {
    Pass,
    Warn,
    Fail,
    Skip,
}

/// One request and what came back, secrets masked.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Exchange"))]
pub(crate) struct ExchangeShown {
    sent: String,
    received: String,
}

/// The end of a walk.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(TS))]
#[cfg_attr(test, ts(rename = "Diagnosis"))]
pub(crate) struct DiagnosisShown {
    target: String,
    verdict: VerdictShown,
    /// As Markdown, to be pasted into a bug tracker.
    report: String,
}

impl ProgressShown {
    /// `None` for what a walk without a trial sign-in never tells.
    pub(crate) fn of(progress: Progress) -> Option<Self> {
        match progress {
            Progress::Looking(step) => Some(Self::Looking(step.title().to_owned())),
            Progress::Found(finding) => Some(Self::Found(Box::new(FindingShown::from(*finding)))),
            Progress::SignIn(_) => None,
        }
    }
}

impl From<Finding> for FindingShown {
    fn from(finding: Finding) -> Self {
        Self {
            id: finding.step.id().to_owned(),
            title: finding.step.title().to_owned(),
            verdict: finding.verdict.into(),
            spec: finding.step.spec().map(str::to_owned),
            finding: finding.words,
            exchanges: finding.evidence.into_iter().map(ExchangeShown::from).collect(),
            for_user: finding.advice.user,
            for_server: finding.advice.server,
        }
    }
}

impl From<Exchange> for ExchangeShown {
    fn from(exchange: Exchange) -> Self {
        Self { sent: exchange.sent, received: exchange.received }
    }
}

impl From<Verdict> for VerdictShown {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Warn => Self::Warn,
            Verdict::Fail => Self::Fail,
            Verdict::Skip => Self::Skip,
        }
    }
}

impl From<&Diagnosis> for DiagnosisShown {
    fn from(diagnosis: &Diagnosis) -> Self {
        Self {
            target: diagnosis.target.clone(),
            verdict: diagnosis.verdict().into(),
            report: report::markdown(diagnosis, env!("CARGO_PKG_VERSION")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_core::diagnosis::Step;

    #[test]
    fn a_finding_crosses_with_its_advice_and_its_rule() {
        let finding = Finding::warn(Step::Revocation, "none").for_server("serve one");
        let shown = serde_json::to_value(ProgressShown::of(Progress::Found(Box::new(finding)))).unwrap();
        assert_eq!(shown["found"]["id"], "revocation");
        assert_eq!(shown["found"]["verdict"], "warn");
        assert_eq!(shown["found"]["for_server"], "serve one");
        assert_eq!(shown["found"]["spec"], "RFC 7009 §2");
        assert!(shown["found"]["for_user"].is_null());
    }

    #[test]
    fn the_end_brings_the_report() {
        let steps = vec![Finding::pass(Step::Reach, "there"), Finding::skip(Step::Token, "no")];
        let shown = DiagnosisShown::from(&Diagnosis { target: "https://a.example".into(), steps });
        let shown = serde_json::to_value(shown).unwrap();
        assert_eq!(shown["verdict"], "pass");
        assert!(shown["report"].as_str().unwrap().starts_with("# keyfob doctor: `https://a.example`"));
    }
}
