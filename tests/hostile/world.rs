//! A generated world: two honest authorization servers, five that are not, and a portal that may be either. Every secret says
//! in its own text which issuer its holder believes in and whose server made it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;

use keyfob_core::profile::RedirectChoice;
use serde_json::{Value, json};
use url::Url;

use crate::dice::Dice;
use crate::network::{Reply, Sent, Servers};
use crate::site::parameter;

/// Issuers; the first [`HONEST`] of them are.
const ISSUERS: [&str; 7] = [
    "https://login.example",
    "https://other.example/tenant",
    "https://evil.example",
    "https://login.example.evil.example",
    "https://login.example:8443",
    "https://login.example/evil",
    "http://127.0.0.66:8080",
];
const HONEST: usize = 2;
const ENDPOINTS: [&str; 4] =
    ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"];

/// A secret of this world: what it is, the issuer its holder believes in, the issuer whose server made it, a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Canary {
    kind: String,
    believed: usize,
    maker: usize,
    number: usize,
}

impl Canary {
    pub(crate) fn new(kind: &str, believed: usize, maker: usize, number: usize) -> Self {
        Self { kind: kind.into(), believed, maker, number }
    }

    /// All secrets in a text.
    pub(crate) fn all_in(text: &str) -> Vec<Self> {
        let read = |rest: &str| {
            let mut parts = rest.split('.');
            let kind = parts.next()?.to_owned();
            let mut number = || parts.next()?.parse().ok();
            Some(Self { kind, believed: number()?, maker: number()?, number: number()? })
        };
        text.split("canary.").skip(1).filter_map(read).collect()
    }
}

impl fmt::Display for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "canary.{}.{}.{}.{}.", self.kind, self.believed, self.maker, self.number)
    }
}

#[derive(Default)]
struct State {
    /// Issuers the portal lists, and what it says else.
    listed: Vec<usize>,
    lie: usize,
    /// How the portal treats a request with a token.
    greeting: usize,
    /// The metadata each issuer serves now.
    documents: BTreeMap<usize, Value>,
    /// Everything an issuer has ever said of itself, by the member's name.
    published: BTreeMap<(usize, String), BTreeSet<String>>,
    /// Redirect URIs by client id, at honest servers.
    clients: BTreeMap<String, (usize, String)>,
    /// What access tokens were asked for, by their number.
    resources: BTreeMap<usize, String>,
    made: usize,
}

/// All servers there are.
pub(crate) struct World {
    state: Mutex<State>,
    dice: Mutex<Dice>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let world = Self { state: Mutex::default(), dice: Mutex::new(Dice::new(seed.rotate_left(17))) };
        world.migrate(&mut dice);
        // Most worlds begin in order, so that there is something to lead astray.
        if !dice.once_in(3) {
            let mut state = world.state.lock().unwrap();
            (state.listed, state.lie, state.greeting) = (vec![dice.below(HONEST)], 0, 0);
        }
        world
    }

    /// Everything is arranged anew.
    pub(crate) fn migrate(&self, dice: &mut Dice) {
        let mut state = self.state.lock().unwrap();
        state.listed = (0..=dice.below(2)).map(|_| dice.below(ISSUERS.len())).collect();
        state.lie = dice.below(8);
        state.greeting = dice.below(8);
        for (issuer, own) in ISSUERS.iter().enumerate() {
            let document = document(issuer, dice);
            if document["issuer"] == *own {
                for name in ENDPOINTS {
                    let place = document[name].as_str().unwrap_or_default().to_owned();
                    state.published.entry((issuer, name.into())).or_default().insert(place);
                }
            }
            state.documents.insert(issuer, document);
        }
    }

    /// Why this secret must not be in this request; `None` where it may.
    pub(crate) fn refuses(&self, canary: &Canary, sent: &Sent) -> Option<&'static str> {
        let state = self.state.lock().unwrap();
        let says = |issuer: usize, name: &str| {
            let places = state.published.get(&(issuer, name.into()));
            places.is_some_and(|places| places.contains(sent.place()))
        };
        let (token, revocation) = ("token_endpoint", "revocation_endpoint");
        let at = |issuer: usize| match canary.kind.as_str() {
            "code" => says(issuer, token),
            "refresh" | "secret" => says(issuer, token) || says(issuer, revocation),
            "access" => says(issuer, revocation) || is_for(&state, canary, sent.place()),
            _ => false,
        };
        if !at(canary.believed) {
            return Some("its issuer has not published this place");
        }
        let by_its_maker = canary.kind == "secret" || canary.maker >= HONEST || at(canary.maker);
        (!by_its_maker).then_some("an honest server made it for itself")
    }

    fn make(state: &mut State, kind: &str, believed: usize, maker: usize) -> String {
        state.made += 1;
        Canary::new(kind, believed, maker, state.made).to_string()
    }
}

/// Whether this token was asked for this very resource, or for a parent of it.
fn is_for(state: &State, canary: &Canary, place: &str) -> bool {
    let Some(resource) = state.resources.get(&canary.number) else { return false };
    let rest = place.strip_prefix(resource.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Metadata as this issuer publishes it now. Honest ones name their own places, old or new; the others name anybody's.
fn document(issuer: usize, dice: &mut Dice) -> Value {
    let own = |version: usize, name: &str| format!("{}/v{version}/{name}", ISSUERS[issuer]);
    let mut document = json!({
        "issuer": ISSUERS[issuer],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "authorization_response_iss_parameter_supported": issuer < HONEST || dice.once_in(2),
    });
    let version = dice.below(2);
    for name in ENDPOINTS {
        let honest = issuer < HONEST || dice.once_in(2);
        let of = if honest { issuer } else { dice.below(ISSUERS.len()) };
        document[name] =
            if of == issuer { own(version, name) } else { format!("{}/v{version}/{name}", ISSUERS[of]) }
                .into();
    }
    if issuer >= HONEST && dice.once_in(4) {
        document["issuer"] = dice.one_of(&ISSUERS).into();
    }
    document
}

/// Whose place this is, and which of its endpoints. The longest issuer wins: one lives below another's path.
fn owner(place: &str) -> Option<(usize, &str)> {
    let mut owners: Vec<usize> = (0..ISSUERS.len())
        .filter(|i| place.strip_prefix(ISSUERS[*i]).is_some_and(|rest| rest.starts_with("/v")))
        .collect();
    owners.sort_by_key(|i| ISSUERS[*i].len());
    let issuer = owners.pop()?;
    let name = place.rsplit('/').next()?;
    ENDPOINTS.contains(&name).then_some((issuer, name))
}

/// The issuer that keyfob believes in, as the redirect's path tells (D14).
fn believed(redirect_uri: &str) -> Option<usize> {
    let path = Url::parse(redirect_uri).ok()?.path().to_owned();
    (0..ISSUERS.len()).find(|i| RedirectChoice::default().path_at(ISSUERS[*i]) == path)
}

impl Servers for World {
    fn answer(&self, sent: &Sent) -> Reply {
        let mut dice = self.dice.lock().unwrap();
        let mut state = self.state.lock().unwrap();
        let place = sent.place().to_owned();
        if let Some((maker, name)) = owner(&place) {
            if maker >= HONEST && dice.once_in(5) {
                return Reply::redirect(dice.one_of(&[301, 302, 303, 307, 308]), &anywhere(&mut dice));
            }
            return match name {
                "token_endpoint" => token_answer(&mut state, maker, sent),
                "registration_endpoint" => register(&mut state, maker, sent, &mut dice),
                _ => Reply::status(200),
            };
        }
        if let Some((issuer, document)) =
            state.documents.iter().find(|(issuer, _)| well_known(ISSUERS[**issuer]).contains(&place))
        {
            if *issuer >= HONEST && dice.once_in(4) {
                return Reply::redirect(302, &anywhere(&mut dice));
            }
            return Reply::json(document);
        }
        portal(&state, sent, &mut dice)
    }

    fn visited(&self, page: &Url) -> Vec<Url> {
        let mut dice = self.dice.lock().unwrap();
        let mut state = self.state.lock().unwrap();
        let Some((maker, "authorization_endpoint")) = owner(&page[..url::Position::AfterPath]) else {
            return Vec::new();
        };
        let client = parameter(page, "client_id").unwrap_or_default();
        let redirect = parameter(page, "redirect_uri").unwrap_or_default();
        let status = parameter(page, "state").unwrap_or_default();
        if maker < HONEST {
            return honest_page(&mut state, maker, &client, &redirect, &status).into_iter().collect();
        }
        // Led on to an honest server, as one of its clients, with the redirect of either: the classic mix-up.
        if let Some((client, (honest, registered))) =
            state.clients.clone().into_iter().next().filter(|_| dice.once_in(2))
        {
            let redirect = if dice.once_in(2) { registered } else { redirect };
            return honest_page(&mut state, honest, &client, &redirect, &status).into_iter().collect();
        }
        let Some(believed) = believed(&redirect) else { return Vec::new() };
        let code = World::make(&mut state, "code", believed, maker);
        let iss = if dice.once_in(3) { dice.one_of(&ISSUERS) } else { ISSUERS[believed] };
        landing(&redirect, &code, &status, iss).into_iter().collect()
    }
}

fn landing(redirect: &str, code: &str, state: &str, iss: &str) -> Option<Url> {
    let mut url = Url::parse(redirect).ok()?;
    url.query_pairs_mut().append_pair("code", code).append_pair("state", state).append_pair("iss", iss);
    Some(url)
}

/// An honest server knows its clients and their redirect URIs, and names itself.
fn honest_page(state: &mut State, maker: usize, client: &str, redirect: &str, status: &str) -> Option<Url> {
    state.clients.get(client).filter(|(at, registered)| *at == maker && registered == redirect)?;
    let code = World::make(state, "code", believed(redirect)?, maker);
    landing(redirect, &code, status, ISSUERS[maker])
}

fn register(state: &mut State, maker: usize, sent: &Sent, dice: &mut Dice) -> Reply {
    let mut answer: Value = serde_json::from_str(&sent.body).unwrap_or_default();
    let redirect = answer["redirect_uris"][0].as_str().unwrap_or_default().to_owned();
    let Some(believed) = believed(&redirect) else { return Reply::status(400) };
    state.made += 1;
    let own = format!("client-{}", state.made);
    let stolen = state.clients.keys().next().cloned().filter(|_| maker >= HONEST && dice.once_in(2));
    let client = stolen.unwrap_or(own);
    if maker < HONEST {
        state.clients.insert(client.clone(), (maker, redirect));
    }
    answer["client_id"] = client.into();
    answer["client_secret"] = World::make(state, "secret", believed, maker).into();
    answer["token_endpoint_auth_method"] = "client_secret_post".into();
    Reply::json(&answer)
}

/// Honest servers take their own codes and tokens; the others take anything.
fn token_answer(state: &mut State, maker: usize, sent: &Sent) -> Reply {
    let shown = sent.parameter("code").or_else(|| sent.parameter("refresh_token")).unwrap_or_default();
    let grant = Canary::all_in(&shown).pop().filter(|grant| maker >= HONEST || grant.maker == maker);
    let Some(grant) = grant else {
        return Reply::bytes(400, br#"{"error":"invalid_grant"}"#.to_vec());
    };
    let access = World::make(state, "access", grant.believed, maker);
    state.resources.insert(state.made, sent.parameter("resource").unwrap_or_default());
    Reply::json(&json!({
        "access_token": access,
        "refresh_token": World::make(state, "refresh", grant.believed, maker),
        "token_type": "Bearer",
        "expires_in": 3600,
    }))
}

fn well_known(issuer: &str) -> Vec<String> {
    let issuer = keyfob_core::resource::CheckedUrl::parse(issuer).expect("an issuer");
    keyfob_core::discovery::authorization_server::well_known_urls(&issuer)
}

/// Some place of anybody's.
fn anywhere(dice: &mut Dice) -> String {
    format!("{}/v{}/{}", dice.one_of(&ISSUERS), dice.below(2), dice.one_of(&ENDPOINTS))
}

/// The portal: challenges, metadata, and what it does with a token.
fn portal(state: &State, sent: &Sent, dice: &mut Dice) -> Reply {
    let place = sent.place();
    let origin = sent.url.origin().ascii_serialization();
    if let Some((_, path)) = place.split_once("/.well-known/oauth-protected-resource") {
        let resource = match state.lie {
            1 => "https://login.example".into(),
            2 => "https://evil.example/mcp".into(),
            3 => origin.clone(),
            _ => format!("{origin}{path}"),
        };
        let issuers: Vec<_> = state.listed.iter().map(|issuer| ISSUERS[*issuer]).collect();
        return match state.lie {
            4 if dice.once_in(2) => Reply::redirect(302, &anywhere(dice)),
            _ => Reply::json(&json!({
                "resource": resource,
                "authorization_servers": issuers,
                "token_endpoint": "https://evil.example/v0/token_endpoint",
            })),
        };
    }
    if !sent.url.path().starts_with("/mcp") {
        return Reply::status(404);
    }
    let path = sent.url.path();
    let named = match state.lie {
        5 => "https://evil.example/.well-known/oauth-protected-resource/mcp".into(),
        _ => format!("{origin}/.well-known/oauth-protected-resource{path}"),
    };
    let challenge =
        Reply::status(401).with("www-authenticate", &format!(r#"Bearer resource_metadata="{named}""#));
    match (sent.authorization.is_some(), state.greeting) {
        (false, _) | (true, 1 | 2) => challenge,
        (true, 3) => Reply::redirect(dice.one_of(&[301, 302, 307, 308]), &anywhere(dice)),
        (true, 4) => {
            Reply::status(403).with("www-authenticate", r#"Bearer error="insufficient_scope", scope="more""#)
        }
        _ => Reply::json(&json!({ "jsonrpc": "2.0", "id": 1, "result": {} })),
    }
}
