//! Signing in on another device (RFC 8628): codes, a person elsewhere, and polls no faster than the server likes.

use std::time::Duration;

use chrono::TimeDelta;
use keyfob_core::client_registration::Registration;
use keyfob_core::failure::{Failure, Incompatibility};
use keyfob_core::grant::credential_request::{CredentialRequest, Encoding};
use keyfob_core::grant::device_code::{
    self, DeviceAuthorization, DeviceRequest, Next, Polled, Polling, read_poll,
};
use keyfob_core::grant::token_endpoint::TokenAnswer;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;

use super::keeping::{Keeping, extra_parameters, prove_writable, read_or_begin_anew, scopes_to_request};
use super::{SignInOptions, SignInProgress, SignedIn};
use crate::journeys::examine::examine;
use crate::journeys::register::{self, Wanted};
use crate::journeys::{as_http_answer, client_proof, guard_of, transport_failure};
use crate::ports::{HttpResponse, Ports, TransportFailure};

/// How a server says that it reads another encoding (RFC 9110 §15.5.16).
const OTHER_ENCODING: u16 = 415;

/// The journey of a device.
pub(super) async fn sign_in(
    ports: &Ports,
    profile: &Profile,
    options: SignInOptions,
) -> Result<SignedIn, Failure> {
    let examined = examine(ports, profile).await?;
    options.tell(SignInProgress::LookedUp(Box::new(examined.clone())));
    let before = read_or_begin_anew(ports, profile).await?;
    let scopes = scopes_to_request(profile, &examined, &before, &options.additional_scopes);
    let server = &examined.server;
    let wanted = Wanted { profile, server, scopes: &scopes, redirect_uri: None, plain_uri: None };
    let registration = register::register(ports, &before, &wanted).await?;
    prove_writable(ports, profile, &registration, &options).await?;
    options.tell(SignInProgress::Registered);

    let no_grant = || Incompatibility::NoGrant("device".into());
    let mut device = Device {
        ports,
        profile,
        client: &registration,
        token_endpoint: server.token_endpoint(),
        resource: profile.resource_parameter(examined.resource.resource()),
        encoding: Encoding::Form,
    };
    let extra = extra_parameters(profile);
    let authorization = device
        .authorize(&DeviceRequest {
            endpoint: server.device_authorization_endpoint().ok_or_else(no_grant)?,
            client: &registration,
            resource: device.resource,
            scopes: &scopes,
            extra: &extra,
        })
        .await?;
    let answer = device.tokens(&authorization, &options).await?;
    let keeping = Keeping { ports, profile, examined, registration, scopes };
    keeping.keep(answer, &options).await
}

struct Device<'a> {
    ports: &'a Ports,
    profile: &'a Profile,
    client: &'a Registration,
    token_endpoint: &'a CheckedUrl,
    resource: Option<&'a str>,
    /// What the server reads: a form, until it says otherwise.
    encoding: Encoding,
}

impl Device<'_> {
    async fn authorize(&mut self, wanted: &DeviceRequest<'_>) -> Result<DeviceAuthorization, Failure> {
        let build = |encoding| device_code::authorization_request(wanted, encoding);
        let response = self.post(build).await.map_err(transport_failure)?;
        DeviceAuthorization::read(
            &as_http_answer(&response),
            self.client_given(),
            self.ports.clock.now().wall,
        )
    }

    /// Tells the person, and polls until they are done or the codes have ended.
    async fn tokens(
        &mut self,
        authorization: &DeviceAuthorization,
        options: &SignInOptions,
    ) -> Result<TokenAnswer, Failure> {
        let patience = TimeDelta::from_std(options.timeout).unwrap_or(TimeDelta::MAX);
        let mut polling = Polling::begin(authorization, patience, &self.ports.clock.now());
        self.tell(authorization, options).await;
        loop {
            match polling.next(&self.ports.clock.now()) {
                Next::PollIn(pause) => self.sleep(pause).await,
                Next::OverIn(left) => {
                    self.sleep(left).await;
                    return Err(Failure::SignInTimedOut);
                }
            }
            let polled = self.poll(authorization).await;
            polling.heard(&polled);
            match polled {
                Polled::Tokens(answer) => return Ok(*answer),
                Polled::Over(failure) => return Err(failure),
                Polled::Pending | Polled::SlowDown | Polled::Silence { .. } => {}
            }
        }
    }

    async fn tell(&self, authorization: &DeviceAuthorization, options: &SignInOptions) {
        let prompt = Box::new(authorization.prompt.clone());
        let opened = if options.open_browser {
            self.ports.browser.open(prompt.best_page().url()).await
        } else {
            Err("no browser wanted".into())
        };
        let until = self.ports.clock.now().wall + authorization.lifetime;
        options.tell(SignInProgress::EnterCode { prompt, until, opened });
    }

    async fn poll(&mut self, authorization: &DeviceAuthorization) -> Polled {
        let (endpoint, client, resource) = (self.token_endpoint, self.client, self.resource);
        let build = |encoding| authorization.poll_request(endpoint, client, resource, encoding);
        let now = self.ports.clock.now().wall;
        match self.post(build).await {
            Ok(response) => read_poll(&as_http_answer(&response), self.client_given(), now),
            // It may have left or not: the next poll says, later (RFC 8628 §3.5).
            Err(TransportFailure::NotSent(_) | TransportFailure::Cut(_)) => Polled::Silence { until: None },
            Err(other) => Polled::Over(transport_failure(other)),
        }
    }

    /// Sends, and where the server reads nothing of this encoding, once more in the other one; from then on it is kept.
    async fn post(
        &mut self,
        build: impl Fn(Encoding) -> CredentialRequest,
    ) -> Result<HttpResponse, TransportFailure> {
        let guard = guard_of(self.profile);
        let response = client_proof::post(self.ports, guard, self.client, &build(self.encoding)).await?;
        if response.status != OTHER_ENCODING {
            return Ok(response);
        }
        self.encoding = self.encoding.other();
        client_proof::post(self.ports, guard, self.client, &build(self.encoding)).await
    }

    async fn sleep(&self, pause: TimeDelta) {
        self.ports.clock.sleep(pause.to_std().unwrap_or(Duration::ZERO)).await;
    }

    fn client_given(&self) -> bool {
        self.profile.client.client_id.is_some()
    }
}
