//! Failures as the window shows them: a cause and a next step, with the profile's own name in it.

use keyfob_core::failure::{About, Failure};
use keyfob_core::identity::ProfileName;
use serde::Serialize;

/// Why a command failed and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[cfg_attr(test, ts(rename = "Refusal"))]
pub(crate) struct CommandError {
    message: String,
    hint: Option<String>,
    /// It may be over by itself, and is waited for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(test, ts(optional, as = "Option<bool>"))]
    waits: bool,
}

impl CommandError {
    /// What failed for this profile.
    pub(crate) fn about(profile: &ProfileName) -> impl Fn(Failure) -> Self {
        |failure| Self::with(&failure, failure.hint(About::Profile(profile.as_str())))
    }

    /// A sign-in of this profile that failed: nobody repeats it but the user.
    pub(crate) fn at_sign_in(profile: &ProfileName) -> impl Fn(Failure) -> Self {
        |failure| Self::with(&failure, failure.hint_at_sign_in(profile.as_str()))
    }

    /// What failed for no profile; a hint that would name one is left out.
    pub(crate) fn of_none(failure: &Failure) -> Self {
        Self::with(failure, failure.hint(About::Nobody))
    }

    /// In words that fit no failure.
    pub(crate) fn saying(message: &str, hint: &str) -> Self {
        Self { message: message.to_owned(), hint: Some(hint.to_owned()), waits: false }
    }

    /// The same of what may be over by itself.
    pub(crate) fn waiting(message: &str, hint: &str) -> Self {
        Self { waits: true, ..Self::saying(message, hint) }
    }

    fn with(failure: &Failure, hint: Option<String>) -> Self {
        Self { message: failure.to_string(), hint, waits: false }
    }
}

impl From<tauri_plugin_store::Error> for CommandError {
    fn from(error: tauri_plugin_store::Error) -> Self {
        Self { message: format!("the preferences could not be kept: {error}"), hint: None, waits: false }
    }
}

impl From<tauri_plugin_autostart::Error> for CommandError {
    fn from(error: tauri_plugin_autostart::Error) -> Self {
        Self { message: format!("start at login could not be set: {error}"), hint: None, waits: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_core::failure::{Incompatibility, SignInNeeded, StoreProblem, Temporary};

    fn work() -> ProfileName {
        ProfileName::parse("work").unwrap()
    }

    #[test]
    fn a_hint_names_the_profile_it_is_about() {
        let offline = || Failure::from(Temporary::Offline("no route".into()));
        assert_eq!(
            CommandError::about(&work())(offline()).hint.unwrap(),
            "nothing is lost; keyfob tries again by itself, or: keyfob refresh work"
        );
        assert_eq!(
            CommandError::at_sign_in(&work())(offline()).hint.unwrap(),
            "nothing here was changed; try again: keyfob sign-in work"
        );
    }

    #[test]
    fn where_there_is_no_profile_no_hint_names_one() {
        let no_registration = Failure::from(Incompatibility::NoRegistration);
        assert_eq!(CommandError::of_none(&no_registration).hint, None);
        let locked = Failure::from(StoreProblem::Locked);
        assert!(CommandError::of_none(&locked).hint.unwrap().starts_with("unlock the keyring"));
    }

    /// The words that the command line's help leaves open.
    #[test]
    fn no_hint_says_name() {
        let failures = [
            Failure::from(SignInNeeded::OtherMachine),
            Failure::SignInTimedOut,
            Failure::from(Incompatibility::NoRegistration),
            Failure::from(Temporary::Busy),
            Failure::from(StoreProblem::KeyMissing("gone".into())),
        ];
        for failure in failures {
            for error in
                [CommandError::about(&work())(failure.clone()), CommandError::at_sign_in(&work())(failure)]
            {
                assert!(!error.hint.clone().unwrap_or_default().contains("NAME"), "{error:?}");
            }
        }
    }
}
