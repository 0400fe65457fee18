//! Signing in on another device (RFC 8628).

use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use serde_json::json;

use super::answer::{self, Refused};
use super::client::Client;
use super::client_authentication;
use crate::clock::Millis;
use crate::endpoint::path;
use crate::exchange::Arrived;
use crate::oddities::{DeviceBody, DeviceInterval, DevicePolling, Oddities, Override, RefreshTokens};
use crate::options::Consent;
use crate::pages;
use crate::parameters::{self, Parameters};
use crate::portal::State;
use crate::record::is_form;
use crate::tokens::{Grant, Issued};

/// The grant type of a poll.
pub(super) const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

const LASTS_SECONDS: i64 = 600;
/// Letters that read well and spell no words.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A device that waits, was allowed or was declined.
pub(super) struct Device {
    user_code: String,
    client_id: String,
    scopes: Vec<String>,
    renews: bool,
    answer: Answer,
    expires: Millis,
    interval: Millis,
    polled: Option<Millis>,
}

enum Answer {
    Awaited,
    Allowed { account: String },
    Declined,
}

impl Device {
    pub(super) fn waits_for(&self, user_code: &str) -> bool {
        let letters = |code: &str| code.to_ascii_uppercase().replace('-', "");
        matches!(self.answer, Answer::Awaited) && letters(&self.user_code) == letters(user_code)
    }

    pub(super) fn decide(&mut self, account: Option<&str>) {
        self.answer =
            account.map_or(Answer::Declined, |account| Answer::Allowed { account: account.to_owned() });
    }
}

/// Gives a device its codes (RFC 8628 section 3.2).
pub(super) fn authorize(state: &State, arrived: &Arrived) -> Response {
    if arrived.parts.method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let oddities = state.oddities();
    let sent = match (oddities.token.device_body, is_form(&arrived.parts.headers)) {
        (DeviceBody::Form, true) => Parameters::of_body(&arrived.body),
        (DeviceBody::JsonOnly, false) => Parameters::of_json(&arrived.body),
        (DeviceBody::Form, false) => return answer::error(400, "invalid_request", "the body must be a form"),
        (DeviceBody::JsonOnly, true) => {
            let body = json!({ "message": "Unsupported Media Type", "code": "UNSUPPORTED_MEDIA_TYPE" });
            return answer::json(415, body);
        }
    };
    let client = match client_authentication::authenticate(state, arrived, &sent) {
        Ok(client) => client,
        Err(refusal) => return refusal.into_answer(),
    };
    let asked = parameters::scopes(sent.one("scope"));
    let interval = match oddities.token.device_interval {
        DeviceInterval::Told(seconds) => seconds,
        DeviceInterval::Untold => 5,
    };
    let device_code = state.mint.token("device");
    let device = Device {
        user_code: user_code(&state.mint.bytes()),
        client_id: client.id,
        scopes: if asked.is_empty() { state.options.scopes.clone() } else { asked },
        renews: oddities.token.refresh_tokens != RefreshTokens::Never,
        answer: Answer::Awaited,
        expires: state.now() + LASTS_SECONDS * 1000,
        interval: i64::try_from(interval).unwrap_or(5) * 1000,
        polled: None,
    };
    let page = state.url(path::DEVICE);
    let mut body = json!({
        "device_code": device_code,
        "user_code": device.user_code,
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", device.user_code),
        "expires_in": LASTS_SECONDS,
    });
    if matches!(oddities.token.device_interval, DeviceInterval::Told(_)) {
        body["interval"] = json!(interval);
    }
    Override::apply(&oddities.token.device_overrides, &mut body);
    state.server().devices.insert(device_code, device);
    answer::json(200, body)
}

fn user_code(random: &[u8; 32]) -> String {
    let letters = random.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    let mut code: String = letters.take(8).collect();
    code.insert(4, '-');
    code
}

/// The page where the code is entered. The portal's consent option answers for the user, or shows the buttons.
pub(super) fn page(state: &State, arrived: &Arrived) -> Response {
    let query = Parameters::of_body(arrived.parts.uri.query().unwrap_or_default().as_bytes());
    let form = Parameters::of_body(&arrived.body);
    let posted = arrived.parts.method == Method::POST;
    let code = if posted { form.one("user_code") } else { query.one("user_code") };
    let Some(code) = code else {
        return pages::device_code(&state.options.name);
    };
    let allowed = match (state.consent(), posted) {
        (Consent::Page, false) => {
            return pages::device_consent(&state.options.name, &state.options.account, code);
        }
        (Consent::Page, true) => form.one("decision") == Some("allow"),
        (Consent::Immediate, _) => true,
        (Consent::Declined, _) => false,
    };
    let account = allowed.then_some(state.options.account.as_str());
    if !state.server().decide_device(code, account) {
        return pages::refusal(&state.options.name, "No device waits with this code.");
    }
    if allowed {
        state.record.change(|seen| seen.consents += 1);
    }
    pages::device_done(&state.options.name, allowed)
}

/// Answers a poll (RFC 8628 section 3.5).
pub(super) fn redeem(
    state: &State,
    oddities: &Oddities,
    client: &Client,
    sent: &Parameters,
) -> Result<Issued, Refused> {
    let code = sent.one("device_code").unwrap_or_default();
    let mut server = state.server();
    let device = server.devices.get_mut(code).filter(|device| device.client_id == client.id);
    let Some(device) = device else {
        return Err(answer::refused(400, "invalid_grant", "unknown device code"));
    };
    let now = state.now();
    let early = device.polled.is_some_and(|polled| now - polled < device.interval);
    device.polled = Some(now);
    if now >= device.expires {
        return Err(answer::refused(400, "expired_token", "the code was not entered in time"));
    }
    if early && oddities.token.device_polling == DevicePolling::SlowDown {
        device.interval += 5000;
        return Err(answer::refused(400, "slow_down", "polled too soon"));
    }
    let account = match &device.answer {
        Answer::Awaited => return Err(answer::refused(400, "authorization_pending", "not answered yet")),
        Answer::Declined => return Err(answer::refused(400, "access_denied", "declined")),
        Answer::Allowed { account } => account.clone(),
    };
    let grant = Grant {
        client_id: client.id.clone(),
        account: Some(account),
        scopes: device.scopes.iter().filter(|scope| *scope != "offline_access").cloned().collect(),
        renews: device.renews,
        nonce: None,
    };
    server.devices.remove(code);
    drop(server);
    state.record.change(|seen| seen.sign_ins += 1);
    Ok(state.ledger().begin(grant, &state.terms(oddities)).1)
}
