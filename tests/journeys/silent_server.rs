//! A server that takes connections and never answers: whoever waits is told for whom, and not for long.

use std::time::{Duration, Instant};

use keyfob_tests::Keyfob;
use tokio::net::TcpListener;

/// Accepts everybody and says nothing; where it is.
async fn silent() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    place
}

#[tokio::test]
async fn a_look_up_of_a_silent_server_says_for_whom_it_waits_and_ends() {
    let (keyfob, place) = (Keyfob::new(), silent().await);
    let url = format!("http://{place}/mcp");
    let began = Instant::now();
    let (added, looked, connected) = tokio::join!(
        keyfob.run(["add", "a", &url]),
        keyfob.run(["doctor", &url]),
        keyfob.run(["connect", &url])
    );
    assert!(began.elapsed() < Duration::from_secs(28), "{:?}", began.elapsed());
    let waited = format!("waiting for {place} …");
    let cause = format!("{place}: no answer within 20 s");
    added.expect_code(5).says(&waited).says(&cause).says("hint: no profile was made: try again");
    connected.expect_code(5).says(&waited).says(&cause).says("hint: nothing here was changed: try again");
    // The page breaks its lines between words.
    let page = looked.expect_code(5).says(&waited).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(page.contains(&cause) && page.contains("try again in a while"), "{page}");
}
