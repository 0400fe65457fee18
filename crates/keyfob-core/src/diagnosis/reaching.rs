//! The first two steps: is there a way to the server, and what does it say to somebody without a token?

use super::{Finding, Step};
use crate::discovery::challenge::BearerChallenge;
use crate::discovery::protected_resource::well_known_urls;
use crate::failure::{Failure, Incompatibility, Temporary};
use crate::resource::CheckedUrl;

/// What MCP's first message brought without a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unauthenticated<'a> {
    /// The status code.
    pub status: u16,
    /// True for a web page.
    pub is_page: bool,
    /// The Bearer challenge, where one could be read.
    pub challenge: Option<&'a BearerChallenge>,
    /// True where there was a `WWW-Authenticate` at all.
    pub has_challenge_header: bool,
}

impl Unauthenticated<'_> {
    /// What a server without any trace of OAuth is. A web page that answers anything with 200 is no open MCP server.
    pub fn without_oauth(&self) -> Failure {
        match self.status {
            200..=299 if !self.is_page => Incompatibility::NoSignInWanted.into(),
            // Nothing is known of a server that is overloaded or in trouble; tomorrow it may ask for a sign-in as ever.
            status @ (408 | 425 | 429 | 500..=599) => {
                Temporary::ServerTrouble(format!("it answers with status {status}")).into()
            }
            status => Incompatibility::NotMcp(status).into(),
        }
    }
}

/// Whether a connection stood.
pub fn reach(url: &CheckedUrl, reached: Result<(), Failure>) -> Finding {
    match reached {
        Ok(()) if url.url().scheme() == "https" => {
            Finding::pass(Step::Reach, "connected, and the certificate is good")
        }
        Ok(()) => Finding::pass(Step::Reach, "connected by plain http on this machine (local)"),
        Err(failure @ Failure::AuthorizationServerIncompatible(Incompatibility::PrivateAddress(_))) => {
            Finding::fail(Step::Reach, failure)
                .for_user("if you trust that address: keyfob doctor URL --private-network")
        }
        Err(failure) => Finding::fail(Step::Reach, failure)
            .for_user("check the spelling of the host, the network, and a proxy ([network] in config.toml)")
            .for_server("serve https with a certificate that names this host and is signed by a public authority, the whole chain included"),
    }
}

/// What was said to somebody without a token. `has_metadata` is whether resource metadata was found all the same.
pub fn challenge(url: &CheckedUrl, said: &Unauthenticated<'_>, has_metadata: bool) -> Finding {
    let step = Step::Challenge;
    match (said.status, said.challenge) {
        (401, Some(challenge)) => bearer(url, challenge),
        (401, None) => no_bearer(url, said.has_challenge_header),
        (status, _) if !has_metadata => not_asked(status, said),
        (200..=299, _) => Finding::warn(
            step,
            "a first message is answered without a token; the sign-in is asked for later, if at all",
        )
        .for_server(format!(
            "answer every MCP request without a token with 401 and `{}`",
            wanted_header(url)
        )),
        (status, _) => Finding::warn(
            step,
            format!(
                "status {status} where 401 was expected; clients that wait for 401 never begin a sign-in"
            ),
        )
        .for_server(format!("answer MCP requests without a token with 401 and `{}`", wanted_header(url))),
    }
}

fn bearer(url: &CheckedUrl, challenge: &BearerChallenge) -> Finding {
    let scope = challenge.scope.as_ref().and_then(crate::scope::ScopeSet::to_wire);
    let scope = scope.map(|scope| format!(", scope `{scope}`")).unwrap_or_default();
    if challenge.resource_metadata.is_some() {
        return Finding::pass(
            Step::Challenge,
            format!("401, and the challenge names the resource metadata{scope}"),
        );
    }
    Finding::warn(Step::Challenge, format!("401, but the challenge does not name the resource metadata{scope}; keyfob looks in the well-known places, other clients give up"))
        .for_server(format!("add it: `{}`", wanted_header(url)))
}

fn no_bearer(url: &CheckedUrl, has_header: bool) -> Finding {
    let words = if has_header {
        "401, but no Bearer challenge can be read in its `WWW-Authenticate`"
    } else {
        "401 without `WWW-Authenticate`, which every 401 must have (RFC 9110 §15.5.2)"
    };
    Finding::warn(
        Step::Challenge,
        format!("{words}; keyfob looks in the well-known places, other clients give up"),
    )
    .for_server(format!("send with every 401: `{}`", wanted_header(url)))
}

fn not_asked(status: u16, said: &Unauthenticated<'_>) -> Finding {
    let finding = Finding::fail(Step::Challenge, said.without_oauth());
    match status {
        408 | 425 | 429 | 500..=599 => finding
            .for_user("the server has trouble of its own, or is asked too much: try again later")
            .for_server("find this request in the server's log"),
        200..=299 if !said.is_page => finding.for_server(
            "if it is meant to be open, nothing is to be done; else answer 401 with a Bearer challenge",
        ),
        _ => finding
            .for_user("check the URL; MCP servers often end in /mcp")
            .for_server("answer POST at this very path; MCP without a token is 401 with a Bearer challenge"),
    }
}

/// The very header that would be right.
fn wanted_header(url: &CheckedUrl) -> String {
    let metadata = well_known_urls(url).into_iter().next().unwrap_or_default();
    format!("WWW-Authenticate: Bearer resource_metadata=\"{}\"", super::evidence::address(&metadata))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Verdict;
    use crate::discovery::challenge::bearer_challenge;

    fn url() -> CheckedUrl {
        CheckedUrl::parse("https://a.example/mcp").unwrap()
    }

    fn said(status: u16, header: Option<&str>, has_metadata: bool) -> Finding {
        let challenge = bearer_challenge(header);
        let has_challenge_header = header.is_some();
        let said =
            Unauthenticated { status, is_page: false, challenge: challenge.as_ref(), has_challenge_header };
        challenge_of(&said, has_metadata)
    }

    fn challenge_of(said: &Unauthenticated<'_>, has_metadata: bool) -> Finding {
        super::challenge(&url(), said, has_metadata)
    }

    /// A1, A3
    #[test]
    fn a_challenge_without_metadata_is_survived_and_the_owner_is_given_the_header() {
        assert_eq!(
            said(401, Some(r#"Bearer resource_metadata="https://a.example/x""#), true).verdict,
            Verdict::Pass
        );
        for header in [Some("Bearer"), Some("Basic realm=x"), None] {
            let finding = said(401, header, true);
            assert_eq!(finding.verdict, Verdict::Warn, "{header:?}");
            assert!(finding.advice.server.unwrap().contains(
                r#"WWW-Authenticate: Bearer resource_metadata="https://a.example/.well-known/oauth-protected-resource/mcp""#
            ));
        }
    }

    #[test]
    fn what_asks_for_no_token_is_open_or_no_mcp_server_unless_there_is_metadata() {
        assert_eq!(said(200, None, false).failure, Some(Incompatibility::NoSignInWanted.into()));
        assert_eq!(said(404, None, false).failure, Some(Incompatibility::NotMcp(404).into()));
        assert_eq!(said(200, None, true).verdict, Verdict::Warn);
        for status in [429, 500, 503] {
            let trouble = said(status, None, false).failure.unwrap();
            assert!(trouble.is_temporary() && trouble.to_string().contains(&status.to_string()), "{trouble}");
        }
        let page =
            Unauthenticated { status: 200, is_page: true, challenge: None, has_challenge_header: false };
        assert_eq!(challenge_of(&page, false).failure, Some(Incompatibility::NotMcp(200).into()));
    }

    #[test]
    fn a_host_out_of_reach_is_told_with_both_sides_of_the_matter() {
        let failure = Failure::Temporary(crate::failure::Temporary::Offline("no such host".into()));
        let finding = reach(&url(), Err(failure.clone()));
        assert_eq!((finding.verdict, finding.failure), (Verdict::Fail, Some(failure)));
        assert!(finding.advice.user.is_some() && finding.advice.server.unwrap().contains("certificate"));
        assert_eq!(reach(&url(), Ok(())).verdict, Verdict::Pass);
    }
}
