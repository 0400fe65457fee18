//! From a profile, its state and its record to what doors may show. The only place where words for a snapshot are chosen.

use keyfob_core::credential::Credential;
use keyfob_core::credential_state::{CredentialState, Hold, Holding};
use keyfob_core::failure::{About, Failure, Temporary};
use keyfob_core::moment::Moment;
use keyfob_core::profile::{Delivery, DeliveryTarget, Profile, duration_text};
use keyfob_core::sign_in_end::{self, EndSource, LifetimeOffer, SignInEnd, is_asked_for, sign_in_end};

use crate::delivery::DeliveryReport;
use crate::ports::StoreStatus;
use crate::snapshot::{
    AccessTokenShown, DeliveryShown, LifetimeOfferShown, ProfileShown, SignInShown, StoreShown,
};

/// Everything that is known of one profile.
pub(crate) struct Known<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) state: &'a CredentialState,
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) next_refresh_at: Option<chrono::DateTime<chrono::Utc>>,
    pub(crate) deliveries: &'a [DeliveryReport],
    pub(crate) now: &'a Moment,
}

/// One profile, for a snapshot.
pub(crate) fn profile(known: &Known<'_>) -> ProfileShown {
    let Known { profile, state, credential, now, .. } = *known;
    let sign_in = credential.and_then(|c| c.sign_in_for(&profile.url));
    let end = sign_in
        .map(|s| sign_in_end(s, profile, credential.and_then(|c| c.learned_lifetimes.last().copied())));
    let usable = sign_in.is_some_and(|s| s.tokens.is_valid_for(profile.margin, now));
    let failure = failure(state);
    let history = credential.map(|c| &c.history);
    ProfileShown {
        name: profile.name.to_string(),
        url: profile.url.to_string(),
        label: profile.label.clone(),
        access: profile.access,
        local: profile.url.is_local(),
        state: state.word(usable),
        signing_in: state.signing_in.is_some(),
        issuer: credential.and_then(|c| c.registration.as_ref()).map(|r| r.issuer.clone()),
        account: sign_in.and_then(|s| s.account.clone()),
        scopes: sign_in
            .and_then(|s| s.tokens.scopes.as_ref())
            .map(|s| s.names().to_vec())
            .unwrap_or_default(),
        access_token: sign_in
            .map(|s| AccessTokenShown { expires_at: s.tokens.expires_at(), assumed: s.tokens.end_assumed }),
        sign_in: sign_in.zip(end.as_ref()).map(|(s, end)| SignInShown {
            since: s.since.wall,
            ends_at: end.at(),
            known: end.known().to_owned(),
            asked: is_asked_for(end, profile),
            offers: offers(end, credential),
        }),
        next_refresh_at: known.next_refresh_at,
        last_refresh: history.and_then(|h| h.last_refresh.clone()),
        refreshes: history.map_or(0, |h| h.refreshes),
        failures: history.map_or(0, |h| h.failures),
        remind: profile.remind.clone(),
        deliveries: deliveries(known),
        problem: failure.as_ref().map(problem_words).or_else(|| delivery_problem(known.deliveries)),
        hint: failure
            .as_ref()
            .and_then(|f| f.hint(About::Profile(profile.name.as_str())))
            .or_else(|| end_hint(end.as_ref()?, profile)),
    }
}

/// The store, for a snapshot.
pub(crate) fn store(status: &StoreStatus) -> StoreShown {
    StoreShown {
        backend: status.backend.clone(),
        strength: status.strength.clone(),
        problem: status.problem.as_ref().map(ToString::to_string),
        hint: status.problem.as_ref().map(keyfob_core::failure::StoreProblem::hint),
    }
}

fn failure(state: &CredentialState) -> Option<Failure> {
    match (&state.hold, &state.holding) {
        (Hold::Locked(problem), _) => Some(problem.clone().into()),
        (_, Holding::Dead(why)) => Some(why.clone().into()),
        (_, Holding::Held { retrying }) => retrying.clone(),
        (_, Holding::Absent) => None,
    }
}

/// Offline is one word, because scripts and the tray branch on it; everything else is a sentence.
fn problem_words(failure: &Failure) -> String {
    match failure {
        Failure::Temporary(Temporary::Offline(_)) => "offline".into(),
        other => other.to_string(),
    }
}

fn deliveries(known: &Known<'_>) -> Vec<DeliveryShown> {
    let problem_of = |target: &DeliveryTarget| {
        let report = known.deliveries.iter().find(|report| report.target == *target)?;
        report.problem.as_ref().map(ToString::to_string)
    };
    let shown = |delivery: &Delivery| DeliveryShown {
        target: delivery.target.to_string(),
        problem: problem_of(&delivery.target),
    };
    known.profile.deliver.iter().map(shown).collect()
}

fn delivery_problem(reports: &[DeliveryReport]) -> Option<String> {
    let failed = reports.iter().find_map(|report| Some((&report.target, report.problem.as_ref()?)))?;
    Some(format!("{} could not be written: {}", failed.0, failed.1))
}

/// Answers to "when does this sign-in end?"; the server's own word needs none.
fn offers(end: &SignInEnd, credential: Option<&Credential>) -> Vec<LifetimeOfferShown> {
    if end.known() == EndSource::Server.word() {
        return Vec::new();
    }
    let learned = credential.map(|c| c.learned_lifetimes.as_slice()).unwrap_or_default();
    let shown = |offer: LifetimeOffer| LifetimeOfferShown {
        lifetime: duration_text(offer.lifetime),
        source: offer.source.to_owned(),
    };
    sign_in_end::offers(learned).into_iter().map(shown).collect()
}

/// An unknown end is asked for, never made up; "not known" is an answer.
fn end_hint(end: &SignInEnd, profile: &Profile) -> Option<String> {
    is_asked_for(end, profile).then(|| {
        format!("nobody has said when this sign-in ends; if you know: keyfob config {0} --lifetime 30d, else: keyfob config {0} --lifetime not-known", profile.name)
    })
}
