//! The page a person sees when the browser comes back. It says what really happened: it is sent after the tokens are
//! durable, carries no script, no third-party content and no code (E8), and names no text from the redirect.

use keyfob_core::failure::Failure;

use crate::ports::Page;

const STYLE: &str = ":root{color-scheme:light dark;--ink:#16202a;--soft:#5b6875;--paper:#f4f6f8;--card:#fff;--good:#0b7a4b;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--ink:#e8edf2;--soft:#9aa7b4;--paper:#12171c;--card:#1b2229;--good:#4cc38a;--bad:#ff8a80}}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\
main{background:var(--card);border-radius:16px;padding:40px 48px;max-width:26rem;text-align:center;box-shadow:0 8px 40px #0002}\
svg{width:56px;height:56px}h1{font-size:1.35rem;margin:16px 0 8px}p{margin:0;color:var(--soft)}.good{color:var(--good)}.bad{color:var(--bad)}";

/// The sign-in worked.
pub(super) fn signed_in(label: &str) -> Page {
    let mark = r#"<svg class="good" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><circle cx="12" cy="12" r="10"/><path d="m7.5 12.5 3 3 6-7"/></svg>"#;
    page(
        200,
        mark,
        "Signed in",
        &format!("keyfob now keeps <b>{}</b> signed in. You can close this tab.", escaped(label)),
    )
}

/// The sign-in did not work; what was there before still is.
pub(super) fn failed(failure: &Failure) -> Page {
    let mark = r#"<svg class="bad" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" aria-hidden="true"><circle cx="12" cy="12" r="10"/><path d="M12 7v6m0 3.5v.5"/></svg>"#;
    let words = match failure {
        Failure::UserDeclined(_) => "The sign-in was declined. Nothing was changed.".to_owned(),
        other => format!("{}. Nothing was changed.", escaped(&other.to_string())),
    };
    page(200, mark, "Not signed in", &words)
}

/// For requests that are not the redirect waited for.
pub(super) fn ignored(status: u16) -> Page {
    page(
        status,
        "",
        "Nothing here",
        "keyfob is waiting for another page. If you just signed in, start again from keyfob.",
    )
}

fn page(status: u16, mark: &str, title: &str, words: &str) -> Page {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>keyfob: {title}</title><style>{STYLE}</style><main>{mark}<h1>{title}</h1><p>{words}</p></main></html>"
    );
    Page { status, html }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyfob_core::failure::Misbehaviour;

    /// E8
    #[test]
    fn server_text_cannot_become_markup() {
        let failure =
            Misbehaviour::Refused { error: "<script>x</script>".into(), description: "\"&".into() }.into();
        let html = failed(&failure).html;
        assert!(!html.contains("<script") && html.contains("&lt;script&gt;") && html.contains("&quot;&amp;"));
    }
}
