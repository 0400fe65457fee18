//! `keyfob demo`: two portals on loopback, signed in to, called, renewed, in a home of its own that is removed at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, Method, header};
use keyfob_agent::agent::snapshot_without_keeper;
use keyfob_agent::journeys::hand_out::{HandOutRequest, hand_out};
use keyfob_agent::journeys::profiles;
use keyfob_agent::journeys::sign_in::{SignInOptions, sign_in};
use keyfob_agent::ports::{AddressGuard, Browser, HttpClient, HttpRequest, Ports};
use keyfob_core::failure::Failure;
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::{Access, Delivery, DeliveryTarget, Profile, TokenFileFormat};
use keyfob_core::resource::CheckedUrl;
use keyfob_demo::{Consent, Portal, PortalOptions};
use keyfob_platform::compose::Composition;
use keyfob_platform::keeper::{Keeper, LAST_FLIGHT};
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_proxy::mcp_client::McpClient;
use keyfob_proxy::token_source::KeptTokens;
use serde_json::json;
use url::Url;

use super::agent::signals::Signals;
use super::{log, status};
use crate::arguments::{Demo, Log};
use crate::context::{Context, Silent};
use crate::{output, words};

/// Whoever ends it early leaves no folder behind either.
pub(crate) async fn run(arguments: &Demo) -> Result<u8, Failure> {
    let mut signals = Signals::listen();
    let home = Home::make(arguments.keep)?;
    let (ports, _portals) = tokio::select! {
        shown = show_all(arguments, &home) => shown?,
        how = signals.next() => {
            output::note(&format!("\nthe demo was {how}"));
            return Ok(0);
        }
    };
    if arguments.keep {
        keep_running(&home, ports, &mut signals).await?;
    }
    Ok(0)
}

async fn show_all(arguments: &Demo, home: &Home) -> Result<(Ports, [Portal; 2]), Failure> {
    let ports = ports(&home.path, arguments.browser)?;
    output::heading("Two portals start on this machine");
    let readonly = portal("readonly", arguments.browser).await?;
    let admin = portal("admin", arguments.browser).await?;
    output::note(&format!("  readonly  {}\n  admin     {}", readonly.mcp_url(), admin.mcp_url()));
    output::note("  Each is an authorization server and an MCP server; their access tokens live 2 minutes.");
    output::note(&format!(
        "  keyfob's own files are in {} (sealing key in a file beside them).",
        home.path.display()
    ));

    let token_file = home.path.join("mcp_tokens_readonly.json");
    let profiles = [
        profile("readonly", &readonly.mcp_url(), Access::Read, Some(&token_file))?,
        profile("admin", &admin.mcp_url(), Access::Write, None)?,
    ];
    output::heading("Signing in to both");
    for profile in &profiles {
        let (options, progress) = SignInOptions::usual();
        profiles::add(&ports, profile, None).await?;
        drop(progress);
        sign_in(&ports, profile, options).await?;
        output::good(&format!("signed in to {}", profile.name));
    }
    show_status(&ports).await?;
    call_tools(&ports, &profiles).await?;
    show_token_file(&token_file);
    show_refresh(&ports, &profiles[0]).await?;
    show_journal(home).await?;
    what_next(home, arguments);
    Ok((ports, [readonly, admin]))
}

/// A folder of the demo's own, removed at the end unless it is to stay.
struct Home {
    path: PathBuf,
    keep: bool,
}

impl Home {
    fn make(keep: bool) -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("keyfob-demo-{}", std::process::id()));
        keyfob_platform::store::atomic_file::private_folder(&path)?;
        Ok(Self { path, keep })
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed stays in the temp folder; nothing of the user's is in it.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

fn ports(home: &Path, own_browser: bool) -> Result<Ports, Failure> {
    let paths = Paths::resolve(Some(home.to_path_buf()))?;
    let key_file = Choice::named("key-file").map_err(Failure::Bug)?;
    let composition = Composition { store: Some(key_file), ..Composition::new(paths, Arc::new(Silent)) };
    let mut ports = composition.ports()?;
    if !own_browser {
        ports.browser = Arc::new(PlayedBrowser { http: Arc::clone(&ports.http) });
    }
    Ok(ports)
}

async fn portal(name: &str, page: bool) -> Result<Portal, Failure> {
    let consent = if page { Consent::Page } else { Consent::Immediate };
    let scopes = ["openid", "read"].map(str::to_owned).to_vec();
    let sign_in_lifetime = Some(std::time::Duration::from_hours(720));
    let options =
        PortalOptions { name: name.into(), consent, scopes, sign_in_lifetime, ..PortalOptions::default() };
    Portal::start(options)
        .await
        .map_err(|error| Failure::Bug(format!("the demo portal did not start: {error}")))
}

fn profile(name: &str, url: &str, access: Access, token_file: Option<&Path>) -> Result<Profile, Failure> {
    let name = ProfileName::parse(name).map_err(|error| Failure::Bug(error.to_string()))?;
    let mut profile = Profile::new(name, CheckedUrl::parse(url)?);
    profile.access = Some(access);
    profile.deliver = token_file
        .map(|path| Delivery {
            target: DeliveryTarget::TokenFile {
                path: path.to_string_lossy().into_owned(),
                format: TokenFileFormat::McpTokens { utc: false },
            },
            include_refresh_token: false,
        })
        .into_iter()
        .collect();
    Ok(profile)
}

async fn show_status(ports: &Ports) -> Result<(), Failure> {
    output::heading("keyfob status");
    let snapshot = snapshot_without_keeper(ports).await?;
    output::data(&status::table(&snapshot, chrono::Utc::now()));
    Ok(())
}

async fn call_tools(ports: &Ports, profiles: &[Profile]) -> Result<(), Failure> {
    output::heading("One tool called on each");
    for profile in profiles {
        let tokens = Arc::new(KeptTokens::new(ports.clone(), profile.clone()));
        let client = McpClient::connect(Arc::clone(&ports.http), profile, tokens).await?;
        let result = client.call_tool("whoami", json!({})).await?;
        output::note(&format!("  $ keyfob call {} whoami", profile.name));
        result.texts.iter().for_each(|text| output::data(&format!("  {text}")));
    }
    Ok(())
}

/// The file's shape, with the token masked: a demo's output is pasted into chats.
fn show_token_file(path: &Path) {
    output::heading("The token file that other programs read");
    output::note(&format!("  {}", path.display()));
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let Ok(mut contents) = serde_json::from_str::<serde_json::Value>(&text) else { return };
    contents["access_token"] = json!("… (a valid token, masked here)");
    for line in format!("{contents:#}").lines() {
        output::data(&format!("  {line}"));
    }
}

async fn show_refresh(ports: &Ports, profile: &Profile) -> Result<(), Failure> {
    output::heading("One renewal");
    let before = hand_out(ports, profile, &HandOutRequest::default()).await?;
    output::note(&format!("  before: a token that ends at {}", words::clock(before.expires_at)));
    let wanted = HandOutRequest { fresh: true, ..HandOutRequest::default() };
    let after = hand_out(ports, profile, &wanted).await?;
    let other = if before.access_token == after.access_token { "the same token" } else { "another token" };
    output::note(&format!("  after:  {other}, it ends at {}", words::clock(after.expires_at)));
    output::note("  The tray app and keyfob agent do this by themselves, before a token ends.");
    Ok(())
}

/// What happened, as `keyfob log` tells it.
async fn show_journal(home: &Home) -> Result<(), Failure> {
    output::heading("keyfob log");
    let context = Context::new(Paths::resolve(Some(home.path.clone()))?, Some(home.path.clone()));
    log::run(&Log { name: None, follow: false, json: false }, &context).await
}

fn what_next(home: &Home, arguments: &Demo) {
    output::heading("Next");
    let keyfob = own_name();
    if arguments.keep {
        let home = home.path.display();
        output::note(&format!("  {keyfob} --home {home} status --watch"));
        output::note(&format!("  {keyfob} --home {home} call readonly add '{{\"a\":2,\"b\":3}}'"));
        output::note(&format!("  {keyfob} --home {home} token admin"));
        output::note("\n  The portals and a keeper run until Ctrl-C.");
        return;
    }
    let lines = [
        ("demo --keep", "leave the portals running and try the commands yourself"),
        ("demo --browser", "sign in with your own browser"),
        ("add NAME URL --sign-in", "your own portal"),
    ];
    for (command, what) in lines {
        output::note(&format!("  {keyfob} {command:<24}{what}"));
    }
}

/// How this program was called, so that the next command can be copied as it stands.
fn own_name() -> String {
    std::env::args().next().unwrap_or_else(|| "keyfob".into())
}

async fn keep_running(home: &Home, ports: Ports, signals: &mut Signals) -> Result<(), Failure> {
    let paths = Paths::resolve(Some(home.path.clone()))?;
    let keeper = Keeper::start(&paths, ports, keyfob_agent::snapshot::KeeperKind::Headless)?;
    signals.next().await;
    keeper.stop(LAST_FLIGHT).await;
    output::note(&format!("\nended; the demo's files stay in {}", home.path.display()));
    Ok(())
}

/// Plays the browser: follows redirects until keyfob's own listener has answered.
struct PlayedBrowser {
    http: Arc<dyn HttpClient>,
}

#[async_trait]
impl Browser for PlayedBrowser {
    async fn open(&self, url: &Url) -> Result<(), String> {
        let (http, url) = (Arc::clone(&self.http), url.clone());
        // As a real browser, it goes on by itself after it was opened.
        tokio::spawn(async move {
            if let Err(why) = follow(&*http, url).await {
                output::warning(&format!("the demo's browser gave up: {why}"));
            }
        });
        Ok(())
    }
}

/// More redirects than any portal needs.
const MOST_HOPS: usize = 8;

async fn follow(http: &dyn HttpClient, mut url: Url) -> Result<(), String> {
    for _ in 0..MOST_HOPS {
        let request = HttpRequest {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            bearer: None,
            body: Vec::new(),
            guard: AddressGuard::Anywhere,
        };
        let response = http.fetch(request).await.map_err(|failure| failure.to_string())?;
        let Some(location) = response.headers.get(header::LOCATION).and_then(|value| value.to_str().ok())
        else {
            return Ok(());
        };
        url = url.join(location).map_err(|error| error.to_string())?;
    }
    Err("too many redirects".into())
}
