//! A notice in words: title, body and buttons. Pure; no control characters, no lengths that fit no bubble.

use chrono::{DateTime, Local, TimeDelta, Utc};
use keyfob_agent::notice::{Notice, NoticeKind};

use crate::ipc::under_way::client_name;

/// What is put on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// The title; plain text by the specification, never marked up.
    pub(crate) title: String,
    /// The body, as plain text; a service that reads markup in bodies must be given it [`escaped`].
    pub(crate) body: String,
    /// Buttons, by name and label.
    pub(crate) buttons: Vec<(Button, &'static str)>,
    /// Stays until the user has seen it.
    pub(crate) stays: bool,
}

/// What a notification's button asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Button {
    /// Sign in again, in the browser.
    SignIn,
    /// Remind me tomorrow.
    Tomorrow,
    /// Give up the sign-in under way.
    Cancel,
    /// Open the window; also a click on the notification itself.
    Open,
}

impl Button {
    /// Its name on the bus; `default` is the notification itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::Tomorrow => "tomorrow",
            Self::Cancel => "cancel",
            Self::Open => "default",
        }
    }

    /// The button of this name on the bus.
    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::SignIn, Self::Tomorrow, Self::Cancel, Self::Open]
            .into_iter()
            .find(|button| button.name() == name)
    }
}

/// A title longer than this fits no bubble.
const TITLE: usize = 120;
/// Longest body, in characters.
const BODY: usize = 500;

/// Puts a notice into words; `None` for one that only takes another away.
pub(crate) fn words(notice: &Notice) -> Option<Words> {
    const SIGN_IN: (Button, &str) = (Button::SignIn, "Sign in again");
    const TOMORROW: (Button, &str) = (Button::Tomorrow, "Remind me tomorrow");
    const OPEN: (Button, &str) = (Button::Open, "Open keyfob");
    let label = &notice.label;
    let (title, body, buttons, stays) = match &notice.kind {
        NoticeKind::SignInEnds { at, left, known, tomorrow } => {
            let tomorrow = tomorrow.then_some(TOMORROW);
            let buttons = [Some(SIGN_IN), tomorrow, Some(OPEN)].into_iter().flatten().collect();
            let body = format!("On {}{}. Signing in again takes a minute.", date(*at), source(known));
            (format!("{label}: the sign-in {}", ends(*left)), body, buttons, true)
        }
        NoticeKind::SignInNeeded { why, said_before } => {
            let still = if *said_before > 0 { "still waits: " } else { "" };
            (format!("{label}: {still}sign in again"), sentence(why), vec![SIGN_IN, TOMORROW, OPEN], true)
        }
        NoticeKind::RegistrationEnds { at, left } => {
            let body = format!(
                "keyfob's registration there runs out on {}, and the sign-in with it. Signing in again makes a new one.",
                date(*at)
            );
            (format!("{label}: the sign-in {}", ends(*left)), body, vec![SIGN_IN, OPEN], true)
        }
        NoticeKind::MoreScopes { scopes, client } => (
            format!("{label}: {} needs more rights", client_name(client)),
            format!("The server asks for: {scopes}. Nothing opens before you have decided."),
            vec![(Button::Open, "Decide")],
            true,
        ),
        NoticeKind::EnterCode { code, site, until } => (
            format!("{label}: enter {code}"),
            format!("Allow it only at {site} and only with this very code. It ends at {}.", clock(*until)),
            vec![(Button::Cancel, "Cancel sign-in"), OPEN],
            true,
        ),
        NoticeKind::EndUnknown => (
            format!("{label}: when does this sign-in end?"),
            "The server does not say. If you know, keyfob reminds you days before; \"not known\" is an answer, too."
                .to_owned(),
            vec![(Button::Open, "Answer")],
            false,
        ),
        NoticeKind::StoreLocked(why) => (
            "keyfob cannot open its store".to_owned(),
            format!("{} No sign-in is renewed until then.", sentence(why)),
            vec![OPEN],
            true,
        ),
        NoticeKind::Solved => return None,
    };
    Some(Words { title: cut(&title, TITLE), body: cut(&body, BODY), buttons, stays })
}

fn ends(left: TimeDelta) -> String {
    if left <= TimeDelta::zero() {
        return "was due to end".to_owned();
    }
    let minutes = left.num_minutes().max(1);
    let (amount, unit) = match minutes {
        0..120 => (minutes, "minute"),
        120..2_880 => ((minutes + 30) / 60, "hour"),
        _ => ((minutes + 720) / 1_440, "day"),
    };
    let plural = if amount == 1 { "" } else { "s" };
    format!("ends in {amount} {unit}{plural}")
}

fn date(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%-d %B %Y, %H:%M").to_string()
}

fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%H:%M").to_string()
}

/// Who says so, where it is not the server.
fn source(known: &str) -> &'static str {
    match known {
        "configured" => ", as you set it",
        "learned" => ", if it lives as long as the last one did",
        _ => "",
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn cut(text: &str, most: usize) -> String {
    let clean = keyfob_core::server_text::shown(text);
    if clean.chars().count() <= most {
        return clean;
    }
    clean.chars().take(most - 1).chain(['…']).collect()
}

/// Notification bodies may carry markup; a name or a server's words must not.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_core::identity::ProfileName;

    fn said(label: &str, kind: NoticeKind) -> Option<Words> {
        words(&Notice { profile: ProfileName::parse("work").ok(), label: label.into(), kind })
    }

    fn ends_in(left: TimeDelta, tomorrow: bool) -> Words {
        said(
            "Work",
            NoticeKind::SignInEnds { at: DateTime::UNIX_EPOCH + left, left, known: "server", tomorrow },
        )
        .unwrap()
    }

    #[test]
    fn the_time_left_is_said_in_the_unit_that_says_something() {
        let title = |left| ends_in(left, false).title;
        assert_eq!(title(TimeDelta::days(7) - TimeDelta::seconds(20)), "Work: the sign-in ends in 7 days");
        assert_eq!(
            title(TimeDelta::hours(24) - TimeDelta::seconds(20)),
            "Work: the sign-in ends in 24 hours"
        );
        assert_eq!(title(TimeDelta::minutes(90)), "Work: the sign-in ends in 90 minutes");
        assert_eq!(title(TimeDelta::seconds(5)), "Work: the sign-in ends in 1 minute");
        assert_eq!(title(-TimeDelta::hours(3)), "Work: the sign-in was due to end");
    }

    #[test]
    fn tomorrow_is_offered_only_where_it_makes_sense() {
        let names = |words: Words| words.buttons.iter().map(|(button, _)| button.name()).collect::<Vec<_>>();
        assert_eq!(names(ends_in(TimeDelta::days(7), true)), ["sign-in", "tomorrow", "default"]);
        assert_eq!(names(ends_in(TimeDelta::hours(2), false)), ["sign-in", "default"]);
        assert_eq!(Button::named("tomorrow"), Some(Button::Tomorrow));
        assert_eq!(Button::named("anything"), None);
    }

    /// fault 48
    #[test]
    fn markup_in_names_and_in_a_servers_words_is_text() {
        let kind = |why: &str| NoticeKind::SignInNeeded { why: why.into(), said_before: 0 };
        let shown = said("<b>bold</b> & co", kind("<a href='x'>here</a>\u{202e}\u{7}")).unwrap();
        assert_eq!(shown.title, "<b>bold</b> & co: sign in again");
        assert_eq!(escaped(&shown.body), "&lt;a href='x'&gt;here&lt;/a&gt;.");
        assert!(said(&"x".repeat(900), kind(&"y".repeat(900))).unwrap().title.chars().count() <= TITLE);
    }

    /// D8, F12
    #[test]
    fn more_rights_are_asked_for_with_the_servers_words_made_fit_to_show() {
        let asked =
            NoticeKind::MoreScopes { scopes: "write\u{202e} admin".into(), client: "claude-code".into() };
        let shown = said("Work", asked).unwrap();
        assert_eq!(shown.title, "Work: Claude Code needs more rights");
        assert_eq!(shown.body, "The server asks for: write admin. Nothing opens before you have decided.");
        assert_eq!(shown.buttons, [(Button::Open, "Decide")]);
    }

    /// H4, H5
    #[test]
    fn a_code_stands_in_the_title_with_its_site_below_and_can_be_given_up() {
        let until = DateTime::UNIX_EPOCH;
        let kind =
            NoticeKind::EnterCode { code: "WDJB-MJHT".into(), site: "login.example.com".into(), until };
        let shown = said("Work", kind).unwrap();
        assert_eq!(shown.title, "Work: enter WDJB-MJHT");
        assert!(shown.body.starts_with("Allow it only at login.example.com and only with this very code."));
        assert_eq!((shown.buttons[0].0, shown.stays), (Button::Cancel, true));
        assert_eq!(Button::named("cancel"), Some(Button::Cancel));
    }

    #[test]
    fn what_is_solved_has_no_words() {
        assert_eq!(said("Work", NoticeKind::Solved), None);
        let locked = said("keyfob", NoticeKind::StoreLocked("the keyring is locked".into())).unwrap();
        assert_eq!(locked.body, "The keyring is locked. No sign-in is renewed until then.");
    }
}
