//! What the doctor finds: steps along the chain of authorization, each with a verdict, what was said to whom, and what to do.
//!
//! The rules are discovery's own and the sign-in's own; here they are told one by one, where a sign-in stops at the first.
//! Nothing here may hold a secret: what was sent and received comes masked from [`evidence`].

pub mod evidence;
pub mod machine;
pub mod reaching;
pub mod report;
pub mod resource;
pub mod server;
pub mod step;
pub mod tokens;
pub mod trial;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::failure::{About, Failure, Temporary};
use crate::resource::CheckedUrl;
use evidence::Exchange;
pub use step::Step;

/// How one step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As the standards say.
    Pass,
    /// keyfob can live with it; others may not.
    Warn,
    /// No sign-in is possible, or none lasts.
    Fail,
    /// Not looked at.
    Skip,
}

/// What to do, by who can do it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// For whoever signs in.
    pub user: Option<String>,
    /// For whoever runs the server: the exact header or document to serve.
    pub server: Option<String>,
}

/// What is to be said of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which step.
    pub step: Step,
    /// How it went.
    pub verdict: Verdict,
    /// One sentence.
    pub words: String,
    /// What to do.
    pub advice: Advice,
    /// What was sent and received, secrets masked.
    pub evidence: Vec<Exchange>,
    /// The failure a sign-in would end with here.
    pub failure: Option<Failure>,
}

impl Finding {
    fn new(step: Step, verdict: Verdict, words: impl Into<String>) -> Self {
        let (advice, evidence) = (Advice::default(), Vec::new());
        Self { step, verdict, words: words.into(), advice, evidence, failure: None }
    }

    /// All is well.
    pub fn pass(step: Step, words: impl Into<String>) -> Self {
        Self::new(step, Verdict::Pass, words)
    }

    /// Something that keyfob can live with.
    pub fn warn(step: Step, words: impl Into<String>) -> Self {
        Self::new(step, Verdict::Warn, words)
    }

    /// Something that was not looked at, and why.
    pub fn skip(step: Step, words: impl Into<String>) -> Self {
        Self::new(step, Verdict::Skip, words)
    }

    /// What a sign-in would end with; its words and its hint (`advise`) are what is told where nothing better is.
    pub fn fail(step: Step, failure: Failure) -> Self {
        let words = failure.to_string();
        Self { failure: Some(failure), ..Self::new(step, Verdict::Fail, words) }
    }

    /// What the person who signs in can do.
    #[must_use]
    pub fn for_user(mut self, advice: impl Into<String>) -> Self {
        self.advice.user = Some(advice.into());
        self
    }

    /// Advises what the failure itself does, where nothing better was said.
    pub fn advise(&mut self, about: About<'_>) {
        let Some(failure) = self.failure.as_ref().filter(|_| self.advice.user.is_none()) else { return };
        self.advice.user = match failure {
            // A look is no renewal, and nobody repeats it but the user.
            Failure::Temporary(Temporary::Offline(_) | Temporary::Cut(_) | Temporary::ServerTrouble(_)) => {
                Some("nothing here was changed; it may pass by itself: try again in a while".into())
            }
            failure => failure.hint(about),
        };
    }

    /// Takes the values of the URL's query out of everything said: some servers hand out keys there.
    pub fn mask_query(&mut self, url: &CheckedUrl) {
        let Some(query) = url.url().query().filter(|query| !query.is_empty()) else { return };
        let masked = evidence::url(url.url()).split_once('?').map(|(_, query)| query.to_owned());
        let masked = masked.unwrap_or_default();
        let texts = [&mut self.advice.user, &mut self.advice.server].into_iter().flatten();
        let said = self.evidence.iter_mut().flat_map(|exchange| [&mut exchange.sent, &mut exchange.received]);
        for text in texts.chain(said).chain([&mut self.words]) {
            *text = text.replace(query, &masked);
        }
    }

    /// What the server's owner can do.
    #[must_use]
    pub fn for_server(mut self, advice: impl Into<String>) -> Self {
        self.advice.server = Some(advice.into());
        self
    }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let side = |of: fn(&Exchange) -> &String| self.evidence.iter().map(of).collect::<Vec<_>>();
        let mut object = serializer.serialize_struct("Finding", 8)?;
        object.serialize_field("id", self.step.id())?;
        object.serialize_field("title", self.step.title())?;
        object.serialize_field("verdict", &self.verdict)?;
        object.serialize_field("finding", &self.words)?;
        object.serialize_field("spec", &self.step.spec())?;
        object.serialize_field("sent", &side(|exchange| &exchange.sent))?;
        object.serialize_field("received", &side(|exchange| &exchange.received))?;
        object.serialize_field("advice", &self.advice)?;
        object.end()
    }
}

/// A whole walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// What was looked at: a URL with its query masked.
    pub target: String,
    /// In the order of the walk.
    pub steps: Vec<Finding>,
}

impl Diagnosis {
    /// The worst of all steps; a step that was not looked at is no worse than a good one.
    pub fn verdict(&self) -> Verdict {
        let has = |verdict| self.steps.iter().any(|step| step.verdict == verdict);
        match () {
            () if has(Verdict::Fail) => Verdict::Fail,
            () if has(Verdict::Warn) => Verdict::Warn,
            () => Verdict::Pass,
        }
    }

    /// The first step that failed.
    pub fn broken(&self) -> Option<&Finding> {
        self.steps.iter().find(|step| step.verdict == Verdict::Fail)
    }
}

impl Serialize for Diagnosis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Diagnosis", 3)?;
        object.serialize_field("target", &self.target)?;
        object.serialize_field("verdict", &self.verdict())?;
        object.serialize_field("steps", &self.steps)?;
        object.end()
    }
}
