//! The doctor's walk from the window: of a profile with what it holds, or of an address nobody has made a profile for.

use keyfob_agent::journeys::doctor::{Examination, Progress, doctor};
use keyfob_agent::journeys::profiles::find_profile;
use keyfob_core::diagnosis::Diagnosis;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_proxy::hello::Hello;
use tokio::sync::mpsc;

use super::Desk;

/// Whom the doctor looks at.
pub(crate) struct Patient {
    pub(crate) profile: Profile,
    /// One of this machine, not one made up for an address.
    is_named: bool,
}

impl Patient {
    /// One that is made up for this address, under the name it would get.
    pub(crate) fn at(url: CheckedUrl) -> Self {
        let name = ProfileName::from_host(url.url().host_str().unwrap_or_default());
        Self { profile: Profile::new(name, url), is_named: false }
    }
}

impl Desk {
    /// The profile of this name, or one made up for an address.
    pub(crate) fn patient(&self, target: &str) -> Result<Patient, Failure> {
        if target.contains("://") {
            return Ok(Patient::at(CheckedUrl::parse(target)?));
        }
        let name = ProfileName::parse(target).map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(Patient { profile: find_profile(&*self.agent.ports().settings, &name)?, is_named: true })
    }

    /// Walks; nothing is registered and nobody is signed in.
    pub(crate) async fn examine(
        &self,
        patient: &Patient,
        progress: mpsc::UnboundedSender<Progress>,
    ) -> Diagnosis {
        let keeper = ("app".to_owned(), std::process::id());
        let machine = patient.is_named.then_some(Some(keeper));
        let examination = Examination { handshake: &Hello, machine, trial: None };
        Box::pin(doctor(self.agent.ports(), &patient.profile, examination, progress)).await
    }
}
