//! A disk that refuses: at each call to a file once, for good, and with half of the bytes taken.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use keyfob_demo::{Endpoint, PortalOptions};
use nix::errno::Errno;

use crate::calls::{Call, Target};
use crate::journey::Journey;
use crate::points::{Blow, Points, deep_runs, nothing_is_lost};
use crate::session::{Backend, Session};
use crate::traced::{Ended, Fate};
use crate::user::{NAME, User};

const ERRORS: [Errno; 3] = [Errno::EIO, Errno::ENOSPC, Errno::EDQUOT];

/// Each call refused once; usually the errors in turn.
fn plan(journey: Journey) -> Vec<Points> {
    let points = |(turn, error)| {
        let (first, step) = if deep_runs().is_some() { (1, 1) } else { (1 + turn, ERRORS.len()) };
        Points { journey, backend: Backend::KeyFile, blow: Blow::Refuse(error), first, step }
    };
    ERRORS.into_iter().enumerate().map(points).collect()
}

/// Faults 25, 26
#[tokio::test(flavor = "multi_thread")]
async fn no_refused_call_stands_in_the_way_of_the_next_command() {
    nothing_is_lost(plan(Journey::Refresh), 20).await;
    nothing_is_lost(plan(Journey::FirstSignIn), 30).await;
    nothing_is_lost(plan(Journey::SignInAgain), 20).await;
    nothing_is_lost(plan(Journey::SignOut), 20).await;
    nothing_is_lost(plan(Journey::Remove), 20).await;
}

/// Renews while `refuse` says which of the record's calls are refused; it is told the call and whether the request was
/// sent before.
async fn renew(
    user: &User,
    error: Errno,
    mut refuse: impl FnMut(&Call, bool) -> bool + Send + 'static,
) -> Ended {
    let (record, mut sent) = (records(user), false);
    let decide = move |call: &Call| {
        sent |= call.name == "send" && call.target == Target::Network;
        let of_the_record = matches!(&call.target, Target::File(path) if path.starts_with(&record));
        let refused = of_the_record && !matches!(call.name, "read" | "other") && refuse(call, sent);
        if refused { Fate::Refused(error) } else { Fate::Made }
    };
    user.traced(Journey::Refresh.arguments(), decide, |_| ()).await
}

/// The folder of the sealed records.
fn records(user: &User) -> PathBuf {
    user.keyfob.home().join("data/credentials")
}

fn sealed(user: &User) -> Vec<u8> {
    std::fs::read(records(user).join("a.sealed")).expect("a sealed record")
}

/// Fault 25: what cannot be prepared is not begun, and the token that is valid is still served.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_before_the_request_keeps_the_refresh_token_from_being_spent() {
    let session = Session::with(Backend::KeyFile);
    let user = User::signed_in(&session).await;
    let token = user.keyfob.must(["token", NAME]).await;
    for error in ERRORS {
        for wanted in ["mkdir", "create", "write", "fsync", "rename"] {
            let ended = renew(&user, error, move |call, sent| !sent && call.name == wanted).await;
            assert_eq!(ended.code, Some(6), "{wanted} {error}: {ended:?}");
            assert!(ended.stderr.contains("hint: "), "{wanted} {error}: {ended:?}");
            assert_eq!(user.portal.record().count(Endpoint::Refresh), 0, "{wanted} {error}");
            assert_eq!(user.keyfob.must(["token", NAME]).await, token, "{wanted} {error}");
        }
    }
    assert_eq!(user.works().await, Ok(()));
}

/// Fault 26: an answer that a call refuses is held and written when the disk takes it again. The token is spent once.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_refused_twice_is_held_and_then_kept() {
    let session = Session::with(Backend::KeyFile);
    let tasks = ERRORS.into_iter().flat_map(|error| {
        let session = &session;
        ["mkdir", "create", "write", "fsync", "rename"].map(|wanted| async move {
            let user = User::signed_in(session).await;
            let mut refused = 0;
            let ended = renew(&user, error, move |call, sent| {
                let now = sent && call.name == wanted && refused < 2;
                refused += usize::from(now);
                now
            });
            let began = Instant::now();
            let ended = ended.await;
            assert_eq!(ended.code, Some(0), "{wanted} {error}: {ended:?}");
            assert!(began.elapsed() >= Duration::from_secs(2), "{wanted} {error} was not refused twice");
            assert_eq!(user.works().await, Ok(()), "{wanted} {error}");
            let refreshes = user.portal.record().ask(|seen| seen.refreshes);
            assert_eq!((refreshes.renewed, refreshes.repeated), (2, 0), "{wanted} {error}");
        })
    });
    futures_util::future::join_all(tasks).await;
}

/// Fault 26: a disk that never takes the answer. It is held for 30 s; then the trouble is told, and the record is the one
/// from before, whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_for_good_is_told_after_30_s_and_the_record_is_whole() {
    let session = &Session::with(Backend::KeyFile);
    let tasks = ERRORS.into_iter().flat_map(|error| {
        ["create", "write", "fsync", "rename"].map(|wanted| refused_for_good(session, wanted, error))
    });
    futures_util::future::join_all(tasks).await;
}

async fn refused_for_good(session: &Session, wanted: &'static str, error: Errno) {
    // A patient server: there, what was given up after 30 s is not lost either.
    let options = PortalOptions { refresh_grace: Duration::from_mins(5), ..PortalOptions::default() };
    let user = User::at(session, options).await;
    user.sign_in().await.expect_code(0);
    let before = Arc::new(OnceLock::new());
    let refuse = {
        let (before, folder) = (before.clone(), records(&user));
        move |call: &Call, sent: bool| {
            // The folder's own sync comes after the renaming: too late to keep the old record.
            let refused = sent && call.name == wanted && call.target != Target::File(folder.clone());
            if refused {
                before.get_or_init(|| std::fs::read(folder.join("a.sealed")).expect("a record"));
            }
            refused
        }
    };
    let began = Instant::now();
    let ended = renew(&user, error, refuse).await;
    assert_eq!(ended.code, Some(6), "{wanted} {error}: {ended:?}");
    assert!(ended.stderr.contains("hint: "), "{wanted} {error}: {ended:?}");
    assert!(began.elapsed() >= Duration::from_secs(25), "{wanted} {error}: given up too early");
    assert_eq!(Some(&sealed(&user)), before.get(), "{wanted} {error}");
    assert_eq!(user.works().await, Ok(()), "{wanted} {error}");
}

/// Fault 26: short writes are gone on with; nothing is ever truncated.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_half_of_each_write_gets_all_of_it() {
    let session = Session::with(Backend::KeyFile);
    let user = User::signed_in(&session).await;
    let halved = Arc::new(AtomicBool::new(false));
    let decide = {
        let (halved, home) = (halved.clone(), user.keyfob.home());
        move |call: &Call| {
            let of_a_file = matches!(&call.target, Target::File(path) if path.starts_with(&home));
            if call.name != "write" || !of_a_file || call.bytes < 2 {
                return Fate::Made;
            }
            halved.store(true, Ordering::Relaxed);
            Fate::Halved
        }
    };
    let ended = user.traced(Journey::Refresh.arguments(), decide, |_| ()).await;
    assert_eq!((ended.code, halved.load(Ordering::Relaxed)), (Some(0), true), "{ended:?}");
    assert_eq!(user.works().await, Ok(()));
    assert_eq!(user.portal.record().ask(|seen| seen.refreshes.repeated), 0);
}
