//! What the window can ask for. Each command hands over to the keeper and is done.

use std::sync::Arc;

use keyfob_core::diagnosis::Diagnosis;
use keyfob_core::failure::{Failure, Temporary};
use keyfob_core::profile::LifetimeAnswer;
use keyfob_platform::{service_install, threads};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};
use tokio::sync::mpsc;

use super::error::CommandError;
use super::examined::{DiagnosisShown, ProgressShown};
use super::shown::Snapshot;
use super::told::{self, EntryShown};
use super::view::{Added, LookedUp, NewProfile, parse_name, parse_url, revocation_note};
use crate::desk::examining::Patient;
use crate::desk::{Desk, reminding};
use crate::shell::{self, autostart, preferences};

type Answer<T> = Result<T, CommandError>;

#[tauri::command]
pub(crate) async fn snapshot(desk: State<'_, Desk>) -> Answer<Snapshot> {
    let (snapshots, asked) = (desk.agent.snapshots(), desk.agent.step_ups());
    let sign_ins = desk.sign_ins.watch();
    let others = desk.versions.watch();
    Ok(Snapshot::new(&snapshots.borrow(), &sign_ins.borrow(), &asked.borrow(), &others.borrow()))
}

/// Looks a server up; each step of the way is told as it goes.
#[tauri::command]
pub(crate) async fn look_up(
    desk: State<'_, Desk>,
    url: String,
    heard: Channel<ProgressShown>,
) -> Answer<LookedUp> {
    let mut patient = Patient::at(parse_url(&url)?);
    examine(&desk, &patient, heard).await;
    let looked_up = desk.look_up(&mut patient.profile).await;
    let (examined, grants) = looked_up.map_err(CommandError::about(&patient.profile.name))?;
    Ok(LookedUp::new(&patient.profile, &examined, grants))
}

/// Walks the chain of authorization of a profile or an address; each step is told as it goes.
#[tauri::command]
pub(crate) async fn doctor(
    desk: State<'_, Desk>,
    target: String,
    heard: Channel<ProgressShown>,
) -> Answer<DiagnosisShown> {
    let patient = desk.patient(&target).map_err(|failure| CommandError::of_none(&failure))?;
    Ok(DiagnosisShown::from(&examine(&desk, &patient, heard).await))
}

async fn examine(desk: &Desk, patient: &Patient, heard: Channel<ProgressShown>) -> Diagnosis {
    let (progress, mut told) = mpsc::unbounded_channel();
    let pass_on = async {
        while let Some(news) = told.recv().await {
            // A window that has closed hears nothing.
            let _ = ProgressShown::of(news).map(|news| heard.send(news));
        }
    };
    let (diagnosis, ()) = tokio::join!(desk.examine(patient, progress), pass_on);
    diagnosis
}

#[tauri::command]
pub(crate) async fn add_profile(desk: State<'_, Desk>, profile: NewProfile) -> Answer<()> {
    let Added { profile, proof } = Added::try_from(profile)?;
    desk.add(&profile, proof).await.map_err(CommandError::about(&profile.name))
}

/// Answers once it is over: whether it worked. Why it did not stands in the snapshot.
#[tauri::command]
pub(crate) async fn sign_in(desk: State<'_, Desk>, name: String) -> Answer<bool> {
    let name = parse_name(&name)?;
    match desk.sign_in(&name).await {
        Err(failure @ (Failure::NoSuchProfile(_) | Failure::Temporary(Temporary::Busy))) => {
            Err(CommandError::at_sign_in(&name)(failure))
        }
        outcome => Ok(outcome.is_ok()),
    }
}

/// Also takes the word of a failure away.
#[tauri::command]
pub(crate) async fn cancel_sign_in(desk: State<'_, Desk>, name: String) -> Answer<()> {
    desk.cancel_sign_in(&parse_name(&name)?).await;
    Ok(())
}

/// Whether the account that has just signed in takes the place of the one before.
#[tauri::command]
pub(crate) async fn answer_account(desk: State<'_, Desk>, name: String, takes: bool) -> Answer<()> {
    desk.sign_ins.answer(&parse_name(&name)?, takes);
    Ok(())
}

/// No sign-in asks for what clients wanted beyond it.
#[tauri::command]
pub(crate) async fn decline_more(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.agent.settle_step_up(&name).map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn refresh(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.agent.refresh(name.clone()).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn sign_out(desk: State<'_, Desk>, name: String) -> Answer<Option<String>> {
    let name = parse_name(&name)?;
    let outcome = desk.agent.sign_out(&name).await.map_err(CommandError::about(&name))?;
    Ok(revocation_note(&outcome))
}

#[tauri::command]
pub(crate) async fn remove(desk: State<'_, Desk>, name: String) -> Answer<Option<String>> {
    let name = parse_name(&name)?;
    let outcome = desk.agent.remove(&name).await.map_err(CommandError::about(&name))?;
    let notes = [desk.linking().end_links(&name).await, revocation_note(&outcome)];
    Ok(notes.into_iter().flatten().reduce(|all, note| format!("{all} {note}")))
}

#[tauri::command]
pub(crate) async fn pause(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.agent.set_paused(&name, true).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn resume(desk: State<'_, Desk>, name: String) -> Answer<()> {
    let name = parse_name(&name)?;
    desk.agent.set_paused(&name, false).await.map_err(CommandError::about(&name))
}

#[tauri::command]
pub(crate) async fn set_sign_in_lifetime(
    desk: State<'_, Desk>,
    name: String,
    lifetime: String,
) -> Answer<()> {
    let name = parse_name(&name)?;
    let about = CommandError::about(&name);
    let answer = LifetimeAnswer::parse(&lifetime).map_err(&about)?;
    desk.agent.set_sign_in_lifetime(&name, answer).await.map_err(about)
}

/// How long before the end the user is told, such as `7d`; no marks: never; no list: as usual.
#[tauri::command]
pub(crate) async fn set_reminders(
    desk: State<'_, Desk>,
    name: String,
    marks: Option<Vec<String>>,
) -> Answer<()> {
    let name = parse_name(&name)?;
    reminding::set(&desk.agent, &name, marks.as_deref()).await.map_err(CommandError::about(&name))
}

/// What happened to a profile of late, the newest last.
#[tauri::command]
pub(crate) async fn journal(desk: State<'_, Desk>, name: String) -> Answer<Vec<EntryShown>> {
    let (name, journal) = (parse_name(&name)?, Arc::clone(&desk.agent.ports().journal));
    let read = threads::on_a_thread_or_here(move || told::life(journal.read(None, usize::MAX), &name)).await;
    Ok(read.unwrap_or_default())
}

#[tauri::command]
pub(crate) async fn try_demo(desk: State<'_, Desk>) -> Answer<()> {
    desk.start_demo().await.map_err(|failure| CommandError::of_none(&failure))
}

/// Asked once, after the first sign-in; of a link through the proxy (`proxied`) wherever nothing would start the keeper.
#[tauri::command]
pub(crate) async fn offer_start_at_login(
    app: AppHandle,
    desk: State<'_, Desk>,
    proxied: bool,
) -> Answer<bool> {
    if proxied {
        return Ok(!autostart::is_on(&app) && !service_install::starts_by_itself());
    }
    let signed_in = desk.agent.snapshots().borrow().each().any(|profile| profile.sign_in.is_some());
    Ok(signed_in && !autostart::was_asked(&app, &desk.paths)?)
}

#[tauri::command]
pub(crate) async fn answer_start_at_login(app: AppHandle, desk: State<'_, Desk>, on: bool) -> Answer<()> {
    if on {
        preferences::set_start_at_login(&app, true)?;
    }
    autostart::answered(&app, &desk.paths)
}

/// Starts the app anew: after an update, the new one.
#[tauri::command]
pub(crate) async fn restart(app: AppHandle) -> Answer<()> {
    shell::restart::ask(&app);
    Ok(())
}
