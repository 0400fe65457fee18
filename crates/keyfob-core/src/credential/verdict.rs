//! Trust rules 6, 7, 8 and C13: what a refusal means for the sign-in, given what was refused before.

use chrono::TimeDelta;

use super::SignIn;
use super::waiting::{Pause, Waiting};
use crate::failure::{Failure, Misbehaviour, SignInNeeded};
use crate::grant::token_endpoint::Refusal;
use crate::moment::Moment;
use crate::pauses::rest;

/// What a failed renewal does to the record.
pub(super) enum Verdict {
    Final(SignInNeeded),
    Wait { failure: Failure, pause: Pause },
}

/// Equal final-looking answers that are needed before a sign-in counts as ended (trust rule 7).
const EQUAL_REFUSALS_TO_END: u32 = 3;

/// Judges a refusal. `client_given` is true where the operator gave the client id: then no new sign-in makes another one.
pub(super) fn verdict(refusal: &Refusal, sign_in: &SignIn, client_given: bool, now: &Moment) -> Verdict {
    match refusal {
        Refusal::Temporary { cause, retry_at } => Verdict::Wait {
            failure: cause.clone().into(),
            pause: Pause::Backoff { answered: true, named: *retry_at },
        },
        Refusal::Unusable(why) => Verdict::Wait {
            failure: Misbehaviour::TokenAnswer(why.clone()).into(),
            pause: Pause::Backoff { answered: true, named: None },
        },
        // A machine spends nothing that could be dead: it is judged as any other refusal.
        Refusal::InvalidGrant { description } if sign_in.machine.is_some() => {
            other("invalid_grant", description, sign_in, now)
        }
        Refusal::InvalidGrant { description } => Verdict::Final(ended("invalid_grant", description)),
        // Told at once, and tried three times more (C13): servers have lost their clients for minutes.
        Refusal::InvalidClient { description } => {
            let why = if client_given {
                SignInNeeded::ClientRefused(description.clone())
            } else {
                SignInNeeded::RegistrationGone(description.clone())
            };
            equal(why.clone().into(), why, sign_in, now)
        }
        Refusal::Other { error, description } => other(error, description, sign_in, now),
    }
}

fn ended(error: &str, description: &str) -> SignInNeeded {
    SignInNeeded::Ended { error: error.to_owned(), description: description.to_owned() }
}

fn other(error: &str, description: &str, sign_in: &SignIn, now: &Moment) -> Verdict {
    let failure: Failure =
        Misbehaviour::Refused { error: error.to_owned(), description: description.to_owned() }.into();
    match sign_in.tokens.remaining(now).filter(|left| *left > TimeDelta::zero()) {
        // Before the token's end it may just be too early (trust rule 8), and nothing is lost yet.
        Some(left) => Verdict::Wait { failure, pause: Pause::Early(rest(left)) },
        None => equal(failure, ended(error, description), sign_in, now),
    }
}

fn equal(failure: Failure, ended: SignInNeeded, sign_in: &SignIn, now: &Moment) -> Verdict {
    let before = sign_in.waiting.as_ref();
    let count = Waiting::equal_refusals_with(before, &failure, now);
    if count > EQUAL_REFUSALS_TO_END {
        return Verdict::Final(ended);
    }
    Verdict::Wait { failure, pause: Pause::Equal(count) }
}
