//! The guard's table: each combination of Host, Origin, method and key, and what comes of it.

use http::Request;

use super::*;

const PORT: u16 = 24_601;
const HOSTS: [(&str, bool); 16] = [
    ("127.0.0.1:24601", true),
    ("localhost:24601", true),
    ("LOCALHOST:24601", true),
    ("127.0.0.1", false),
    ("localhost", false),
    ("127.0.0.1:24602", false),
    ("127.0.0.1:024601", false),
    ("127.0.0.1:+24601", false),
    ("[::1]:24601", false),
    ("0.0.0.0:24601", false),
    ("evil.example:24601", false),
    ("127.0.0.1.evil.example:24601", false),
    ("localhost.evil.example:24601", false),
    ("localhost:24601@evil.example", false),
    ("127.1:24601", false),
    ("", false),
];
const ORIGINS: [(Option<&str>, bool); 10] = [
    (None, true),
    (Some("http://127.0.0.1:24601"), true),
    (Some("http://localhost:24601"), true),
    (Some("https://127.0.0.1:24601"), false),
    (Some("http://127.0.0.1:3000"), false),
    (Some("http://localhost"), false),
    (Some("https://evil.example"), false),
    (Some("null"), false),
    (Some("file://"), false),
    (Some(""), false),
];
const METHODS: [(&str, bool); 9] = [
    ("GET", true),
    ("POST", true),
    ("PUT", true),
    ("DELETE", true),
    ("PATCH", true),
    ("HEAD", true),
    ("OPTIONS", true),
    ("MCP", true),
    ("TRACE", false),
];
const TARGETS: [(&str, Option<&str>, Result<(), Stranger>); 12] = [
    ("/c/KEY/work/mcp", None, Ok(())),
    ("/c/KEY/work", None, Ok(())),
    ("/p/work/mcp", Some("KEY"), Ok(())),
    ("/p/work/mcp", None, Err(Stranger::NoKey)),
    ("/c/KEY", None, Err(Stranger::NoKey)),
    ("/mcp", Some("KEY"), Err(Stranger::NoKey)),
    ("/", None, Err(Stranger::NoKey)),
    ("/C/KEY/work/mcp", None, Err(Stranger::NoKey)),
    ("/.well-known/oauth-protected-resource/c/KEY/work/mcp", None, Err(Stranger::Nothing)),
    ("/register", None, Err(Stranger::Nothing)),
    ("/authorize?response_type=code", None, Err(Stranger::Nothing)),
    ("/token", Some("KEY"), Err(Stranger::Nothing)),
];

fn head(method: &str, target: &str, headers: &[(HeaderName, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// V4, G3, G4: 17,280 combinations; only the exact allow-list gets as far as its key.
#[test]
fn of_all_combinations_only_the_exact_allow_list_passes_the_guard() {
    let mut tried = 0;
    for (host, our_host) in HOSTS {
        for (origin, our_origin) in ORIGINS {
            for (method, usable) in METHODS {
                for (target, key, then) in TARGETS {
                    let mut headers = vec![(HOST, host)];
                    headers.extend(origin.map(|origin| (ORIGIN, origin)));
                    headers.extend(key.map(|key| (KEY_HEADER, key)));
                    let expected = match () {
                        () if !our_origin => Err(Stranger::WebPage),
                        () if !our_host => Err(Stranger::OtherHost),
                        () if !usable => Err(Stranger::Method),
                        () => then,
                    };
                    let head = head(method, target, &headers);
                    let found = admit(&head, Entrance::Port(PORT)).map(|admitted| {
                        assert_eq!((admitted.key.expose_secret(), admitted.profile), ("KEY", "work"));
                    });
                    assert_eq!(found, expected, "{method} {target} host {host} origin {origin:?}");
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 17_280);
}

/// V4: what stands there twice is nobody's, and a request line with a host of its own is for another proxy.
#[test]
fn doubled_headers_and_absolute_request_lines_are_refused() {
    let twice = [(HOST, "127.0.0.1:24601"), (HOST, "127.0.0.1:24601")];
    let at = Entrance::Port(PORT);
    assert_eq!(admit(&head("GET", "/c/KEY/work", &twice), at).unwrap_err(), Stranger::OtherHost);
    assert_eq!(admit(&head("GET", "/c/KEY/work", &[]), at).unwrap_err(), Stranger::OtherHost);
    let absolute = head("GET", "http://127.0.0.1:24601/c/KEY/work", &twice[..1]);
    assert_eq!(admit(&absolute, at).unwrap_err(), Stranger::OtherHost);
    let origins = [twice[0].clone(), (ORIGIN, "http://localhost:24601"), (ORIGIN, "https://evil.example")];
    assert_eq!(admit(&head("GET", "/c/KEY/work", &origins), at).unwrap_err(), Stranger::WebPage);
    let keys = [twice[0].clone(), (KEY_HEADER, "KEY"), (KEY_HEADER, "OTHER")];
    assert_eq!(admit(&head("GET", "/p/work", &keys), at).unwrap_err(), Stranger::NoKey);
}

/// V3: a request without an Origin that a page made a browser send says where it comes from.
#[test]
fn what_a_browser_sends_for_a_page_without_an_origin_is_refused() {
    for (site, allowed) in
        [("cross-site", false), ("same-site", false), ("none", true), ("same-origin", true)]
    {
        let headers = [(HOST, "127.0.0.1:24601"), (SEC_FETCH_SITE, site)];
        let admitted = admit(&head("GET", "/c/KEY/work", &headers), Entrance::Port(PORT)).map(|_| ());
        assert_eq!(admitted.is_ok(), allowed, "{site}: {admitted:?}");
    }
}

/// V4: the socket is reached by programs alone, whatever they put into `Host`; what says that it comes from a page is not.
#[test]
fn at_the_socket_the_host_means_nothing_and_an_origin_is_still_refused() {
    let named = head("POST", "/c/KEY/work/mcp", &[(HOST, "localhost")]);
    assert_eq!(admit(&named, Entrance::Socket).unwrap().profile, "work");
    let page = head("POST", "/c/KEY/work/mcp", &[(ORIGIN, "http://localhost")]);
    assert_eq!(admit(&page, Entrance::Socket).unwrap_err(), Stranger::WebPage);
    assert_eq!(admit(&head("POST", "/mcp", &[]), Entrance::Socket).unwrap_err(), Stranger::NoKey);
}

#[test]
fn what_follows_the_profile_is_the_servers_path() {
    for (path, rest) in [
        ("/c/KEY/work", ""),
        ("/c/KEY/work/", "/"),
        ("/c/KEY/work/mcp", "/mcp"),
        ("/c/KEY/work//mcp/x", "//mcp/x"),
        ("/p/work", ""),
        ("/p/work/mcp", "/mcp"),
        ("/p/c/mcp", "/mcp"),
    ] {
        assert_eq!(rest_of(path), rest, "{path}");
    }
}
