//! `keyfob store move BACKEND`: changes where the sealing key lives.

use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_platform::store::backend::Backend;
use keyfob_platform::store::moving::{Moved, move_key};
use keyfob_platform::threads;

use crate::arguments::{Store, StoreBackend, StoreCommand};
use crate::context::Context;
use crate::{output, passphrase};

pub(crate) async fn run(store: &Store, context: &Context) -> Result<(), Failure> {
    match store.command {
        StoreCommand::Move { backend } => move_to(backend.into(), context).await,
    }
}

async fn move_to(backend: Backend, context: &Context) -> Result<(), Failure> {
    let paths = context.paths.clone();
    let prompt = passphrase::prompt(backend == Backend::Passphrase);
    let moved = threads::on_a_thread_or_here(move || move_key(&paths, backend, Some(prompt))).await;
    let moved = moved.map_err(|error| Failure::Bug(format!("the move ended: {error}")))??;
    context.tell_keeper(None).await;
    tell(&moved, backend);
    still_sealed_with_the_old_key(&moved.unopened)
}

fn tell(moved: &Moved, to: Backend) {
    let place = to.as_str();
    match moved.from {
        Some(from) if from == to => output::good(&format!("the sealing key lives in `{place}`")),
        Some(from) => {
            let sealed = moved.sealed;
            let (from, records) = (from.as_str(), if sealed == 1 { "record" } else { "records" });
            output::good(&format!(
                "the sealing key moved from `{from}` to `{place}`: {sealed} {records} sealed anew"
            ));
        }
        None => output::good(&format!("the sealing key lives in `{place}` from now on")),
    }
    if to == Backend::KeyFile {
        output::note("  a key in a file protects copies and backups, not this account");
    }
    if let Some(other) =
        std::env::var("KEYFOB_STORE").ok().filter(|other| !other.is_empty() && other != place)
    {
        output::warning(&format!(
            "KEYFOB_STORE={other} is set here: take it out, or every command refuses the moved store"
        ));
    }
}

fn still_sealed_with_the_old_key(unopened: &[ProfileName]) -> Result<(), Failure> {
    if unopened.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = unopened.iter().map(ToString::to_string).collect();
    let names = names.join(", ");
    Err(StoreProblem::Damaged(format!("{names}; what is known of the former key is kept for it")).into())
}

impl From<StoreBackend> for Backend {
    fn from(backend: StoreBackend) -> Self {
        match backend {
            StoreBackend::Keyring => Self::Keyring,
            StoreBackend::Passphrase => Self::Passphrase,
            StoreBackend::KeyFile => Self::KeyFile,
            StoreBackend::SystemdCreds => Self::SystemdCreds,
        }
    }
}
