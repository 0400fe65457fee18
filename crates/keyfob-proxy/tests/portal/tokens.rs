//! Where tokens come from when they are missing, refused or lack scopes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_util::future::join_all;
use keyfob_core::failure::{Failure, SignInNeeded};
use keyfob_core::identity::ProfileName;
use keyfob_core::scope::ScopeSet;
use keyfob_demo::{Consent, PortalOptions};
use keyfob_proxy::token_source::{Decision, KeptTokens, StepUpQuestion, TokenSource};

use crate::machine::Machine;

#[tokio::test]
async fn without_a_person_no_browser_is_opened() {
    let machine = Machine::with(PortalOptions::default()).await;
    let failure = machine.alone().token().await.unwrap_err();
    assert_eq!(failure, SignInNeeded::SignedOut.into());
    assert_eq!(machine.browser.count(), 0);
}

#[tokio::test]
async fn ten_that_ask_at_once_share_one_sign_in() {
    let machine = Machine::with(PortalOptions::default()).await;
    let tokens = machine.interactive();
    let all = join_all((0..10).map(|_| tokens.token())).await;
    let first = all[0].clone().unwrap();
    assert!(first.is_some() && all.into_iter().all(|token| token == Ok(first.clone())));
    assert_eq!(machine.browser.count(), 1);
}

#[tokio::test]
async fn ten_that_ask_at_once_share_one_refusal_and_the_next_opens_no_window() {
    let machine =
        Machine::with(PortalOptions { consent: Consent::Declined, ..PortalOptions::default() }).await;
    let tokens = machine.interactive();
    for failure in join_all((0..10).map(|_| tokens.token())).await {
        assert!(matches!(failure, Err(Failure::UserDeclined(_))), "{failure:?}");
    }
    assert!(tokens.token().await.is_err());
    assert_eq!(machine.browser.count(), 1);

    // A sign-in made elsewhere is noticed at once.
    machine.portal.set_consent(Consent::Immediate);
    machine.interactive().token().await.unwrap();
    tokens.token().await.unwrap();
}

#[tokio::test]
async fn what_nobody_asked_for_opens_no_browser() {
    let machine = Machine::with(PortalOptions::default()).await;
    assert_eq!(machine.interactive().token_unattended().await.unwrap_err(), SignInNeeded::SignedOut.into());
    assert_eq!(machine.browser.count(), 0);
}

/// F8, fault 21
#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all_who_had_it() {
    let machine = Machine::with(PortalOptions::default()).await;
    let refused = machine.interactive().token().await.unwrap().unwrap();
    machine.portal.kill_access_tokens();
    let tokens = machine.alone();
    let all = join_all((0..5).map(|_| tokens.after_unauthorized(&refused))).await;
    let new = all[0].clone().unwrap();
    assert!(new != refused && all.into_iter().all(|token| token == Ok(new.clone())));
    // A request that was under way with the old token is refused late: the new one serves it, without a renewal.
    assert_eq!(tokens.after_unauthorized(&refused).await, Ok(new));
    assert_eq!(machine.portal.record().ask(|seen| seen.refreshes.renewed), 1);
}

#[tokio::test]
async fn a_sign_in_that_has_ended_is_made_anew_where_a_person_is_at_hand() {
    let machine = Machine::with(PortalOptions::default()).await;
    let tokens = machine.interactive();
    let refused = tokens.token().await.unwrap().unwrap();
    machine.portal.end_sign_ins();
    let failure = machine.alone().after_unauthorized(&refused).await.unwrap_err();
    assert!(matches!(failure, Failure::SignInNeeded(SignInNeeded::Ended { .. })), "{failure:?}");
    assert_ne!(tokens.after_unauthorized(&refused).await.unwrap(), refused);
    assert_eq!(machine.browser.count(), 2);
}

fn two_scopes() -> PortalOptions {
    PortalOptions { scopes: vec!["read".into(), "write".into()], ..PortalOptions::default() }
}

/// D8
#[tokio::test]
async fn a_step_up_asks_for_the_union_once_for_all_who_lack_it() {
    let mut machine = Machine::with(two_scopes()).await;
    machine.profile.scopes = ScopeSet::parse("read");
    let tokens = machine.interactive();
    let lacking = tokens.token().await.unwrap().unwrap();
    assert_eq!(machine.browser.last_scope(), "read");
    let write = ScopeSet::parse("write");
    let all = join_all((0..5).map(|_| tokens.step_up(&lacking, &write))).await;
    let new = all[0].clone().unwrap();
    assert!(new != lacking && all.into_iter().all(|token| token == Ok(new.clone())));
    assert_eq!((machine.browser.count(), machine.browser.last_scope().as_str()), (2, "read write"));
}

/// D8
#[tokio::test]
async fn without_a_person_a_step_up_says_what_is_wanted() {
    let machine = Machine::with(two_scopes()).await;
    let lacking = machine.interactive().token().await.unwrap().unwrap();
    let failure = machine.alone().step_up(&lacking, &ScopeSet::parse("write")).await.unwrap_err();
    assert_eq!(failure, SignInNeeded::MoreScopes("write".into()).into());
    assert_eq!(machine.browser.count(), 1);
}

/// Stands for the keeper's window: a yes signs in there, a no does nothing.
struct Window {
    decision: Decision,
    signs_in: Option<KeptTokens>,
    asked: AtomicUsize,
}

#[async_trait]
impl StepUpQuestion for Window {
    async fn ask(&self, _profile: &ProfileName, wanted: &ScopeSet) -> Result<Decision, Failure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(tokens) = &self.signs_in {
            let lacking = tokens.token().await?.expect("a token");
            tokens.step_up(&lacking, wanted).await?;
        }
        Ok(self.decision)
    }
}

/// D8: where a window asks, no browser opens before its user has decided; a no is told as what is wanted, and not asked about
/// again at once; without a window a browser opens as ever.
#[tokio::test]
async fn a_window_is_asked_before_a_browser_opens_for_more_scopes() {
    for (decision, says_yes, browsers) in
        [(Decision::InTheWindow, true, 2), (Decision::InTheWindow, false, 1), (Decision::Nobody, false, 2)]
    {
        let mut machine = Machine::with(two_scopes()).await;
        machine.profile.scopes = ScopeSet::parse("read");
        let signs_in = says_yes.then(|| machine.interactive());
        let window = Arc::new(Window { decision, signs_in, asked: AtomicUsize::new(0) });
        let tokens = machine.interactive().asking(window.clone());
        let lacking = tokens.token().await.unwrap().unwrap();
        assert_eq!(window.asked.load(Ordering::SeqCst), 0, "the first sign-in was asked for");
        let write = ScopeSet::parse("write");
        for _ in 0..2 {
            let stepped_up = tokens.step_up(&lacking, &write).await;
            if browsers == 2 {
                assert_ne!(stepped_up.unwrap(), lacking);
            } else {
                assert_eq!(stepped_up, Err(SignInNeeded::MoreScopes("write".into()).into()));
            }
        }
        assert_eq!(window.asked.load(Ordering::SeqCst), 1, "{decision:?}");
        assert_eq!(machine.browser.count(), browsers, "{decision:?}");
    }
}
