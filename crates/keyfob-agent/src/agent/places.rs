//! Keeps the profiles' places right while the keeper runs: a file as soon as the system tells that somebody changed it, a keyring
//! entry, of which nobody tells, once a minute, and with it whatever holds a token that is over for good. It knows no states and
//! goes beside the actor's loop.

use std::collections::BTreeSet;
use std::time::Duration;

use keyfob_core::profile::{DeliveryTarget, Profile};

use crate::delivery::mend::mend;
use crate::ports::Ports;

/// Keyring entries are looked at this often, and new places are seen at the latest after it.
const BETWEEN_LOOKS: Duration = Duration::from_mins(1);
/// Against a program that writes its own token again and again, keyfob does not insist more often than this.
const BETWEEN_MENDS: Duration = Duration::from_secs(2);

/// Ends when aborted.
pub(super) async fn keep_right(ports: Ports) {
    let (mut version, mut profiles) = (None, Vec::new());
    loop {
        let found = ports.settings.version();
        if version != Some(found)
            && let Ok(listed) = ports.settings.list()
        {
            (version, profiles) = (Some(found), listed);
        }
        let paths: BTreeSet<String> = profiles.iter().flat_map(files).collect();
        tokio::select! {
            changed = ports.token_files.changed(&paths), if !paths.is_empty() => {
                let concerned = |target: &DeliveryTarget| file(target).is_some_and(|path| changed.contains(path));
                for profile in profiles.iter().filter(|profile| has(profile, concerned)) {
                    mend(&ports, profile, concerned).await;
                }
                ports.clock.sleep(BETWEEN_MENDS).await;
            }
            () = ports.clock.nap(BETWEEN_LOOKS) => {
                for profile in profiles.iter().filter(|profile| has(profile, |_| true)) {
                    mend(&ports, profile, is_entry).await;
                }
            }
        }
    }
}

fn has(profile: &Profile, place: impl Fn(&DeliveryTarget) -> bool) -> bool {
    profile.deliver.iter().any(|delivery| place(&delivery.target))
}

fn files(profile: &Profile) -> impl Iterator<Item = String> + '_ {
    profile.deliver.iter().filter_map(|delivery| file(&delivery.target)).map(ToOwned::to_owned)
}

fn file(target: &DeliveryTarget) -> Option<&String> {
    if let DeliveryTarget::TokenFile { path, .. } = target { Some(path) } else { None }
}

fn is_entry(target: &DeliveryTarget) -> bool {
    matches!(target, DeliveryTarget::KeyringEntry { .. })
}
