//! Sign-ins that this app does, told as they go: the window shows them, and of a device's code a notification tells as well.
//! One that failed stays until it is tried again or dismissed, so that nobody has to catch the moment.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use keyfob_agent::journeys::sign_in::{AccountQuestion, SignInProgress};
use keyfob_agent::notice::{Notice, NoticeKind};
use keyfob_agent::ports::Notifier;
use keyfob_core::failure::Failure;
use keyfob_core::grant::device_code::DevicePrompt;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use tokio::sync::{mpsc, oneshot, watch};
use url::Url;

/// How far a sign-in is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The server is looked up and keyfob makes itself known there.
    Looking,
    /// A person goes on in the browser; the address is there where none could be started.
    Browser(Option<Url>),
    /// A person types the code; `opened` says whether a browser was started at its page.
    Device { prompt: Box<DevicePrompt>, until: DateTime<Utc>, opened: bool },
    /// Another account signed in than before: a person says whether it takes its place.
    OtherAccount { before: String, now: String },
    /// The person is done; the tokens are fetched and kept.
    Finishing,
    /// It did not work.
    Failed(Box<Failure>),
}

/// Every sign-in of this app that is under way or has failed.
pub(crate) type UnderWay = BTreeMap<ProfileName, (u64, Stage)>;

/// Clones share it.
#[derive(Clone)]
pub(crate) struct SignIns {
    all: watch::Sender<UnderWay>,
    last: Arc<AtomicU64>,
    /// Who waits to be told whether another account may take the place of the one before.
    answers: Arc<Mutex<BTreeMap<ProfileName, oneshot::Sender<bool>>>>,
    notifier: Arc<dyn Notifier>,
}

/// One sign-in of this app. What comes of one that was given up changes nothing any more.
pub(crate) struct Attempt {
    of: SignIns,
    profile: ProfileName,
    label: String,
    number: u64,
    told_code: AtomicBool,
}

impl SignIns {
    pub(crate) fn new(notifier: Arc<dyn Notifier>) -> Self {
        Self {
            all: watch::Sender::new(UnderWay::new()),
            last: Arc::default(),
            answers: Arc::default(),
            notifier,
        }
    }

    /// What there is to show; changes are waited for on the receiver.
    pub(crate) fn watch(&self) -> watch::Receiver<UnderWay> {
        self.all.subscribe()
    }

    /// Begins to tell of a sign-in; `None` where one of this profile is under way.
    pub(crate) fn begin(&self, profile: &Profile) -> Option<Attempt> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let begun = self.all.send_if_modified(|all| {
            let is_free = all.get(&profile.name).is_none_or(|(_, stage)| matches!(stage, Stage::Failed(_)));
            if is_free {
                all.insert(profile.name.clone(), (number, Stage::Looking));
            }
            is_free
        });
        let label = profile.label.clone().unwrap_or_else(|| profile.name.to_string());
        begun.then(|| Attempt {
            of: self.clone(),
            profile: profile.name.clone(),
            label,
            number,
            told_code: AtomicBool::new(false),
        })
    }

    /// A person's answer to "another account?"; without a question it is nobody's.
    pub(crate) fn answer(&self, profile: &ProfileName, takes: bool) {
        let waiting = self.answers.lock().unwrap_or_else(PoisonError::into_inner).remove(profile);
        if let Some(waiting) = waiting {
            // A journey that was given up needs no answer.
            let _ = waiting.send(takes);
        }
    }

    /// Forgets what is said of a profile: its sign-in was given up, or its failure read.
    pub(crate) fn dismiss(&self, profile: &ProfileName) {
        self.all.send_if_modified(|all| all.remove(profile).is_some());
    }
}

impl Attempt {
    /// Tells how it goes until the journey says no more.
    pub(crate) async fn follow(
        &self,
        mut heard: mpsc::UnboundedReceiver<SignInProgress>,
        mut asked: mpsc::Receiver<AccountQuestion>,
    ) {
        loop {
            tokio::select! {
                progress = heard.recv() => match progress {
                    Some(progress) => self.hear(progress),
                    None => return,
                },
                Some(question) = asked.recv() => self.ask(question),
            }
        }
    }

    fn ask(&self, question: AccountQuestion) {
        let AccountQuestion { before, now, answer } = question;
        let mut answers = self.of.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(self.profile.clone(), answer);
        drop(answers);
        self.is_at(Stage::OtherAccount { before, now });
    }

    fn hear(&self, progress: SignInProgress) {
        let stage = match progress {
            SignInProgress::Visit { url, opened } => Stage::Browser(opened.is_err().then_some(url)),
            SignInProgress::EnterCode { prompt, until, opened } => {
                self.tell_code(&prompt, until);
                Stage::Device { prompt, until, opened: opened.is_ok() }
            }
            SignInProgress::Redirected => Stage::Finishing,
            SignInProgress::SetAside(path) => {
                tracing::warn!(profile = %self.profile, path, "a record that does not open was set aside");
                return;
            }
            SignInProgress::LookedUp(_)
            | SignInProgress::Registered
            | SignInProgress::PastedInVain(_)
            | SignInProgress::DeliveryFailed(_) => return,
        };
        self.is_at(stage);
    }

    /// The end of it.
    pub(crate) fn ended(&self, outcome: &Result<(), Failure>) {
        match outcome {
            Err(failure) => self.is_at(Stage::Failed(Box::new(failure.clone()))),
            Ok(()) => {
                self.of.all.send_if_modified(|all| self.is_mine(all) && all.remove(&self.profile).is_some());
            }
        }
        if self.told_code.swap(false, Ordering::Relaxed) {
            self.notify(NoticeKind::Solved);
        }
    }

    fn tell_code(&self, prompt: &DevicePrompt, until: DateTime<Utc>) {
        let (code, site) = (prompt.user_code.clone(), prompt.site().to_owned());
        self.told_code.store(true, Ordering::Relaxed);
        self.notify(NoticeKind::EnterCode { code, site, until });
    }

    fn notify(&self, kind: NoticeKind) {
        let notice = Notice { profile: Some(self.profile.clone()), label: self.label.clone(), kind };
        self.of.notifier.notify(&notice);
    }

    fn is_at(&self, stage: Stage) {
        self.of.all.send_if_modified(|all| {
            let is_mine = self.is_mine(all);
            if is_mine {
                all.insert(self.profile.clone(), (self.number, stage));
            }
            is_mine
        });
    }

    fn stage(&self) -> Option<Stage> {
        let all = self.of.all.borrow();
        all.get(&self.profile).filter(|(number, _)| *number == self.number).map(|(_, stage)| stage.clone())
    }

    fn is_mine(&self, all: &UnderWay) -> bool {
        all.get(&self.profile).is_some_and(|(number, _)| *number == self.number)
    }
}

/// A sign-in that nobody waits for any more is not under way.
impl Drop for Attempt {
    fn drop(&mut self) {
        let left_open = |stage: Stage| !matches!(stage, Stage::Failed(_));
        if self.stage().is_some_and(left_open) {
            self.of.dismiss(&self.profile);
        }
    }
}

#[cfg(test)]
mod tests;
