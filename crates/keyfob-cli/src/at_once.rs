//! A token that is held, given without loading what only other commands need: from a running keeper, or from the store. Where
//! it takes more (a renewal, a passphrase, words about what is wrong with the store) the whole program does it, from the start.

use std::process::ExitCode;

use keyfob_agent::control::hand_outs;
use keyfob_agent::journeys::hand_out::{HandOutRequest, HandedOut, held_token};
use keyfob_agent::journeys::profiles::find_profile;
use keyfob_core::failure::{About, Failure};
use keyfob_platform::compose::Kept;
use keyfob_platform::paths::Paths;
use keyfob_platform::program;
use keyfob_platform::store::opened_to_others;

use crate::arguments::WITHOUT_KEEPER;
use crate::commands::token;
use crate::context::{Context, profile_name};
use crate::frequent::{self, Frequent, Shown};
use crate::{exit_code, output, runtime};

/// What is left to the whole program: everything. Nothing has been printed to standard output.
#[derive(Debug, Default)]
pub struct Left {
    /// A keeper runs and does not answer; nobody waits for it a second time.
    keeper_does_not_move: bool,
}

/// Answers the command line of this process if it is a frequent call and a token is held.
///
/// # Errors
/// It is not, or there is more to do than to give a token that is held.
pub fn at_once() -> Result<ExitCode, Left> {
    let call = frequent::call(std::env::args_os().skip(1), |name| std::env::var_os(name))
        .ok_or_else(Left::default)?;
    let paths = Paths::resolve(call.home.clone()).map_err(|_| Left::default())?;
    let context = Context::new(paths, call.home.clone());
    let handed_out = match token::by_keeper(&context, &call.name, HandOutRequest::default()) {
        Some(Ok(handed_out)) => handed_out,
        Some(Err(failure)) => {
            output::failure(&failure, About::Profile(&call.name));
            return Ok(ExitCode::from(exit_code::of(&failure)));
        }
        // A failure is told by the whole program, which meets it again.
        None => {
            let held = runtime::block_on(from_the_store(&call, &context.paths));
            // There is no log here.
            for words in opened_to_others::take() {
                output::warning(&words);
            }
            held.ok().flatten().ok_or_else(|| Left { keeper_does_not_move: context.keeper_was_frozen() })?
        }
    };
    match call.shown {
        Shown::Token => token::show_bare(&call.name, &handed_out),
        Shown::Headers => token::show_headers(&call.name, &handed_out),
    }
    Ok(ExitCode::SUCCESS)
}

/// This process becomes the whole program.
pub fn whole_program(left: &Left) -> ExitCode {
    let first = left.keeper_does_not_move.then_some(WITHOUT_KEEPER);
    program::become_the_whole(first).unwrap_or_else(|why| {
        let failure = Failure::Usage(format!("the rest of keyfob cannot be started: {why}"));
        let next = "install keyfob again: the two programs keyfob and keyfob-cli lie in one folder";
        output::failure_with(&failure, Some(next));
        ExitCode::from(exit_code::of(&failure))
    })
}

/// Without a keeper.
async fn from_the_store(call: &Frequent, paths: &Paths) -> Result<Option<HandedOut>, Failure> {
    let kept = Kept::new(paths)?;
    let profile = find_profile(&*kept.settings, &profile_name(&call.name)?)?;
    let held = held_token(&*kept.store, &*kept.clock, &profile, &HandOutRequest::default()).await?;
    if held.is_some() {
        let telling = (&*kept.journal, &*kept.clock);
        hand_outs::note_alone(telling, &profile.name, &program::behind_this_process(), None);
    }
    Ok(held)
}
