//! A call that the server refuses because its headers do not repeat what the tool's schema wants by now (`HeaderMismatch`, MCP
//! 2026-07-28): the server has carried nothing out, so the tools are listed again and the call may go once more.

use std::time::Duration;

use http::HeaderMap;
use keyfob_core::failure::{Failure, Misbehaviour};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Inner;
use crate::json_rpc::{Outgoing, Unanswered};
use crate::messages::Messages;
use crate::standard_headers::speaker_of;
use crate::upstream::no_message;

/// The code of that error.
const HEADER_MISMATCH: i64 = -32_020;
/// How long all pages may take.
const LISTING: Duration = Duration::from_secs(20);
/// Pages of tools that are looked at for one call.
const MOST_PAGES: usize = 100;

/// True for the error of a call whose headers the server does not take.
pub(super) fn is_mismatch(error: &RawValue) -> bool {
    serde_json::from_str::<Value>(error.get()).is_ok_and(|error| error["code"] == HEADER_MISMATCH)
}

impl Inner {
    /// Looks what the tools want by now; true where this call, which went out with the headers `sent`, gets others. Of many calls
    /// that are refused together, one lists the tools.
    pub(super) async fn wants_other_headers(&self, call: &Outgoing, sent: &HeaderMap) -> bool {
        let _turn = self.listing.lock().await;
        let mirrored = &self.session.upstream.mirrored;
        if mirrored.headers(&call.line) == *sent {
            tokio::select! {
                listed = self.list_tools_again(call) => if let Err(failure) = listed {
                    tracing::debug!(%failure, "the tools could not be listed again");
                },
                // Others wait for their turn, and the client for all of them.
                () = self.clock.sleep(LISTING) => tracing::debug!("the tools were not listed in time"),
            }
        }
        mirrored.headers(&call.line) != *sent
    }

    /// Page by page, in the name of the client, which hears nothing of it.
    async fn list_tools_again(&self, call: &Outgoing) -> Result<(), Failure> {
        tracing::info!("the server wants other headers with a call; listing its tools again");
        let mut params = json!({ "_meta": speaker_of(&call.line) });
        for page in 0..MOST_PAGES {
            let id = format!("keyfob-tools-{page}");
            let line = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/list", "params": params });
            let answer = self.answer_to(line.to_string().into_bytes()).await?;
            let Some(cursor) = answer["result"]["nextCursor"].as_str() else { break };
            params["cursor"] = cursor.into();
        }
        Ok(())
    }

    /// Asks for one page of tools, and learns from it.
    async fn answer_to(&self, line: Vec<u8>) -> Result<Value, Failure> {
        let Some(outgoing) = Outgoing::of(line) else { return Ok(Value::Null) };
        let response = self.session.post(&outgoing).await?;
        let status = response.status;
        let (mut messages, mut unanswered) = (Messages::of(response), Unanswered::of(&outgoing));
        while let Some(message) = messages.next().await? {
            if unanswered.cross_off(&message.peeks) {
                self.session.upstream.mirrored.learn(&message.line);
                return serde_json::from_slice(&message.line)
                    .map_err(|error| Misbehaviour::Mcp(format!("its tool list: {error}")).into());
            }
        }
        Err(no_message(status))
    }
}
