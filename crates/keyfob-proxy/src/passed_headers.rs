//! Which headers go through the loopback proxy. All of them, `Mcp-*` and those nobody knows yet included, but those that concern
//! one connection (RFC 9110 §7.6.1), those that carry credentials or say where a request came from (G5), and in answers those
//! that would make a client or a browser act upon 127.0.0.1 as if it were the server.

use http::{HeaderMap, HeaderName, header};

/// Leaves of a client's headers what the server is sent. The token is set afterwards, by whoever sends.
pub(crate) fn outward(headers: &mut HeaderMap) {
    keep(headers, |name| {
        !matches!(
            name,
            "host"
                | "authorization"
                | "cookie"
                | "origin"
                | "referer"
                | "forwarded"
                | "via"
                | "x-real-ip"
                | "x-client-ip"
                | "true-client-ip"
                | "x-keyfob-key"
                | "expect"
        ) && !name.starts_with("x-forwarded-")
            && !name.starts_with("sec-fetch-")
    });
}

/// Leaves of a server's headers what the client is sent: no challenge, no cookie, no leave for web pages, nothing about other
/// addresses of the server.
pub(crate) fn inward(headers: &mut HeaderMap) {
    keep(headers, |name| {
        !matches!(
            name,
            "www-authenticate"
                | "authentication-info"
                | "set-cookie"
                | "set-cookie2"
                | "strict-transport-security"
                | "alt-svc"
                | "clear-site-data"
        ) && !name.starts_with("access-control-")
    });
}

fn keep(headers: &mut HeaderMap, wanted: impl Fn(&str) -> bool) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let dropped: Vec<HeaderName> = headers
        .keys()
        .filter(|name| !wanted(name.as_str()) || is_hop_by_hop(name.as_str()))
        .cloned()
        .collect();
    for name in dropped.into_iter().chain(named) {
        headers.remove(name);
    }
}

/// Concerns one connection only.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "http2-settings"
    ) || name.starts_with("proxy-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(change: fn(&mut HeaderMap), lines: &[(&'static str, &'static str)]) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        change(&mut headers);
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    /// G5, G9
    #[test]
    fn credentials_and_the_way_a_request_came_are_not_passed_on_and_all_else_is() {
        let kept = [
            ("mcp-session-id", "s"),
            ("mcp-protocol-version", "2026-07-28"),
            ("mcp-method", "tools/call"),
            ("accept", "text/event-stream"),
            ("x-unknown", "1"),
            ("x-unknown", "2"),
            ("last-event-id", "7"),
            ("content-length", "3"),
        ];
        let dropped = [
            ("authorization", "Bearer mine"),
            ("cookie", "a=1"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-anything", "x"),
            ("forwarded", "for=1"),
            ("connection", "keep-alive, x-secret"),
            ("x-secret", "1"),
            ("proxy-authorization", "Basic x"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("x-keyfob-key", "KEY"),
            ("referer", "http://127.0.0.1:1/c/KEY/work/mcp"),
        ];
        let all: Vec<_> = kept.into_iter().chain(dropped).collect();
        let expected: Vec<_> = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        assert_eq!(after(outward, &all), expected);
    }

    /// G5
    #[test]
    fn an_answer_brings_no_challenge_no_cookie_and_no_leave_for_web_pages() {
        let lines = [
            ("mcp-session-id", "s"),
            ("www-authenticate", "Bearer"),
            ("set-cookie", "a=1"),
            ("access-control-allow-origin", "*"),
            ("alt-svc", "h3"),
            ("content-encoding", "gzip"),
            ("proxy-authenticate", "Basic"),
        ];
        let names: Vec<_> = after(inward, &lines).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["mcp-session-id", "content-encoding"]);
    }
}
