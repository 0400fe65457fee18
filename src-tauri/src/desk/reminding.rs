//! How long before a sign-in ends its user is told, as the window gives it.

use keyfob_agent::agent::AgentHandle;
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{default_reminders, parse_marks};

/// Without a list the usual marks; an empty one is "never".
pub(crate) async fn set(
    agent: &AgentHandle,
    name: &ProfileName,
    marks: Option<&[String]>,
) -> Result<(), Failure> {
    let marks = marks.map_or_else(|| Ok(default_reminders()), parse_marks)?;
    agent.set_reminders(name, &marks).await
}

#[cfg(test)]
mod tests;
