//! The consent page and its buttons.

use keyfob_demo::{Consent, Portal, PortalOptions};

use crate::visitor::*;

async fn with_page() -> Portal {
    Portal::start(PortalOptions { consent: Consent::Page, ..PortalOptions::default() }).await.unwrap()
}

/// The page's own number, as the form sends it.
fn number(page: &str) -> String {
    let start = page.find("name=\"request\" value=\"").expect("a form") + "name=\"request\" value=\"".len();
    page[start..].split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn the_page_names_client_account_and_scopes_and_each_button_works_once() {
    let portal = with_page().await;
    let client = register(&portal);
    for (decision, parameter) in [("allow", "code"), ("decline", "error")] {
        let page = get(&portal, &authorization(&portal, &client, &[("scope", "read openid")]));
        assert_eq!(page.status(), 200);
        assert_eq!(page.header("cache-control").as_deref(), Some("no-store"));
        let text = page.text();
        for words in ["Test client", "ada@example.com", "<code>read</code>", "readonly", "Allow", "Decline"] {
            assert!(text.contains(words), "{words}");
        }
        assert!(!text.contains("{{"));
        let pressed = [("request", &*number(&text)), ("decision", decision)];
        let back = form(&portal, "/authorize/decision", &pressed);
        assert!(back.returned(parameter).is_some());
        assert_eq!(back.returned("state").as_deref(), Some("the-state"));
        assert_eq!(form(&portal, "/authorize/decision", &pressed).status(), 400);
    }
    assert_eq!(portal.record().seen().consents, 1);
}

#[tokio::test]
async fn the_page_fetches_nothing_and_cannot_be_framed() {
    let portal = with_page().await;
    let client = register(&portal);
    let page = get(&portal, &authorization(&portal, &client, &[]));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
    assert!(!page.text().contains("http://") || !page.text().contains("src="));
}

#[tokio::test]
async fn another_account_signs_in_by_login_hint() {
    let portal = with_page().await;
    let client = register(&portal);
    let page = get(&portal, &authorization(&portal, &client, &[("login_hint", "grace@example.com")]));
    assert!(page.text().contains("grace@example.com"));
}
