//! A token's half minute in a clipboard of the test's own, on a clock that the test moves.

use async_trait::async_trait;
use chrono::DateTime;
use keyfob_core::moment::Moment;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;

/// A clock that stands until it is moved.
struct Standing {
    boot_ms: watch::Sender<u64>,
    /// Counts who began to sleep.
    naps: watch::Sender<u64>,
}

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Moment {
        Moment { wall: DateTime::UNIX_EPOCH, boot_ms: *self.boot_ms.borrow(), boot_id: "b".into() }
    }

    async fn sleep(&self, duration: Duration) {
        let until = *self.boot_ms.borrow() + u64::try_from(duration.as_millis()).unwrap();
        self.naps.send_modify(|naps| *naps += 1);
        self.boot_ms.subscribe().wait_for(|now| *now >= until).await.unwrap();
    }
}

#[derive(Default)]
struct Held {
    text: Option<String>,
    cannot_be_read: bool,
}

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Held>>);

impl Paper {
    fn holds(&self) -> Option<String> {
        self.0.lock().unwrap().text.clone()
    }

    fn write(&self, text: &str) {
        self.0.lock().unwrap().text = Some(text.into());
    }
}

impl Clipboard for Paper {
    fn hold(&mut self, text: &str) -> Result<(), String> {
        self.write(text);
        Ok(())
    }

    fn text(&mut self) -> Result<Option<String>, String> {
        let held = self.0.lock().unwrap();
        if held.cannot_be_read { Err("no answer".into()) } else { Ok(held.text.clone()) }
    }

    fn clear(&mut self) -> Result<(), String> {
        self.0.lock().unwrap().text = None;
        Ok(())
    }
}

struct Desktop {
    clipboard: TokenClipboard,
    paper: Paper,
    clock: Arc<Standing>,
}

impl Desktop {
    fn new() -> Self {
        let paper = Paper::default();
        let clock = Arc::new(Standing { boot_ms: watch::Sender::new(0), naps: watch::Sender::new(0) });
        Self {
            clipboard: TokenClipboard::new(Box::new(paper.clone()), Arc::clone(&clock) as _),
            paper,
            clock,
        }
    }

    async fn lend(&self, token: &str) -> Loan {
        self.clipboard.lend(AccessToken::new(token.into())).await.unwrap()
    }

    /// Begins to end it, and comes back once the clock is waited for.
    async fn begin_to_end(&self, loan: Loan) -> JoinHandle<()> {
        let (clipboard, mut naps) = (self.clipboard.clone(), self.clock.naps.subscribe());
        let ending = tokio::spawn(async move { clipboard.end(loan).await });
        naps.changed().await.unwrap();
        ending
    }

    /// Moves the clock.
    fn at(&self, seconds: u64) {
        self.clock.boot_ms.send_replace(seconds * 1_000);
    }

    /// Moves the clock to a time at which the loan goes on: somebody looks at it and sleeps again.
    async fn still_at(&self, seconds: u64, ending: &mut JoinHandle<()>) {
        let mut naps = self.clock.naps.subscribe();
        self.at(seconds);
        tokio::select! {
            _ = ending => panic!("it ended at {seconds} seconds"),
            napped = naps.changed() => napped.unwrap(),
        }
    }
}

/// A loan that does not end fails its test.
async fn over(ending: JoinHandle<()>) {
    tokio::time::timeout(Duration::from_secs(20), ending).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn a_token_leaves_the_clipboard_after_its_half_minute_and_not_before() {
    let desktop = Desktop::new();
    let loan = desktop.lend("t-1").await;
    let mut ending = desktop.begin_to_end(loan).await;
    desktop.still_at(29, &mut ending).await;
    assert_eq!(desktop.paper.holds().as_deref(), Some("t-1"));
    desktop.at(30);
    over(ending).await;
    assert_eq!(desktop.paper.holds(), None);
}

#[tokio::test]
async fn what_was_copied_since_stays() {
    let desktop = Desktop::new();
    let loan = desktop.lend("t-1").await;
    let ending = desktop.begin_to_end(loan).await;
    desktop.paper.write("a shopping list");
    desktop.at(31);
    over(ending).await;
    assert_eq!(desktop.paper.holds().as_deref(), Some("a shopping list"));
}

#[tokio::test]
async fn a_token_copied_again_has_its_whole_time_again() {
    let desktop = Desktop::new();
    let loan = desktop.lend("t-1").await;
    let mut first = desktop.begin_to_end(loan).await;
    desktop.still_at(20, &mut first).await;
    let again = desktop.lend("t-1").await;
    let second = desktop.begin_to_end(again).await;
    desktop.at(35);
    over(first).await;
    assert_eq!(desktop.paper.holds().as_deref(), Some("t-1"));
    desktop.at(50);
    over(second).await;
    assert_eq!(desktop.paper.holds(), None);
}

#[tokio::test]
async fn the_end_of_the_app_takes_a_token_out_at_once_even_where_nothing_can_be_read() {
    let desktop = Desktop::new();
    desktop.clipboard.end_all();
    desktop.paper.write("a shopping list");
    desktop.clipboard.end_all();
    assert!(desktop.paper.holds().is_some(), "nothing was lent");
    let _loan = desktop.lend("t-1").await;
    desktop.paper.0.lock().unwrap().cannot_be_read = true;
    desktop.clipboard.end_all();
    assert_eq!(desktop.paper.holds(), None);
}
