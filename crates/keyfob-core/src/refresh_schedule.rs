//! When a sign-in's next renewal is due. Pure: the clock comes in as `now`.

use chrono::TimeDelta;

use crate::credential::SignIn;
use crate::moment::Moment;
use crate::pauses::{LONGEST_WAIT, believable, lead, scaled, time_until};

/// However short a token lives, its server is not asked more often than this.
const SHORTEST_INTERVAL: TimeDelta = TimeDelta::seconds(2);
/// How long from `now` until this sign-in's next renewal is due; zero where it is overdue, `None` where nothing is to be
/// done: nothing to renew it with, or the sign-in has ended. `margin` widens the lead, within half of the token's life.
pub fn due_in(sign_in: &SignIn, margin: TimeDelta, now: &Moment, jitter: f64) -> Option<TimeDelta> {
    if !sign_in.renews() || sign_in.dead.is_some() {
        return None;
    }
    if let Some(waiting) = &sign_in.waiting {
        // An early refusal of a long token waits for half of what is left of it: hours, or days.
        let longest = LONGEST_WAIT.max(sign_in.tokens.lifetime);
        return Some(believable(time_until(&waiting.until, now), longest));
    }
    // An open intent means that the server may have rotated already: every second counts (trust rule 11).
    if sign_in.intent.is_some() {
        return Some(TimeDelta::zero());
    }
    let tokens = &sign_in.tokens;
    let rest = rest_left(sign_in, now);
    // Of unknown age: one renewal makes it known (trust rule 9).
    let Some(left) = tokens.remaining(now) else { return Some(rest) };
    let half = scaled(tokens.lifetime / 2, 1.0 + 0.1 * jitter.clamp(-1.0, 1.0));
    let lead = (lead(tokens.lifetime, jitter) + margin.max(TimeDelta::zero())).min(half);
    let interval = (tokens.lifetime - lead).max(SHORTEST_INTERVAL);
    let age = tokens.lifetime - left;
    Some((interval - age).max(rest).max(TimeDelta::zero()))
}

/// What is left of the rest that a server has asked for by giving the same token again.
pub fn rest_left(sign_in: &SignIn, now: &Moment) -> TimeDelta {
    let rest = sign_in.rests_until.as_ref().map(|until| time_until(until, now));
    believable(rest.unwrap_or_default(), sign_in.tokens.lifetime)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign_in(lifetime: i64) -> SignIn {
        crate::credential::tests::signed_in_for(lifetime).sign_in.unwrap()
    }

    fn due(sign_in: &SignIn, margin: TimeDelta, now: &Moment) -> i64 {
        due_in(sign_in, margin, now, 0.0).unwrap().num_seconds()
    }

    /// trust rule 8: neither a margin nor a tiny life makes a server be asked without end.
    #[test]
    fn a_margin_as_long_as_the_life_and_a_life_of_a_second_still_leave_pauses() {
        let now = crate::token_set::tests::at(0);
        assert_eq!(due(&sign_in(3_600), TimeDelta::minutes(10), &now), 3_600 - 360 - 600);
        assert_eq!(due(&sign_in(3_600), TimeDelta::hours(5), &now), 1_800);
        assert_eq!(due(&sign_in(1), TimeDelta::zero(), &now), 2);
    }

    /// trust rule 9, fault 22
    #[test]
    fn a_wrong_clock_at_the_last_boot_costs_one_renewal_and_no_wait_of_years() {
        let now = crate::token_set::tests::at(0);
        let years_ahead =
            Moment { wall: now.wall + TimeDelta::days(3_650), boot_id: "last".into(), ..now.clone() };
        let mut obtained_in_the_future = sign_in(3_600);
        obtained_in_the_future.tokens.obtained = years_ahead.clone();
        assert_eq!(due(&obtained_in_the_future, TimeDelta::zero(), &now), 0);
        obtained_in_the_future.rests_until = Some(years_ahead.clone());
        assert_eq!(due(&obtained_in_the_future, TimeDelta::zero(), &now), 0);
        let offline = crate::failure::Temporary::Offline("x".into());
        let waiting =
            crate::credential::tests::signed_in_for(3_600).unanswered(offline, false, &years_ahead, 0.0);
        assert_eq!(due(&waiting.sign_in.unwrap(), TimeDelta::zero(), &now), 0);
    }
}
