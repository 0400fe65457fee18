//! Servers that each answer just in time: what a look-up of them may cost whoever waits.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use keyfob_agent::journeys::doctor::{Examination, Handshake, doctor};
use keyfob_agent::journeys::examine::examine;
use keyfob_agent::ports::HttpClient;
use keyfob_core::diagnosis::{Step, Verdict};
use keyfob_core::failure::Failure;
use keyfob_core::profile::Profile;
use keyfob_core::secret::AccessToken;
use serde_json::json;

use crate::machine::Machine;
use crate::network::Reply;
use crate::site::{MCP, RESOURCE_METADATA, SERVER_METADATA, Site, challenge, profile, resource_metadata};

/// Within the 20 s of a single request.
const JUST_IN_TIME: Duration = Duration::from_secs(18);

/// Nobody gets as far as MCP.
struct Unreached;

#[async_trait]
impl Handshake for Unreached {
    async fn shake(
        &self,
        _http: Arc<dyn HttpClient>,
        _profile: &Profile,
        _token: AccessToken,
    ) -> Result<String, Failure> {
        panic!("a look-up that took too long goes no further")
    }
}

fn slow_site() -> Machine {
    let late = |reply: Reply| Reply::Late(JUST_IN_TIME, Box::new(reply));
    let site = Site::new();
    site.set(MCP, late(challenge(RESOURCE_METADATA)));
    site.set(RESOURCE_METADATA, late(Reply::json(&resource_metadata())));
    site.set(SERVER_METADATA, late(Reply::bytes(200, json!({}).to_string().into_bytes())));
    site.set("https://login.example/.well-known/openid-configuration", late(Reply::status(404)));
    Machine::with(site, vec![profile()])
}

fn is_told(failure: &Failure) {
    let told = failure.to_string();
    assert!(failure.is_temporary(), "{told}");
    for part in [
        "not done within 60 s",
        "portal.example took 36 s",
        "login.example took 24 s and has not answered yet",
    ] {
        assert!(told.contains(part), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_of_many_slow_hosts_ends_within_a_minute_and_names_them() {
    let (machine, began) = (slow_site(), tokio::time::Instant::now());
    is_told(&examine(&machine.ports, &profile()).await.unwrap_err());
    assert_eq!(began.elapsed().as_secs(), 60);
}

/// What was found before stands, and the step that was waited for is the one that fails.
#[tokio::test(start_paused = true)]
async fn the_doctor_ends_a_slow_look_up_as_well_and_keeps_what_it_found() {
    let (machine, began) = (slow_site(), tokio::time::Instant::now());
    let (progress, _heard) = tokio::sync::mpsc::unbounded_channel();
    let examination = Examination { handshake: &Unreached, machine: None, trial: None };
    let diagnosis = doctor(&machine.ports, &profile(), examination, progress).await;
    assert_eq!(began.elapsed().as_secs(), 60);
    let of = |step: Step| diagnosis.steps.iter().find(|finding| finding.step == step).unwrap();
    assert_eq!(of(Step::ResourceMetadata).verdict, Verdict::Pass);
    let late = of(Step::ServerMetadata);
    assert!(late.advice.user.as_deref().unwrap().contains("try again in a while"), "{late:?}");
    is_told(late.failure.as_ref().unwrap());
}
