//! The steps that only a trial sign-in can show: registration, redirect, `resource`, renewal, revocation.

use super::{Finding, Step};
use crate::credential::SignIn;
use crate::failure::hints::refuses_resource;
use crate::failure::{Failure, Misbehaviour, SignInNeeded};
use crate::profile::{Profile, ResourceParameter};

/// This client was taken.
pub fn registered() -> Finding {
    Finding::pass(Step::Registration, "this client is known there")
}

/// A sign-in that did not come to tokens, and the step it had come to.
pub fn broken(at: Step, failure: Failure) -> Finding {
    if let Failure::AuthorizationServerMisbehaved(Misbehaviour::Refused { error, description }) = &failure
        && refuses_resource(error, description)
    {
        return Finding::fail(Step::ResourceParameter, failure)
            .for_user("if whoever runs the server says that it takes no `resource`: `resource = false` below [profiles.NAME] in profiles.toml")
            .for_server("take `resource` at the authorization and the token endpoint; for this server its value is the one of the resource metadata");
    }
    let may_be_resource = matches!(&failure, Failure::AuthorizationServerMisbehaved(Misbehaviour::Refused { error, .. }) if error == "invalid_request");
    let is_nobodys_fault = matches!(failure, Failure::UserDeclined(_));
    let finding = Finding::fail(at, failure);
    if is_nobodys_fault {
        return finding.for_user("say yes in the browser, if you want the rest to be looked at");
    }
    if may_be_resource {
        return finding.for_server("say in `error_description` which parameter is meant; servers that do not know `resource` (RFC 8707) answer so, and MCP clients must send it");
    }
    match at {
        Step::Registration => finding.for_server("take a native client with `redirect_uris` on loopback and the `grant_types` authorization_code and refresh_token (RFC 7591 §2)"),
        Step::Redirect => finding.for_server("redirect to the very redirect_uri of the request, port included, with `code`, with `state` as it was sent, and with `iss` where that was promised"),
        _ => finding.for_server("answer 200 with JSON: `access_token`, `token_type` Bearer, `expires_in`, `refresh_token`; refuse with a member `error` (RFC 6749 §5.2)"),
    }
}

/// The sign-in worked with what the profile sends.
pub fn resource_taken(profile: &Profile) -> Finding {
    match profile.resource {
        ResourceParameter::Omitted => Finding::warn(
            Step::ResourceParameter,
            "left out, as the profile says: the token is good for every resource of that server",
        )
        .for_user("take `resource = false` out of profiles.toml once the server knows the parameter"),
        _ => Finding::pass(Step::ResourceParameter, "taken at the authorization and the token endpoint"),
    }
}

/// A renewal that was tried: the tokens before, and what came of it.
pub fn refreshed(before: &SignIn, after: Result<&SignIn, Failure>) -> Finding {
    let step = Step::Refresh;
    let after = match after {
        Err(Failure::SignInNeeded(SignInNeeded::NoRefreshToken)) => return super::tokens::no_refresh_token(),
        Err(failure) => {
            return Finding::fail(step, failure)
                .for_user("such a sign-in lasts as long as its first token; tell whoever runs the server")
                .for_server("answer `refresh_token` requests with a new access token; refuse with 400 and `invalid_grant`");
        }
        Ok(after) => after,
    };
    if before.tokens.access_token == after.tokens.access_token {
        return Finding::warn(step, "a renewal gave the same access token again")
            .for_server("give a new access token, or refuse; a client cannot tell when the old one ends");
    }
    if before.tokens.refresh_token == after.tokens.refresh_token {
        return Finding::pass(step, "renewed; the refresh token stays the same");
    }
    Finding::pass(step, "renewed, and the refresh token was replaced")
}

/// Tokens that could not be taken back.
pub fn not_revoked(why: &str) -> Finding {
    Finding::warn(Step::Revocation, format!("the tokens of this trial live on until they run out: {why}"))
        .for_server("offer revocation, for public clients too: `\"revocation_endpoint\": \"https://…\"`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::tests::signed_in_for;
    use crate::diagnosis::Verdict;
    use crate::secret::{AccessToken, RefreshToken};

    /// F11
    #[test]
    fn a_refused_resource_is_the_resource_steps_matter_and_all_else_the_step_it_came_to() {
        let refused = |error: &str| {
            let (error, description) = (error.to_owned(), String::new());
            broken(Step::Token, Misbehaviour::Refused { error, description }.into())
        };
        assert_eq!(refused("invalid_target").step, Step::ResourceParameter);
        assert_eq!(refused("invalid_scope").step, Step::Token);
        let slow = broken(Step::Redirect, Failure::SignInTimedOut);
        assert!(slow.step == Step::Redirect && slow.advice.server.unwrap().contains("redirect_uri"));
    }

    /// F6, fault 19, fault 20
    #[test]
    fn a_renewal_is_told_by_what_it_changed() {
        let before = signed_in_for(3_600).sign_in.unwrap();
        let mut after = before.clone();
        assert_eq!(refreshed(&before, Ok(&after)).verdict, Verdict::Warn);
        after.tokens.access_token = AccessToken::new("another".into());
        assert!(refreshed(&before, Ok(&after)).words.contains("stays the same"));
        after.tokens.refresh_token = Some(RefreshToken::new("another".into()));
        assert!(refreshed(&before, Ok(&after)).words.contains("replaced"));
        let none = refreshed(&before, Err(SignInNeeded::NoRefreshToken.into()));
        assert_eq!((none.verdict, none.step), (Verdict::Warn, Step::Refresh));
    }
}
