//! SIGKILL, and a power cut, at each call that leaves a trace. What a crash leaves behind is decided by which of these calls
//! were made, so that the points before each of them, and the one after the last, are all there are.

use std::sync::Arc;
use std::time::Duration;

use keyfob_demo::PortalOptions;
use keyfob_demo::oddities::RegistrationUpdate;

use crate::journey::{Journey, with_secrets};
use crate::points::{Blow, Points, deep_runs, nothing_is_lost, strike};
use crate::session::{Backend, Session};
use crate::user::{NAME, User};

/// All points with the quickest backend and some with the slower ones; or all of them with all backends, many times.
fn plan(journey: Journey) -> Vec<Points> {
    let points = |backend, blow, first, step| Points { journey, backend, blow, first, step };
    let Some(runs) = deep_runs() else {
        return vec![
            points(Backend::KeyFile, Blow::Kill, 1, 1),
            points(Backend::KeyFile, Blow::PowerCut, 1, 1),
            points(Backend::Keyring, Blow::Kill, 2, 4),
            points(Backend::Passphrase, Blow::Kill, 3, 6),
        ];
    };
    let each = [Backend::KeyFile, Backend::Keyring, Backend::Passphrase]
        .map(|backend| [Blow::Kill, Blow::PowerCut].map(|blow| points(backend, blow, 1, 1)));
    each.concat().repeat(runs)
}

/// Faults 1, 2, 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_a_renewal_loses_the_sign_in() {
    nothing_is_lost(plan(Journey::Refresh), 70).await;
}

/// Faults 1, 2, 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_the_first_sign_in_stands_in_the_way_of_the_next() {
    nothing_is_lost(plan(Journey::FirstSignIn), 120).await;
}

/// Fault 45, faults 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_a_new_sign_in_loses_the_old_one() {
    nothing_is_lost(plan(Journey::SignInAgain), 90).await;
}

/// C9, faults 3, 4: at a server that answers a repetition as it answered before.
#[tokio::test(flavor = "multi_thread")]
async fn no_kill_during_an_update_loses_the_sign_in_or_the_registration() {
    nothing_is_lost(plan(Journey::UpdateRegistration), 100).await;
}

/// H8, faults 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sign_out_is_done_or_not_and_can_be_repeated() {
    nothing_is_lost(plan(Journey::SignOut), 70).await;
}

/// C12, faults 3, 4
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_removal_is_done_or_not_and_can_be_repeated() {
    nothing_is_lost(plan(Journey::Remove), 70).await;
}

/// Faults 3, 4, 31: the sealing key moves from the keyring into a file.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_move_of_the_key_loses_nothing_and_goes_on_when_it_is_repeated() {
    let step = if deep_runs().is_some() { 1 } else { 3 };
    let points =
        |blow, first| Points { journey: Journey::MoveKey, backend: Backend::Keyring, blow, first, step };
    nothing_is_lost(vec![points(Blow::Kill, 1), points(Blow::PowerCut, 2)], 40).await;
}

/// Fault 6, faults 3, 4: the control of all this. Without a grace, what is lost is lost between the sending and the moment
/// when the answer is kept, and nowhere else; the record is kept, and a new sign-in mends it.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_grace_only_what_is_sent_and_not_yet_kept_is_lost() {
    let windows = tokio::join!(window_without_grace(Blow::Kill), window_without_grace(Blow::PowerCut));
    let (until_renamed, until_synced) = windows;
    assert_eq!(until_renamed, ["receive (network)", "rename data/credentials/a.sealed"]);
    assert_eq!(until_synced, ["receive (network)", "fsync data/credentials"]);
}

/// C9, C13, fault 46: the control of the updates. A server that gives a new secret and a new registration token, and answers no
/// repetition, has a client that nobody can speak for, if a crash falls between its answer and the moment when it is kept; and
/// nowhere else. Nothing held is dropped for it, and the next sign-in is a new client's.
#[tokio::test(flavor = "multi_thread")]
async fn at_a_server_that_repeats_nothing_only_an_update_not_yet_kept_costs_a_new_client() {
    let session = Session::with(Backend::KeyFile);
    let user = Arc::new(User::at(&session, with_secrets(RegistrationUpdate::Renewed)).await);
    let (mut kept, mut lost) = (0, Vec::new());
    for point in 1.. {
        user.sign_in().await.expect_code(0);
        user.move_redirect();
        let (_, struck) = strike(&user, Journey::UpdateRegistration, Blow::Kill, point).await;
        let Some(struck) = struck else { break };
        let after = user.keyfob.run(["refresh", NAME]).await;
        if after.code == Some(0) {
            kept += 1;
            continue;
        }
        after.expect_code(4).says("hint: keyfob sign-in a");
        let held = user.keyfob.must(["token", NAME]).await;
        assert!(user.takes(&held).await, "what was held is good as long as it was");
        lost.push((point, struck));
    }
    let (begins, ends) = (lost[0].clone(), lost[lost.len() - 1].clone());
    assert_eq!(lost.len(), 1 + ends.0 - begins.0, "one window: {lost:?}");
    assert_eq!([begins.1, ends.1], ["receive (network)", "rename data/credentials/a.sealed"]);
    assert!(kept >= 60, "only {kept} points outside the window");
    let made = user.portal.record().ask(|seen| seen.registrations.len());
    assert_eq!(made, 1 + lost.len(), "one new client for each that was lost");
}

/// The first and the last call of a renewal before which a crash loses the sign-in.
async fn window_without_grace(blow: Blow) -> [String; 2] {
    let session = Session::with(Backend::KeyFile);
    let options = PortalOptions { refresh_grace: Duration::ZERO, ..PortalOptions::default() };
    let user = Arc::new(User::at(&session, options).await);
    let (mut kept, mut lost) = (0, Vec::new());
    for point in 1.. {
        user.sign_in().await.expect_code(0);
        let (_, struck) = strike(&user, Journey::Refresh, blow, point).await;
        let Some(struck) = struck else { break };
        let after = user.keyfob.run(["refresh", NAME]).await;
        if after.code == Some(0) {
            kept += 1;
        } else {
            after.expect_code(4).says("hint: keyfob sign-in a");
            lost.push((point, struck));
        }
    }
    let (begins, ends) = (lost[0].clone(), lost[lost.len() - 1].clone());
    assert_eq!(lost.len(), 1 + ends.0 - begins.0, "one window: {lost:?}");
    assert!(kept >= 15, "only {kept} points outside the window");
    [begins.1, ends.1]
}
