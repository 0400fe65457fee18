//! `keyfob refresh`: renews now.

use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_core::failure::Failure;

use super::token::{take, warn};
use crate::context::Context;
use crate::{output, words};

pub(crate) async fn run(name: &str, context: &Context) -> Result<(), Failure> {
    let wanted = HandOutRequest { fresh: true, ..HandOutRequest::default() };
    let handed_out = take(name, &wanted, context).await?;
    let ends = if handed_out.end_assumed {
        "the server does not say when the token ends".to_owned()
    } else {
        format!("the token ends {}", words::when(handed_out.expires_at, chrono::Utc::now()))
    };
    output::good(&format!("renewed {name}: {ends}"));
    warn(name, &handed_out);
    Ok(())
}
