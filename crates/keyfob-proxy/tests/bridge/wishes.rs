//! What a user asks of a bridge beyond its server: headers of their own, tools that stay hidden.

use http::{HeaderMap, HeaderName, HeaderValue};
use keyfob_proxy::bridge::BridgeWishes;
use keyfob_proxy::hidden_tools::HiddenTools;
use serde_json::json;

use crate::{Answer, Client, ask};

#[tokio::test(start_paused = true)]
async fn headers_of_the_users_own_go_along_and_change_none_of_keyfobs() {
    let own = [("x-tenant", "one"), ("accept", "text/html")];
    let own = own.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let headers = HeaderMap::from_iter(own);
    let mut client = Client::with(BridgeWishes { headers, ..BridgeWishes::default() });
    client.initialize().await;
    let seen = client.http.seen();
    assert!(seen.iter().all(|request| request.header("x-tenant") == Some("one")));
    assert_eq!(seen[0].header("accept"), Some("application/json, text/event-stream"));
    assert_eq!(seen[0].headers.get_all("accept").iter().count(), 1);
    client.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_hidden_tool_is_neither_listed_nor_called() {
    let hidden = HiddenTools::new(["delete*".to_owned()]);
    let mut client = Client::with(BridgeWishes { hidden, ..BridgeWishes::default() });
    let list = r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"deleteAll"},{"name":"read"}]}}"#;
    client.http.post("tools/list", Answer::json(200, list));
    client.say(&ask(1, "tools/list")).await;
    assert_eq!(client.hear_json().await["result"]["tools"], json!([{ "name": "read" }]));
    client.say(r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"deleteAll"}}"#).await;
    let error = client.hear_json().await;
    assert!(error["id"] == 2 && error["error"]["message"].as_str().unwrap().contains("deleteAll"), "{error}");
    assert_eq!(client.http.seen().len(), 1, "the call never left");
    client.close().await;
}
