//! The pages a person sees: consent, the device code, and what went wrong. One sheet of style, nothing fetched.

use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use url::Url;

const FRAME: &str = include_str!("frame.html");
const STYLE: &str = include_str!("style.css");

/// What the consent page shows.
pub(crate) struct Consent<'a> {
    pub(crate) portal: &'a str,
    pub(crate) client: &'a str,
    pub(crate) account: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) returns_to: &'a Url,
    /// The page's own number, sent back with the decision.
    pub(crate) request: &'a str,
}

/// The page with Allow and Decline.
pub(crate) fn consent(page: &Consent<'_>) -> Response {
    let scopes: String = page.scopes.iter().map(|scope| scope_line(scope)).collect();
    let host = page.returns_to.host_str().unwrap_or_default();
    let body = include_str!("consent.html")
        .replace("{{client}}", &escaped(page.client))
        .replace("{{portal}}", &escaped(page.portal))
        .replace("{{account}}", &escaped(page.account))
        .replace("{{initial}}", &initial(page.account))
        .replace("{{scopes}}", &scopes)
        .replace("{{returns_to}}", &escaped(host))
        .replace("{{request}}", &escaped(page.request));
    framed(StatusCode::OK, page.portal, "Allow access?", &body)
}

/// A page that says what is wrong, status 400; the browser goes nowhere.
pub(crate) fn refusal(portal: &str, reason: &str) -> Response {
    let body = format!("<h1>This did not work</h1><p class=\"lead\">{}</p>", escaped(reason));
    framed(StatusCode::BAD_REQUEST, portal, "This did not work", &body)
}

/// The page that asks for a device's code.
pub(crate) fn device_code(portal: &str) -> Response {
    framed(StatusCode::OK, portal, "Connect a device", include_str!("device_code.html"))
}

/// The page that asks whether a device may sign in.
pub(crate) fn device_consent(portal: &str, account: &str, user_code: &str) -> Response {
    let body = include_str!("device_consent.html")
        .replace("{{account}}", &escaped(account))
        .replace("{{initial}}", &initial(account))
        .replace("{{user_code}}", &escaped(user_code));
    framed(StatusCode::OK, portal, "Connect a device", &body)
}

/// The last page of a device sign-in.
pub(crate) fn device_done(portal: &str, allowed: bool) -> Response {
    let (title, words) = if allowed {
        ("Device connected", "You can close this page and go back to your device.")
    } else {
        ("Declined", "The device was not signed in. You can close this page.")
    };
    framed(StatusCode::OK, portal, title, &format!("<h1>{title}</h1><p class=\"lead\">{words}</p>"))
}

fn scope_line(scope: &str) -> String {
    let meaning = match scope {
        "read" => "Look at what is in the portal",
        "write" => "Change what is in the portal",
        "openid" => "Know who you are",
        "email" => "See your e-mail address",
        "offline_access" => "Stay signed in while you are away",
        _ => "Use this permission of the portal",
    };
    format!("<li><span>{meaning}</span><code>{}</code></li>", escaped(scope))
}

fn initial(account: &str) -> String {
    escaped(&account.chars().take(1).flat_map(char::to_uppercase).collect::<String>())
}

fn framed(status: StatusCode, portal: &str, title: &str, body: &str) -> Response {
    let page = FRAME
        .replace("{{style}}", STYLE)
        .replace("{{title}}", &escaped(title))
        .replace("{{portal}}", &escaped(portal))
        .replace("{{body}}", body);
    let mut answer = (status, Html(page)).into_response();
    // No `form-action`: browsers apply it to the redirect after the form as well, and that goes to the client.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    answer
}

/// Text that a page may carry. Braces go too, so that no text can be taken for a place to fill.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '"' | '\'' | '{' | '}' => {
                safe.push_str("&#");
                safe.push_str(&u32::from(character).to_string());
                safe.push(';');
            }
            _ => safe.push(character),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_text() {
        assert_eq!(escaped("<b>\"{{x}}"), "&#60;b&#62;&#34;&#123;&#123;x&#125;&#125;");
    }
}
