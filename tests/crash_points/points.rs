//! Points: one blow at one call of one journey, and what must hold afterwards, over all calls there are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use nix::errno::Errno;

use crate::calls::{Call, Target};
use crate::journey::Journey;
use crate::power_cut::Durable;
use crate::session::{Backend, Session};
use crate::traced::{Ended, Fate};
use crate::user::User;

/// As many as this machine's processors serve well.
const WORKERS: usize = 3;

/// What befalls the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// It ends; what it did stays.
    Kill,
    /// It ends; only what it synced stays.
    PowerCut,
    /// One call to a file is refused with this error, and it goes on.
    Refuse(Errno),
}

impl Blow {
    /// Whether the call is one of those that are counted: those after which the world is another one.
    fn counts(self, call: &Call, user: &User) -> bool {
        let of_a_file = matches!(call.target, Target::File(_));
        call.leaves_a_trace(&user.keyfob.home()) && (of_a_file || !matches!(self, Self::Refuse(_)))
    }

    fn fate(self) -> Fate {
        match self {
            Self::Kill | Self::PowerCut => Fate::Killed,
            Self::Refuse(error) => Fate::Refused(error),
        }
    }
}

/// Which points of a journey, and what befalls it there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Points {
    pub(crate) journey: Journey,
    pub(crate) backend: Backend,
    pub(crate) blow: Blow,
    /// From 1.
    pub(crate) first: usize,
    pub(crate) step: usize,
}

/// What came of the points of one journey.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) points: usize,
    pub(crate) losses: Vec<String>,
}

/// Strikes the journey before its `point`-th call that counts; also gives the call, or `None` where there are not as many
/// and nothing befell it.
pub(crate) async fn strike(
    user: &Arc<User>,
    journey: Journey,
    blow: Blow,
    point: usize,
) -> (Ended, Option<String>) {
    let home = user.keyfob.home();
    let durable = Arc::new(Mutex::new((blow == Blow::PowerCut).then(|| Durable::home(&home))));
    let (sender, struck) = std::sync::mpsc::channel();
    let decide = {
        let (user, mut calls) = (user.clone(), 0);
        move |call: &Call| {
            let counts = blow.counts(call, &user);
            calls += usize::from(counts);
            if !counts || calls != point {
                return Fate::Made;
            }
            let _ = sender.send(call.shown(&home));
            blow.fate()
        }
    };
    let made = {
        let durable = durable.clone();
        move |call: &Call| _ = durable.lock().expect("one thread").as_mut().map(|durable| durable.made(call))
    };
    let ended = user.traced(journey.arguments(), decide, made).await;
    if let Some(durable) = &*durable.lock().expect("one thread") {
        durable.cut();
    }
    (ended, struck.try_recv().ok())
}

/// Takes point after point from `next` until there are no more.
async fn worker(points: Points, next: Arc<AtomicUsize>) -> Tally {
    let Points { journey, backend, blow, step, .. } = points;
    let session = Session::with(backend);
    let (mut tally, mut user) = (Tally::default(), None);
    loop {
        let point = next.fetch_add(step, Ordering::Relaxed);
        let arranged = journey.arrange(&session, user.take()).await;
        let (ended, struck) = strike(&arranged, journey, blow, point).await;
        let told = is_told(blow, &ended);
        let judged = if told.is_ok() { journey.judge(&arranged, &ended).await } else { told };
        match judged {
            Ok(()) => user = Some(arranged),
            Err(why) => {
                let at = struck.as_deref().unwrap_or("its own end");
                tally.losses.push(format!("{journey:?}, {backend:?}, {blow:?} at call {point}, {at}: {why}"));
            }
        }
        if struck.is_none() {
            return tally;
        }
        tally.points += 1;
    }
}

/// A command that goes on after a refusal succeeds, or names the trouble and the next step.
fn is_told(blow: Blow, ended: &Ended) -> Result<(), String> {
    match (blow, ended.code) {
        (Blow::Kill | Blow::PowerCut, _) | (Blow::Refuse(_), Some(0)) => Ok(()),
        (Blow::Refuse(_), Some(6)) if ended.stderr.contains("hint: ") => Ok(()),
        _ => Err(format!("{ended:?}")),
    }
}

impl Points {
    #[expect(clippy::print_stdout, reason = "the figures of the report")]
    pub(crate) async fn all(self) -> Tally {
        let began = Instant::now();
        let next = Arc::new(AtomicUsize::new(self.first));
        let workers = (0..WORKERS).map(|_| tokio::spawn(worker(self, next.clone())));
        let mut whole = Tally::default();
        for tally in futures_util::future::join_all(workers).await {
            whole.add(tally.expect("a worker"));
        }
        let Self { journey, backend, blow, .. } = self;
        let (points, lost, took) = (whole.points, whole.losses.len(), began.elapsed());
        println!("{journey:?}, {backend:?}, {blow:?}: {points} points, {lost} lost, {took:.1?}");
        whole
    }
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.points += other.points;
        self.losses.extend(other.losses);
    }
}

/// No point of a plan loses anything, and there are `at_least` so many.
pub(crate) async fn nothing_is_lost(plan: Vec<Points>, at_least: usize) {
    let mut whole = Tally::default();
    for points in plan {
        whole.add(points.all().await);
    }
    assert!(whole.losses.is_empty(), "{:#?}", whole.losses);
    assert!(whole.points >= at_least, "only {} points", whole.points);
}

/// How often all points are taken with all backends where time does not count (`KEYFOB_DEEP`); `None` for a plan that takes
/// minutes.
pub(crate) fn deep_runs() -> Option<usize> {
    std::env::var_os("KEYFOB_DEEP").map(|_| 3)
}
