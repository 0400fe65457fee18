//! Runs a portal with a consent page until its standard input ends, and prints where it is.
#![expect(clippy::print_stdout, reason = "an example talks to the person who started it")]

use std::io::Read as _;

use keyfob_demo::{Consent, Portal, PortalOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let options = PortalOptions { consent: Consent::Page, ..PortalOptions::default() };
    let portal = Portal::start(options).await?;
    println!("{}", portal.mcp_url());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    portal.stop().await;
    Ok(())
}
