//! A machine of its own for each test: real store and HTTP client in a temporary home, a browser that is played.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, Method, header};
use keyfob_agent::notice::Notice;
use keyfob_agent::ports::{AddressGuard, Browser, HttpClient, HttpRequest, Notifier, Ports};
use keyfob_core::identity::ProfileName;
use keyfob_core::profile::Profile;
use keyfob_core::resource::CheckedUrl;
use keyfob_demo::{Portal, PortalOptions};
use keyfob_platform::compose::Composition;
use keyfob_platform::paths::Paths;
use keyfob_platform::store::backend::Choice;
use keyfob_proxy::token_source::KeptTokens;
use tempfile::TempDir;
use tokio::sync::mpsc;
use url::Url;

/// In every token of the portal: must never be seen outside.
pub(crate) const CANARY: &str = "canary";
/// Long enough for any machine; no passing test ever waits for it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Follows the redirect of an immediate consent to keyfob's own listener, and counts.
pub(crate) struct PlayedBrowser {
    http: Arc<dyn HttpClient>,
    pub(crate) opened: Mutex<Vec<Url>>,
}

impl PlayedBrowser {
    pub(crate) fn count(&self) -> usize {
        self.opened.lock().unwrap().len()
    }

    /// The scopes that the last visit asked for.
    pub(crate) fn last_scope(&self) -> String {
        let opened = self.opened.lock().unwrap();
        let query: HashMap<_, _> = opened.last().expect("a visit").query_pairs().into_owned().collect();
        query.get("scope").cloned().unwrap_or_default()
    }
}

#[async_trait]
impl Browser for PlayedBrowser {
    async fn open(&self, url: &Url) -> Result<(), String> {
        self.opened.lock().unwrap().push(url.clone());
        let (http, mut url) = (Arc::clone(&self.http), url.clone());
        tokio::spawn(async move {
            for _ in 0..3 {
                let request = HttpRequest {
                    method: Method::GET,
                    url: url.clone(),
                    headers: HeaderMap::new(),
                    bearer: None,
                    body: Vec::new(),
                    guard: AddressGuard::Anywhere,
                };
                let page = http.fetch(request).await.unwrap();
                let Some(location) = page.headers.get(header::LOCATION) else { return };
                url = url.join(location.to_str().unwrap()).unwrap();
            }
        });
        Ok(())
    }
}

struct Silent;

impl Notifier for Silent {
    fn notify(&self, _notice: &Notice) {}
}

pub(crate) struct Machine {
    pub(crate) portal: Portal,
    pub(crate) ports: Ports,
    pub(crate) browser: Arc<PlayedBrowser>,
    pub(crate) profile: Profile,
    pub(crate) paths: Paths,
    _home: TempDir,
}

impl Machine {
    pub(crate) async fn with(options: PortalOptions) -> Self {
        let portal = Portal::start(PortalOptions { token_mark: CANARY.into(), ..options }).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let paths = Paths::resolve(Some(home.path().to_path_buf())).unwrap();
        let store = Some(Choice::named("key-file").unwrap());
        let mut ports =
            Composition { store, ..Composition::new(paths.clone(), Arc::new(Silent)) }.ports().unwrap();
        let browser = Arc::new(PlayedBrowser { http: ports.http.clone(), opened: Mutex::default() });
        ports.browser = browser.clone();
        let url = CheckedUrl::parse(&portal.mcp_url()).unwrap();
        let profile = Profile::new(ProfileName::parse("work").unwrap(), url);
        Self { portal, ports, browser, profile, paths, _home: home }
    }

    pub(crate) fn interactive(&self) -> KeptTokens {
        KeptTokens::interactive(self.ports.clone(), self.profile.clone(), mpsc::unbounded_channel().0)
    }

    pub(crate) fn alone(&self) -> KeptTokens {
        KeptTokens::new(self.ports.clone(), self.profile.clone())
    }
}
