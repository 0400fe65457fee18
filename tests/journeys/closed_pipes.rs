//! Somebody who reads no more: a client that closes the bridge, `head` behind a command. Everyday ends, and no faults.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use keyfob_tests::{Keyfob, portal};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Child;

use crate::keeper::agent;

async fn end_of(child: &mut Child) -> ExitStatus {
    tokio::time::timeout(Duration::from_secs(30), child.wait()).await.expect("an end").expect("a status")
}

#[tokio::test]
async fn a_client_that_closes_the_bridge_ends_it_quietly() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let mut bridge = keyfob.command(["connect", "a"]).stdin(Stdio::piped()).spawn().unwrap();
    drop(bridge.stdout.take());
    let mut input = bridge.stdin.take().unwrap();
    input.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n").await.unwrap();
    let ended = end_of(&mut bridge).await;
    let mut said = String::new();
    bridge.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
    assert_eq!((ended.code(), said.as_str()), (Some(0), ""));
    drop(input);
}

/// With nothing that changes meanwhile.
#[tokio::test]
async fn what_is_watched_ends_once_nobody_reads_it() {
    let (keyfob, portal) = (Keyfob::new(), portal().await);
    keyfob.sign_in_to("a", &portal.mcp_url()).await;
    let keeper = agent(&keyfob).await;
    let watches = [&["status", "--watch"][..], &["status", "--watch", "--json"], &["log", "--follow"]];
    for arguments in watches {
        let mut watching = keyfob.command(arguments).spawn().unwrap();
        let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
        lines.next_line().await.unwrap().expect("the state now");
        drop(lines);
        assert_eq!(end_of(&mut watching).await.code(), Some(0), "{arguments:?}");
    }
    keeper.terminate();
    keeper.ended().await.expect_code(0);
}
