//! Rules 6, 7 and C13: what a refusal means for the sign-in, given what was refused before.

use chrono::{DateTime, Utc};

use super::SignIn;
use crate::failure::{Failure, Misbehaviour, SignInNeeded};
use crate::grant::token_endpoint::Refusal;

/// What a failed renewal does to the record.
pub(super) enum Verdict {
    Final(SignInNeeded),
    Wait { failure: Failure, retry_at: Option<DateTime<Utc>>, equal_refusals: u32 },
}

/// Equal final-looking answers that are needed before a sign-in counts as ended (trust rule 7).
const EQUAL_REFUSALS_TO_END: u32 = 3;

/// Judges a refusal.
pub(super) fn verdict(refusal: &Refusal, sign_in: Option<&SignIn>) -> Verdict {
    let ended = |error: &str, description: &str| {
        Verdict::Final(SignInNeeded::Ended { error: error.to_owned(), description: description.to_owned() })
    };
    match refusal {
        Refusal::Temporary { cause, retry_at } => {
            Verdict::Wait { failure: cause.clone().into(), retry_at: *retry_at, equal_refusals: 0 }
        }
        Refusal::InvalidGrant { description } => ended("invalid_grant", description),
        Refusal::InvalidClient { description } => {
            Verdict::Final(SignInNeeded::RegistrationGone(description.clone()))
        }
        Refusal::Unusable(why) => Verdict::Wait {
            failure: Misbehaviour::TokenAnswer(why.clone()).into(),
            retry_at: None,
            equal_refusals: 0,
        },
        Refusal::Other { error, description } => {
            let failure: Failure =
                Misbehaviour::Refused { error: error.clone(), description: description.clone() }.into();
            let before = sign_in.and_then(|s| s.waiting.as_ref()).filter(|w| w.failure == failure);
            let equal_refusals = before.map_or(0, |w| w.equal_refusals) + 1;
            if equal_refusals > EQUAL_REFUSALS_TO_END {
                return ended(error, description);
            }
            Verdict::Wait { failure, retry_at: None, equal_refusals }
        }
    }
}
