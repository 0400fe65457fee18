//! What is told of sign-ins: to the window by a watched map, of codes by notices.

use std::sync::Mutex;

use chrono::TimeDelta;
use keyfob_core::resource::CheckedUrl;

use super::*;

#[derive(Default)]
struct Told(Mutex<Vec<NoticeKind>>);

impl Notifier for Told {
    fn notify(&self, notice: &Notice) {
        self.0.lock().unwrap().push(notice.kind.clone());
    }
}

fn work() -> Profile {
    let url = CheckedUrl::parse("https://mcp.example.com/mcp").unwrap();
    Profile::new(ProfileName::parse("work").unwrap(), url)
}

fn code() -> SignInProgress {
    let page = CheckedUrl::parse("https://login.example.com/device").unwrap();
    let prompt = DevicePrompt { user_code: "WDJB-MJHT".into(), page, complete: None };
    let until = DateTime::UNIX_EPOCH + TimeDelta::minutes(10);
    SignInProgress::EnterCode { prompt: Box::new(prompt), until, opened: Ok(()) }
}

fn stage(of: &SignIns) -> Option<Stage> {
    of.watch().borrow().get(&work().name).map(|(_, stage)| stage.clone())
}

async fn heard(attempt: &Attempt, progress: SignInProgress) {
    let (sender, receiver) = mpsc::unbounded_channel();
    sender.send(progress).unwrap();
    drop(sender);
    let (_questions, asked) = mpsc::channel(1);
    attempt.follow(receiver, asked).await;
}

#[tokio::test]
async fn another_account_waits_for_a_persons_word() {
    let all = SignIns::new(Arc::new(Told::default()));
    let attempt = all.begin(&work()).unwrap();
    let (progress, heard) = mpsc::unbounded_channel();
    let (questions, asked) = mpsc::channel(1);
    let (answer, mut told) = oneshot::channel();
    questions.send(AccountQuestion { before: "ada".into(), now: "bob".into(), answer }).await.unwrap();
    let mut seen = all.watch();
    let person = async {
        let is_asked = |all: &UnderWay| {
            all.values().any(|(_, stage)| matches!(stage, Stage::OtherAccount { before, now } if before == "ada" && now == "bob"))
        };
        seen.wait_for(is_asked).await.unwrap();
        assert!(told.try_recv().is_err(), "nobody has answered yet");
        all.answer(&work().name, true);
        assert_eq!(told.await, Ok(true));
        drop(progress);
    };
    tokio::join!(attempt.follow(heard, asked), person);
    all.answer(&work().name, false);
}

/// H4
#[tokio::test]
async fn a_code_is_shown_and_told_until_the_sign_in_is_over() {
    let told = Arc::new(Told::default());
    let all = SignIns::new(Arc::clone(&told) as Arc<dyn Notifier>);
    let attempt = all.begin(&work()).unwrap();
    assert_eq!(stage(&all), Some(Stage::Looking));
    heard(&attempt, code()).await;
    assert!(matches!(stage(&all), Some(Stage::Device { prompt, .. }) if prompt.user_code == "WDJB-MJHT"));
    attempt.ended(&Ok(()));
    assert_eq!(stage(&all), None);
    let told = told.0.lock().unwrap();
    assert!(
        matches!(&told[..], [NoticeKind::EnterCode { code, .. }, NoticeKind::Solved] if code == "WDJB-MJHT")
    );
}

#[tokio::test]
async fn a_failure_stays_until_it_is_dismissed_or_tried_again() {
    let all = SignIns::new(Arc::new(Told::default()));
    let attempt = all.begin(&work()).unwrap();
    assert!(all.begin(&work()).is_none(), "one at a time");
    attempt.ended(&Err(Failure::SignInTimedOut));
    drop(attempt);
    assert_eq!(stage(&all), Some(Stage::Failed(Box::new(Failure::SignInTimedOut))));
    let again = all.begin(&work()).unwrap();
    assert_eq!(stage(&all), Some(Stage::Looking));
    again.ended(&Err(Failure::SignInTimedOut));
    all.dismiss(&work().name);
    assert_eq!(stage(&all), None);
}

#[tokio::test]
async fn what_comes_of_a_sign_in_that_was_given_up_is_not_told_but_its_code_is_taken_away() {
    let told = Arc::new(Told::default());
    let all = SignIns::new(Arc::clone(&told) as Arc<dyn Notifier>);
    let attempt = all.begin(&work()).unwrap();
    heard(&attempt, code()).await;
    all.dismiss(&work().name);
    let second = all.begin(&work()).unwrap();
    attempt.ended(&Err(Failure::UserDeclined("given up".into())));
    drop(attempt);
    assert_eq!(stage(&all), Some(Stage::Looking), "the second one's");
    drop(second);
    assert_eq!(stage(&all), None);
    assert_eq!(told.0.lock().unwrap().last(), Some(&NoticeKind::Solved));
}
