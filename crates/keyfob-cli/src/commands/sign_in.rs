//! `keyfob sign-in`: the journey in this process; a running keeper is told afterwards.

use std::io::IsTerminal;
use std::time::Duration;

use keyfob_agent::journeys::sign_in::{
    AccountQuestion, OtherAccount, SignInOptions, SignInProgress, sign_in, usual_timeout,
};
use keyfob_core::credential::Credential;
use keyfob_core::failure::Failure;
use keyfob_core::grant::GrantKind;
use keyfob_core::profile::Profile;
use keyfob_core::scope::ScopeSet;
use keyfob_core::sign_in_end::{SignInEnd, sign_in_end};
use tokio::sync::mpsc;

use super::time_span_argument::time_span;
use super::{device_prompt, end_question, typed};
use crate::arguments::{BrowserChoice, SignIn};
use crate::context::Context;
use crate::waiting::told;
use crate::{exit_code, output, words};

pub(crate) async fn run(arguments: &SignIn, context: &Context) -> Result<u8, Failure> {
    let mut found = context.profile(&arguments.name)?;
    if arguments.device {
        found.grant = GrantKind::Device;
    }
    let more = ScopeSet::parse(&arguments.scopes.join(" "));
    match profile(&found, &arguments.browser, &more, context).await {
        Ok(credential) => {
            end_question::hint(&found, &credential);
            Ok(0)
        }
        Err(failure) => Ok(failed(&found, &failure)),
    }
}

/// Says why a sign-in failed and how to go on with the profile that is there; gives the exit code.
pub(crate) fn failed(profile: &Profile, failure: &Failure) -> u8 {
    output::failure_with(failure, failure.hint_at_sign_in(profile.name.as_str()).as_deref());
    exit_code::of(failure)
}

/// Signs a profile in, asking for `more` scopes as well, and says how it went; gives the record.
pub(crate) async fn profile(
    profile: &Profile,
    choice: &BrowserChoice,
    more: &ScopeSet,
    context: &Context,
) -> Result<Credential, Failure> {
    let ports = &told(context.ports()?);
    let (progress, heard) = mpsc::unbounded_channel();
    let timeout = timeout(profile, choice)?;
    let (pasting, pasted) = Pasting::new(choice);
    let options = SignInOptions {
        open_browser: !choice.no_browser,
        timeout,
        additional_scopes: more.clone(),
        pasted: Some(pasted),
        other_account: other_account(choice),
        progress,
    };
    let teller = tokio::spawn(tell(heard, Some(pasting)));
    let outcome = sign_in(ports, profile, options).await;
    // The journey has dropped its end: what was said is said before the outcome is.
    let _ = teller.await;
    context.tell_keeper(Some(&profile.name)).await;
    let credential = outcome?.credential;
    success(profile, &credential, &ports.clock.now());
    Ok(credential)
}

/// The user's limit, else the journey's own: a device's code lives as long as its server says.
pub(super) fn timeout(profile: &Profile, choice: &BrowserChoice) -> Result<Duration, Failure> {
    match &choice.timeout {
        Some(text) => time_span(text)?.to_std().map_err(|_| Failure::Usage("--timeout is negative".into())),
        None => Ok(usual_timeout(profile.grant)),
    }
}

/// What happens where another account signs in: a person at a terminal is asked, nobody else can be.
fn other_account(choice: &BrowserChoice) -> OtherAccount {
    if choice.other_account {
        return OtherAccount::Take;
    }
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        return OtherAccount::Refuse;
    }
    let (questions, mut asked) = mpsc::channel::<AccountQuestion>(1);
    tokio::spawn(async move {
        while let Some(AccountQuestion { before, now, answer }) = asked.recv().await {
            output::warning(&format!(
                "the browser signed in as {now}; this profile is signed in as {before}"
            ));
            output::note(&format!("Type yes to go on as {now}; anything else keeps {before}:"));
            let said = typed::next_line().await;
            let _ = answer.send(said.is_some_and(|line| line.trim() == "yes"));
        }
    });
    OtherAccount::Ask(questions)
}

/// Redirect URLs pasted from a browser elsewhere, read only where no browser was opened here: whoever runs keyfob from a script has
/// other uses for standard input.
pub(crate) struct Pasting {
    lines: mpsc::Sender<String>,
    is_wanted: bool,
}

impl Pasting {
    /// The other end is for the journey.
    pub(crate) fn new(choice: &BrowserChoice) -> (Self, mpsc::Receiver<String>) {
        let (lines, pasted) = mpsc::channel(1);
        let is_wanted = choice.no_browser || std::io::stdin().is_terminal();
        (Self { lines, is_wanted }, pasted)
    }

    fn begin(self) {
        if !self.is_wanted {
            return;
        }
        output::note(
            "If that browser is on another machine, it ends on an address that does not load there:",
        );
        output::note(if std::io::stdin().is_terminal() {
            "paste that address here."
        } else {
            "write that address to standard input."
        });
        typed::listen(self.lines);
    }
}

/// Tells a person how far it is.
pub(crate) async fn tell(mut heard: mpsc::UnboundedReceiver<SignInProgress>, mut pasting: Option<Pasting>) {
    while let Some(progress) = heard.recv().await {
        match progress {
            SignInProgress::Visit { url, opened: Ok(()) } => {
                output::note(&format!("Your browser opens {}", url.origin().ascii_serialization()));
                output::note("Finish there; waiting …");
            }
            SignInProgress::Visit { url, opened: Err(why) } => {
                output::note(&format!("Open this address in a browser ({why}):\n\n  {url}\n"));
                if let Some(pasting) = pasting.take() {
                    pasting.begin();
                }
            }
            SignInProgress::EnterCode { prompt, until, opened } => {
                device_prompt::show(&prompt, until, opened.is_ok());
            }
            SignInProgress::PastedInVain(why) => {
                output::warning(&format!("that is not the address: {why}; still waiting"));
            }
            SignInProgress::DeliveryFailed(report) => {
                if let Some(told) = report.told() {
                    output::warning(&told);
                }
            }
            SignInProgress::SetAside(path) => {
                output::warning(&format!("the sign-in held before did not open; it is kept at {path}"));
            }
            SignInProgress::LookedUp(_) | SignInProgress::Registered | SignInProgress::Redirected => {}
        }
    }
}

fn success(profile: &Profile, credential: &Credential, now: &keyfob_core::moment::Moment) {
    let Some(sign_in) = &credential.sign_in else { return };
    let account = sign_in.account.as_ref().map(|account| format!(" as {account}")).unwrap_or_default();
    output::good(&format!("signed in to {}{account}", profile.name));
    for delivery in &profile.deliver {
        output::note(&format!("  token written to {}", delivery.target));
    }
    if sign_in.tokens.is_short_lived() {
        let seconds = sign_in.tokens.lifetime.num_seconds();
        output::note(&format!("  the server grants {seconds} s at a time: ask for a token for every use"));
    }
    if sign_in.machine.is_some() {
        output::note("  keyfob asks for each next token by itself");
        return;
    }
    if !sign_in.renews() {
        let ends = if sign_in.tokens.end_assumed {
            "it does not say when this sign-in ends, which cannot be renewed; keyfob goes on with it for some minutes".to_owned()
        } else {
            let end = words::when(sign_in.tokens.expires_at(), now.wall);
            format!("this sign-in ends {end} and cannot be renewed")
        };
        output::warning(&format!("the server gave no refresh token: {ends}"));
        output::hint(&format!(
            "where the app or keyfob agent runs, you are reminded before; then: keyfob sign-in {}",
            profile.name
        ));
        return;
    }
    match sign_in_end(sign_in, profile, credential.learned_lifetimes.last().copied()) {
        SignInEnd::Unknown | SignInEnd::WithToken => {
            output::note("  the server does not say when this sign-in ends");
        }
        SignInEnd::Known(end) => {
            let (when, source) = (words::when(end.at(), now.wall), end.source.word());
            output::note(&format!("  this sign-in ends {when} ({source})"));
        }
    }
}
