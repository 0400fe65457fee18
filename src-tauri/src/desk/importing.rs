//! Taking a sign-in over that another program made, as `keyfob import` does: what can be taken is listed without a secret, and the
//! tokens are read anew when one is chosen.

use keyfob_agent::foreign_stores::{Seen, Stored, stored, survey};
use keyfob_agent::journeys::sign_in::import;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::import::Source;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_links::mcp_remote;
use keyfob_platform::client_programs::SystemClientPrograms;

use super::Desk;

impl Desk {
    /// What other programs keep and no profile has; a store that is not understood offers nothing.
    pub(crate) fn importable(&self) -> Result<Vec<Seen>, Failure> {
        let profiles = self.agent.ports().settings.list()?;
        let is_new =
            |seen: &Seen| profiles.iter().all(|known| seen.url.as_deref() != Some(known.url.as_str()));
        let machine = SystemClientPrograms::new(&self.paths);
        let found = survey(&machine, &urls(&machine, &profiles));
        for why in found.problems {
            tracing::info!(%why, "another program's sign-ins are not understood");
        }
        Ok(found.seen.into_iter().filter(|seen| seen.url.is_some() && is_new(seen)).collect())
    }

    /// Takes it over for a new profile; answers what its user must do about the other program, if anything.
    pub(crate) async fn import(
        &self,
        source: &str,
        url: &str,
        name: ProfileName,
    ) -> Result<Option<String>, Failure> {
        let Stored { file, sign_in } = self.stored(source, url)?;
        let profile = Profile::new(name, CheckedUrl::parse(url)?);
        let imported = import(self.agent.ports(), &profile, &sign_in).await;
        self.agent.look_again(Some(&profile.name)).await;
        imported?;
        Ok(sign_in.rival(Some(&file.display().to_string())))
    }

    fn stored(&self, source: &str, url: &str) -> Result<Stored, Failure> {
        let source = Source::parse(source)
            .ok_or_else(|| Failure::Usage(format!("keyfob knows no program `{source}`")))?;
        let machine = SystemClientPrograms::new(&self.paths);
        let profiles = self.agent.ports().settings.list()?;
        let all = stored(&machine, source, &urls(&machine, &profiles)).map_err(Failure::Usage)?;
        let meant = all.into_iter().find(|stored| stored.sign_in.url.as_deref() == Some(url));
        meant.ok_or_else(|| Failure::Usage(format!("{} no longer has a sign-in to {url}", source.name())))
    }
}

/// Addresses that mcp-remote may have been used for: it writes none down.
fn urls(machine: &SystemClientPrograms, profiles: &[Profile]) -> Vec<String> {
    let known = profiles.iter().map(|profile| profile.url.to_string());
    known.chain(mcp_remote::urls(machine)).collect()
}
