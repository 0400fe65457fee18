//! Links from the window, made as `keyfob link` makes them: what would change is said before anything is changed.

use std::path::PathBuf;

use keyfob_agent::agent::AgentHandle;
use keyfob_agent::client_programs::ClientPrograms as _;
use keyfob_agent::journeys::profiles::find_profile;
use keyfob_core::failure::{Failure, StoreProblem};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_links::carried::Carried;
use keyfob_links::client::{Client, Via, Wanted, Writing};
use keyfob_links::clients::{self, ALL};
use keyfob_links::found::{self, FoundServer};
use keyfob_links::ledger::Link;
use keyfob_links::link::{Links, Plan};
use keyfob_links::proxied::{self, Address};
use keyfob_links::replaceable::{self, Replaceable};
use keyfob_platform::client_keys::ProxyDoorsHere;
use keyfob_platform::client_programs::SystemClientPrograms;
use keyfob_platform::local_entrances::answers_at;
use keyfob_platform::paths::Paths;
use keyfob_platform::threads;

use super::Desk;

/// A link, or the end of one, that can be carried out.
pub(crate) struct Prepared {
    pub(crate) client: &'static Client,
    pub(crate) via: Via,
    /// `None` for a client that has nothing to be edited: these lines are for its user.
    pub(crate) plan: Result<Plan, String>,
    /// What of an entry that makes room goes on, and what does not, as sentences.
    pub(crate) notes: Vec<String>,
}

/// Makes links and undoes them; clones do the same, on any thread.
#[derive(Clone)]
pub(crate) struct Linking {
    agent: AgentHandle,
    paths: Paths,
}

impl Desk {
    /// Whoever makes links.
    pub(crate) fn linking(&self) -> Linking {
        Linking { agent: self.agent.clone(), paths: self.paths.clone() }
    }
}

impl Linking {
    /// All links, in the order they were made.
    pub(crate) fn links(&self) -> Result<Vec<Link>, Failure> {
        let machine = self.client_programs();
        Ok(Links::new(&machine, self.paths.links_dir()).ledger()?.links)
    }

    /// The clients that seem to be on this machine, or are linked.
    fn clients(&self) -> Result<Vec<&'static Client>, Failure> {
        let (machine, links) = (self.client_programs(), self.links()?);
        let is_linked = |client: &Client| links.iter().any(|link| link.client == client.id);
        Ok(ALL.into_iter().filter(|client| (client.installed)(&machine) || is_linked(client)).collect())
    }

    /// The clients of [`Linking::clients`], and which of their entries do for this profile what keyfob does better.
    pub(crate) fn clients_for(
        &self,
        name: &ProfileName,
    ) -> Result<Vec<(&'static Client, Vec<Replaceable>)>, Failure> {
        let profile = find_profile(&*self.agent.ports().settings, name)?;
        let machine = self.client_programs();
        let with_entries = |client: &'static Client| {
            let entries = replaceable::entries(client, &machine);
            (client, entries.into_iter().filter(|entry| entry.is_for(&profile)).collect())
        };
        Ok(self.clients()?.into_iter().map(with_entries).collect())
    }

    /// Servers that clients are configured for without keyfob.
    pub(crate) fn servers_here(&self) -> Vec<FoundServer> {
        found::servers(&self.client_programs())
    }

    /// What a link would change, where the entry of another name may make room for it; no key is made for it yet.
    pub(crate) fn plan_link(
        &self,
        name: &ProfileName,
        client: &str,
        via: Option<Via>,
        replace: Option<&str>,
    ) -> Result<Prepared, Failure> {
        let (client, profile) = (known(client)?, find_profile(&*self.agent.ports().settings, name)?);
        let machine = self.client_programs();
        let links = Links::new(&machine, self.paths.links_dir());
        let carried = links.carried(client, name.as_str(), replace)?;
        let mut wanted = self.wanted(&profile, via.unwrap_or_else(|| client.way(&carried)), carried)?;
        let via = wanted.via;
        if let Writing::Snippet(snippet) = &client.writing {
            return Ok(Prepared { client, via, plan: Err(snippet(&wanted)), notes: Vec::new() });
        }
        if goes_through_proxy(client, via) {
            wanted.proxy = Some(Address::on_trial(&self.doors(), &profile)?.text());
        }
        let plan = links.plan_replacing(client, &wanted, replace)?;
        Ok(Prepared { client, via, plan: Ok(plan), notes: notes(&wanted) })
    }

    /// Makes the link; a note where it will not work by itself.
    pub(crate) async fn link(
        &self,
        name: &ProfileName,
        client: &str,
        via: Via,
        replace: Option<String>,
    ) -> Result<Option<String>, Failure> {
        let (client, mine, of) = (known(client)?, self.clone(), name.clone());
        let linking = move || mine.make_link(&of, client, via, replace.as_deref());
        // A client's own command may take its time.
        let made = threads::on_a_thread_or_here(linking).await;
        let port = made.map_err(|error| panicked(&error))??;
        // The keeper listens as soon as it has heard of the port.
        self.agent.look_again(Some(name)).await;
        let Some(port) = port else { return Ok(None) };
        let patience = std::time::Duration::from_secs(3);
        let listens = async {
            while !answers_at(port).await {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let answered = tokio::time::timeout(patience, listens).await.is_ok();
        Ok((!answered).then(|| {
            format!("The link is made, but nobody answers at port {port}: another program may have it.")
        }))
    }

    fn make_link(
        &self,
        name: &ProfileName,
        client: &'static Client,
        via: Via,
        replace: Option<&str>,
    ) -> Result<Option<u16>, Failure> {
        let profile = find_profile(&*self.agent.ports().settings, name)?;
        let (machine, doors) = (self.client_programs(), self.doors());
        let links = Links::new(&machine, self.paths.links_dir());
        let carried = links.carried(client, name.as_str(), replace)?;
        let mut wanted = self.wanted(&profile, via, carried)?;
        let address = if goes_through_proxy(client, via) {
            let there = links.ledger()?.find(client.id, name.as_str()).cloned();
            Some(Address::of(&doors, client.id, &profile, there.as_ref())?)
        } else {
            None
        };
        wanted.proxy = address.as_ref().map(Address::text);
        let plan = links.plan_replacing(client, &wanted, replace)?;
        proxied::carry_out(&doors, client.id, &profile, address.as_ref(), || Ok(links.carry_out(&plan)?))?;
        Ok(address.map(|address| address.port()))
    }

    /// What undoing a link would change.
    pub(crate) fn plan_unlink(&self, name: &ProfileName, client: &str) -> Result<Prepared, Failure> {
        let client = known(client)?;
        let machine = self.client_programs();
        let links = Links::new(&machine, self.paths.links_dir());
        let via = links.ledger()?.find(client.id, name.as_str()).map_or(Via::Bridge, |link| link.via);
        let plan = links.plan_undo(client, name.as_str())?;
        Ok(Prepared { client, via, plan: Ok(plan), notes: Vec::new() })
    }

    /// Undoes a link.
    pub(crate) async fn unlink(&self, name: &ProfileName, client: &str) -> Result<(), Failure> {
        let (client, mine, of) = (known(client)?, self.clone(), name.clone());
        threads::on_a_thread_or_here(move || mine.undo_link(&of, client))
            .await
            .map_err(|error| panicked(&error))?
    }

    /// Ends the links of a profile that is gone, and says which: their entries lead to nothing any more.
    pub(crate) async fn end_links(&self, name: &ProfileName) -> Option<String> {
        let links = self.links().unwrap_or_default();
        let (mut ended, mut notes) = (Vec::new(), Vec::new());
        for link in links.iter().filter(|link| link.profile == name.as_str()) {
            let client = clients::named(&link.client).map_or(link.client.as_str(), |client| client.name);
            match self.unlink(name, &link.client).await {
                Ok(()) => ended.push(client),
                Err(failure) => notes.push(format!("{client} still has its entry: {failure}.")),
            }
        }
        if !ended.is_empty() {
            notes.insert(0, format!("No longer linked: {}.", ended.join(", ")));
        }
        (!notes.is_empty()).then(|| notes.join(" "))
    }

    fn undo_link(&self, name: &ProfileName, client: &'static Client) -> Result<(), Failure> {
        let machine = self.client_programs();
        let links = Links::new(&machine, self.paths.links_dir());
        links.carry_out(&links.plan_undo(client, name.as_str())?)?;
        proxied::forget(&self.doors(), client.id, name.as_str())
    }

    fn wanted(&self, profile: &Profile, via: Via, carried: Carried) -> Result<Wanted, Failure> {
        Ok(Wanted {
            profile: profile.name.to_string(),
            url: profile.url.to_string(),
            program: self.program()?,
            home: self.paths.home_argument()?.map(|home| home.to_string_lossy().into_owned()),
            proxy: None,
            via,
            carried,
        })
    }

    /// The command line: it is installed beside the app, or on the user's path.
    pub(crate) fn command_line(&self) -> Option<PathBuf> {
        let name = format!("keyfob{}", std::env::consts::EXE_SUFFIX);
        let beside = std::env::current_exe().ok().and_then(|app| Some(app.parent()?.join(&name)));
        beside.filter(|path| path.is_file()).or_else(|| self.client_programs().program("keyfob"))
    }

    /// The command line, by its absolute path.
    fn program(&self) -> Result<String, Failure> {
        let found = self.command_line().ok_or_else(|| {
            StoreProblem::Io(
                "the program `keyfob`, which clients start, is neither beside the app nor on the path".into(),
            )
        })?;
        Ok(found.to_string_lossy().into_owned())
    }

    pub(crate) fn client_programs(&self) -> SystemClientPrograms {
        SystemClientPrograms::new(&self.paths)
    }

    fn doors(&self) -> ProxyDoorsHere {
        ProxyDoorsHere::new(&self.paths)
    }
}

fn notes(wanted: &Wanted) -> Vec<String> {
    let what = wanted.carried.what().map(|what| match wanted.via {
        Via::Bridge => format!("The bridge goes on with what was there: {what}."),
        Via::Proxy | Via::Helper => {
            format!("This way does not go on with what was there: {what}. The bridge does.")
        }
    });
    let left_out = wanted.carried.left_out().map(|left| format!("Not taken over: {left}."));
    what.into_iter().chain(left_out).collect()
}

fn panicked(error: &std::io::Error) -> Failure {
    Failure::Bug(format!("a link was not made: {error}"))
}

fn goes_through_proxy(client: &Client, via: Via) -> bool {
    via == Via::Proxy && client.ways.contains(&Via::Proxy)
}

fn known(client: &str) -> Result<&'static Client, Failure> {
    clients::named(client).ok_or_else(|| Failure::Usage(format!("keyfob knows no client `{client}`")))
}
