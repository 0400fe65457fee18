//! A tool whose schema has changed what it wants in headers since the client listed it.

use serde_json::{Value, json};

use crate::scripted_http::Seen;
use crate::{Answer, Client, reply};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";

fn call(id: u32) -> String {
    let meta = json!({ VERSION: "2026-07-28", "io.modelcontextprotocol/clientInfo": { "name": "c" }, "progressToken": 7 });
    let params = json!({ "name": "run", "arguments": { "region": "west" }, "_meta": meta });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }).to_string()
}

/// The server's list with `region` mirrored into this header.
fn tools(id: &str, header: &str, next: Option<&str>) -> String {
    let region = json!({ "type": "string", "x-mcp-header": header });
    let tools = json!([{ "name": "run", "inputSchema": { "properties": { "region": region } } }]);
    let mut result = json!({ "tools": tools });
    if let Some(next) = next {
        result["nextCursor"] = next.into();
    }
    json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string()
}

fn mismatch(id: &Value) -> String {
    let error = json!({ "code": -32020, "message": "Header mismatch: Mcp-Param-Zone" });
    json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string()
}

fn calls(client: &Client) -> Vec<Seen> {
    client.http.seen().into_iter().filter(|request| request.body.contains("tools/call")).collect()
}

/// The client gets its answer and nothing else: neither the list nor the refusal.
#[tokio::test(start_paused = true)]
async fn a_call_with_the_wrong_headers_goes_once_more_with_those_the_tools_want_by_now() {
    for (status, id) in [(400, json!(null)), (400, json!(1)), (200, json!(1))] {
        let mut client = Client::start();
        client.http.post("tools/call", Answer::json(status, &mismatch(&id)));
        client.http.post("keyfob-tools-0", Answer::json(200, &tools("keyfob-tools-0", "Other", Some("p2"))));
        client.http.post("keyfob-tools-1", Answer::json(200, &tools("keyfob-tools-1", "Zone", None)));
        client.http.post("tools/call", Answer::json(200, &reply(1, "done")));
        client.say(&call(1)).await;
        assert_eq!(client.hear().await, reply(1, "done"));
        let seen = client.http.seen();
        assert_eq!(seen[0].header("mcp-param-zone"), None);
        assert_eq!((seen[3].header("mcp-param-zone"), seen[3].body.as_str()), (Some("west"), &*call(1)));
        let listing: Value = serde_json::from_str(&seen[2].body).unwrap();
        assert_eq!(listing["params"]["cursor"], "p2");
        let meta = json!({ VERSION: "2026-07-28", "io.modelcontextprotocol/clientInfo": { "name": "c" } });
        assert_eq!(listing["params"]["_meta"], meta, "the call's own progress token stays with it");
        assert_eq!(seen[2].header("mcp-method"), Some("tools/list"));
        assert!(client.close().await.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_within_a_stream_that_stays_open_is_heard_at_once() {
    let mut client = Client::start();
    let (answer, say) = Answer::live();
    client.http.post("tools/call", answer);
    client.http.post("tools/list", Answer::json(200, &tools("keyfob-tools-0", "Zone", None)));
    client.http.post("tools/call", Answer::json(200, &reply(1, "done")));
    client.say(&call(1)).await;
    client.http.wait_for(1).await;
    say.send(format!("data: {}\n\n", mismatch(&json!(1)))).unwrap();
    assert_eq!(client.hear().await, reply(1, "done"));
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_end_holds_up_no_other_call() {
    let mut client = Client::start();
    let lists: Vec<_> = [1, 2]
        .into_iter()
        .map(|id| {
            let (list, silence) = Answer::live();
            client.http.post("tools/call", Answer::json(400, &mismatch(&json!(id))));
            client.http.post("tools/list", list);
            silence
        })
        .collect();
    for id in [1, 2] {
        client.say(&call(id)).await;
        assert_eq!(client.hear().await, mismatch(&json!(id)));
    }
    drop(lists);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_again_is_heard_and_is_asked_no_third_time() {
    let mut client = Client::start();
    client.http.post("tools/call", Answer::json(400, &mismatch(&json!(1))));
    client.http.post("tools/list", Answer::json(200, &tools("keyfob-tools-0", "Zone", None)));
    client.http.post("tools/call", Answer::json(400, &mismatch(&json!(1))));
    client.say(&call(1)).await;
    assert_eq!(client.hear().await, mismatch(&json!(1)));
    client.close().await;
}

/// Its list says what was known before, or there is none to be had: another try would be the same.
#[tokio::test(start_paused = true)]
async fn a_list_that_says_nothing_new_ends_it_with_the_servers_own_words() {
    let nothing_new =
        json!({ "jsonrpc": "2.0", "id": "keyfob-tools-0", "result": { "tools": [] } }).to_string();
    for answer in [Answer::json(200, &nothing_new), Answer::status(500), Answer::json(200, "{}").cut()] {
        let mut client = Client::start();
        client.http.post("tools/call", Answer::json(400, &mismatch(&json!(null))));
        client.http.post("tools/list", answer);
        client.say(&call(1)).await;
        let heard = client.hear_json().await;
        assert_eq!((&heard["id"], &heard["error"]["code"]), (&json!(1), &json!(-32020)));
        client.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn of_many_calls_refused_together_one_lists_the_tools() {
    let mut client = Client::start();
    let mut holds = Vec::new();
    for _ in 0..8 {
        let (answer, now) = Answer::json(400, &mismatch(&json!(null))).when_told();
        client.http.post("tools/call", answer);
        holds.push(now);
    }
    for id in 1..=8 {
        client.say(&call(id)).await;
    }
    client.http.wait_for(8).await;
    client.http.post("tools/list", Answer::json(200, &tools("keyfob-tools-0", "Zone", None)));
    for id in 1..=8 {
        client.http.post(&format!("\"id\":{id},"), Answer::json(200, &reply(id, "done")));
    }
    for now in holds {
        now.send(()).unwrap();
    }
    let mut heard = Vec::new();
    for _ in 0..8 {
        heard.push(client.hear().await);
    }
    heard.sort();
    assert_eq!(heard, (1..=8).map(|id| reply(id, "done")).collect::<Vec<_>>());
    let again = calls(&client).split_off(8);
    assert!(again.iter().all(|request| request.header("mcp-param-zone") == Some("west")));
    client.close().await;
}

/// The code is the server's own where the message names no version: whether it has done anything by then is not known.
#[tokio::test(start_paused = true)]
async fn in_an_older_version_the_error_is_handed_on_and_nothing_is_sent_twice() {
    let mut client = Client::start();
    client.http.post("tools/call", Answer::json(200, &mismatch(&json!(1))));
    client.say(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"run"}}"#).await;
    assert_eq!(client.hear().await, mismatch(&json!(1)));
    assert_eq!(client.http.seen().len(), 1);
    client.close().await;
}
