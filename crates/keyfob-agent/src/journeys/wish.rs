//! Who wants a renewal, and what holds it back. Decided under the profile's lock, on the record as it is then: whoever else
//! has tried meanwhile counts as well.

use chrono::TimeDelta;
use keyfob_core::credential::{Credential, SignIn, Waiting};
use keyfob_core::failure::{Failure, SignInNeeded, Temporary};
use keyfob_core::pauses::pause_left;
use keyfob_core::refresh_schedule::rest_left;

use crate::ports::Ports;

/// Who wants a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// The keeper, by its schedule.
    Due,
    /// The keeper, because the network has come back or it has just begun: the backoff begins anew.
    NetworkUp,
    /// A program that needs a token. It may ask a thousand times a minute, and the server is not asked more for that.
    Program,
    /// A person who said "refresh": goes before everything but a time that the server named.
    Person,
}

impl Wish {
    /// A pause that still runs and that this wish respects.
    pub(super) fn held_back_by<'a>(self, sign_in: &'a SignIn, ports: &Ports) -> Option<&'a Waiting> {
        // Judged as the schedule judges it: a renewal that is due there and held back here would be begun without end.
        let runs = |w: &&Waiting| pause_left(&w.until, &ports.clock.now()) > TimeDelta::zero();
        let waiting = sign_in.waiting.as_ref().filter(runs)?;
        let respects = waiting.server_named
            || match self {
                Self::Due => true,
                // To look whether the network is there again costs nobody anything.
                Self::Program => waiting.was_answered(),
                // Equal refusals are counted with their pauses; only a person may hurry them.
                Self::NetworkUp => waiting.equal_refusals > 0,
                Self::Person => false,
            };
        respects.then_some(waiting)
    }

    /// True where the server has just given the same token again, and nobody insists.
    pub(super) fn lets_rest(self, sign_in: &SignIn, ports: &Ports) -> bool {
        self != Self::Person && rest_left(sign_in, &ports.clock.now()) > TimeDelta::zero()
    }

    /// Only a person may take a sign-in over from another machine (trust rule 12).
    pub(super) fn may_renew_here(self, credential: &Credential, ports: &Ports) -> Result<(), Failure> {
        if self == Self::Person || credential.machine_id == *ports.machine_id {
            return Ok(());
        }
        Err(SignInNeeded::OtherMachine.into())
    }

    /// The record as this wish leaves it behind before anything is sent.
    pub(super) fn noted_in(self, credential: Credential, ports: &Ports) -> Credential {
        match self {
            Self::Due | Self::Program => credential,
            Self::NetworkUp => credential.with_backoff_reset(),
            Self::Person => {
                Credential { machine_id: ports.machine_id.to_string(), ..credential.with_backoff_reset() }
            }
        }
    }
}

/// What to say to somebody who is held back.
pub(super) fn failure_of(waiting: &Waiting) -> Failure {
    if waiting.server_named && waiting.failure.is_temporary() {
        return Temporary::RetryAfter { until: waiting.until.wall }.into();
    }
    waiting.failure.clone()
}
