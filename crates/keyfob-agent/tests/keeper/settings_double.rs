//! `profiles.toml` in memory; an edit that no test of the keeper makes fails the test.

use std::sync::atomic::Ordering::SeqCst;

use chrono::TimeDelta;
use keyfob_agent::ports::ProfileSettings;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{LifetimeAnswer, Profile};

use crate::doubles::{World, held, unplanned};

impl World {
    fn change(&self, name: &ProfileName, how: impl FnOnce(&mut Profile)) {
        how(held(&self.profiles).iter_mut().find(|profile| profile.name == *name).unwrap());
        self.settings_version.fetch_add(1, SeqCst);
    }
}

impl ProfileSettings for World {
    fn list(&self) -> Result<Vec<Profile>, Failure> {
        Ok(held(&self.profiles).clone())
    }

    fn add(&self, _profile: &Profile) -> Result<(), Failure> {
        unplanned()
    }

    fn remove(&self, _name: &ProfileName) -> Result<(), Failure> {
        unplanned()
    }

    fn set_paused(&self, _name: &ProfileName, _paused: bool) -> Result<(), Failure> {
        unplanned()
    }

    fn set_sign_in_lifetime(&self, name: &ProfileName, answer: LifetimeAnswer) -> Result<(), Failure> {
        self.change(name, |profile| profile.sign_in_lifetime = answer);
        Ok(())
    }

    fn set_reminders(&self, name: &ProfileName, marks: &[TimeDelta]) -> Result<(), Failure> {
        self.change(name, |profile| profile.remind = marks.to_vec());
        Ok(())
    }

    fn version(&self) -> u64 {
        self.settings_version.load(SeqCst)
    }
}
