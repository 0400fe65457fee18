//! A browser's stand-in: opens one http URL on loopback, follows redirects, and ends with the page that leads nowhere on.
//! usage: follow-redirects URL. Exit 0 for a page with a status below 400.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use keyfob_tests::visit;
use url::Url;

const MOST_STEPS: usize = 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut next = std::env::args().nth(1).and_then(|url| Url::parse(&url).ok());
    for _ in 0..MOST_STEPS {
        let Some(url) = next else { return ExitCode::FAILURE };
        let page = visit(&url).await;
        next = match page.location {
            Some(location) => url.join(&location).ok(),
            None if page.status < 400 => return ExitCode::SUCCESS,
            None => None,
        };
    }
    ExitCode::FAILURE
}
