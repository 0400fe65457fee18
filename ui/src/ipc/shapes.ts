// What crosses the boundary to the app. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes

/** An instant as RFC 3339, in UTC. */
export type Instant = string;

/** How the end of a sign-in is known. */
export type Known = 'server' | 'configured' | 'learned' | 'unknown';

/**
 * Everything there is to show.
 */
export type Snapshot = { version: string, agent: AgentShown, store: StoreShown,
/**
 * Why `profiles.toml` cannot be read, with line and column.
 */
settings_problem: string | null, profiles: Array<ProfileShown>,
/**
 * How long before a sign-in ends its user is told, where a profile names nothing of its own: `7d`.
 */
usual_reminders: Array<string>,
/**
 * Sign-ins that this app does, and failed ones nobody has dismissed.
 */
sign_ins: Array<SignInUnderWay>,
/**
 * What clients ask for beyond a sign-in, at most once for each profile.
 */
step_ups: Array<StepUp>, };

/**
 * The keeper, if one runs.
 */
export type AgentShown = { running: boolean, kind: KeeperKind | null, pid: number | null, };

/**
 * Kinds of keepers.
 */
export type KeeperKind = 'app' | 'headless';

/**
 * The store and what guards it.
 */
export type StoreShown = { backend: string, strength: string, problem: string | null, hint: string | null,
/**
 * The desktop's keyring is locked, and the desktop can be made to ask for it.
 */
locked: boolean, };

/**
 * One profile.
 */
export type ProfileShown = { name: string, url: string, label: string | null, access: Access | null,
/**
 * True for a server on this machine.
 */
local: boolean, state: StateWord,
/**
 * True while a sign-in runs, whatever the state is.
 */
signing_in: boolean, issuer: string | null, account: string | null, scopes: Array<string>, access_token: AccessTokenShown | null, sign_in: SignInShown | null, next_refresh_at: Instant | null, last_refresh: LastRefreshShown | null, refreshes: number, failures: number, reminders: Reminders, deliveries: Array<DeliveryShown>,
/**
 * What is wrong; `offline` for no connection.
 */
problem: string | null, hint: string | null, };

/**
 * When a profile's user is told that its sign-in ends.
 */
export type Reminders = { 
/**
 * How long before, the longest first: `7d`. None is never.
 */
marks: Array<string>,
/**
 * Others than the usual ones.
 */
own: boolean, };

/**
 * What a profile is for.
 */
export type Access = 'read' | 'write';

/**
 * The one word for a profile.
 */
export type StateWord = 'signed-out' | 'signing-in' | 'active' | 'refreshing' | 'retrying' | 'needs-sign-in' | 'locked' | 'paused';

/**
 * The access token's end, never the token.
 */
export type AccessTokenShown = { expires_at: Instant, };

/**
 * The sign-in's start and end.
 */
export type SignInShown = { since: Instant, ends_at: Instant | null,
/**
 * How the end is known.
 */
known: Known,
/**
 * Whether the user is asked when it ends.
 */
asked: boolean,
/**
 * Answers to choose from; none where the server says.
 */
offers: Array<LifetimeOffer>, };

/**
 * A lifetime to choose from.
 */
export type LifetimeOffer = { 
/**
 * As in `profiles.toml`, such as `30d`.
 */
lifetime: string,
/**
 * Where it comes from, in words.
 */
source: string, };

/**
 * The last attempt to renew.
 */
export type LastRefreshShown = { at: Instant, outcome: Outcome, };

/**
 * How a renewal ended.
 */
export type Outcome = 'renewed' | 'failed' | 'rejected';

/**
 * A place the token is written to.
 */
export type DeliveryShown = { target: string, problem: string | null, };

/**
 * A sign-in that this app does, or one that has just failed.
 */
export type SignInUnderWay = { profile: string, step: SignInStep,
/**
 * Where to go on, if no browser could be started.
 */
address: string | null, device: DevicePrompt | null,
/**
 * Another account signed in than before: which of them stays is to be said.
 */
accounts: OtherAccount | null,
/**
 * Why it failed.
 */
refusal: Refusal | null, };

/**
 * How far it is.
 */
export type SignInStep = 'looking' | 'browser' | 'device' | 'account' | 'finishing' | 'failed';

/**
 * What a person needs to go on at any device with a browser. It gives no token by itself.
 */
export type DevicePrompt = { user_code: string,
/**
 * Where to type it.
 */
page: string,
/**
 * The page's host, to be recognised.
 */
site: string, until: Instant,
/**
 * A browser was started at the page.
 */
opened: boolean,
/**
 * The best address as a QR code, row by row: `1` is dark; none for one too long.
 */
picture: Array<string>, };

/**
 * The account so far, and the one that has signed in now.
 */
export type OtherAccount = { before: string, now: string, };

/**
 * What clients ask for beyond a sign-in.
 */
export type StepUp = { profile: string, scopes: Array<string>,
/**
 * Their names, as people call them.
 */
clients: Array<string>, };

/**
 * News of a walk.
 */
export type DoctorProgress = { 'looking': string } | { 'found': Finding };

/**
 * What is to be said of one step.
 */
export type Finding = { id: string, title: string, verdict: Verdict,
/**
 * One sentence.
 */
finding: string,
/**
 * The sections of the standards.
 */
spec: string | null, exchanges: Array<Exchange>,
/**
 * What whoever signs in can do.
 */
for_user: string | null,
/**
 * What whoever runs the server can do.
 */
for_server: string | null, };

/**
 * How a step went, or the whole walk.
 */
export type Verdict = 'pass' | 'warn' | 'fail' | 'skip';

/**
 * One request and what came back, secrets masked.
 */
export type Exchange = { sent: string, received: string, };

/**
 * The end of a walk.
 */
export type Diagnosis = { target: string, verdict: Verdict,
/**
 * As Markdown, to be pasted into a bug tracker.
 */
report: string, };

/**
 * What a look-up found.
 */
export type Examined = { resource_name: string | null, resource: string, issuer: string,
/**
 * Suggested scopes, separated by spaces as on the wire.
 */
scopes: string | null,
/**
 * How keyfob will make itself known to the authorization server.
 */
registration: string,
/**
 * The ways to sign in that it offers, the usual one first.
 */
grants: Array<Grant>,
/**
 * It takes no client that it does not know.
 */
client_id_needed: boolean, local: boolean,
/**
 * True where the server describes only a path above the one given.
 */
parent_path: boolean, };

/**
 * Ways to sign in.
 */
export type Grant = 'authorization-code' | 'device' | 'client-credentials';

/**
 * A profile as the 'add' dialog gives it.
 */
export type NewProfile = { name: string, url: string, label: string | null, access: Access | null, grant: Grant, client_id: string | null,
/**
 * It only goes in: sealed at once, and shown by nothing.
 */
client_secret: string | null,
/**
 * PEM or JWK; it only goes in, too.
 */
private_key: string | null, };

/**
 * How a client gets its token.
 */
export type Via = 'helper' | 'proxy' | 'bridge';

/**
 * A link that was made.
 */
export type LinkShown = { profile: string, client: string, client_name: string, via: Via, };

/**
 * A client that is here.
 */
export type ClientShown = { id: string, name: string,
/**
 * The best first.
 */
ways: Array<Via>,
/**
 * How it is linked to the profile that was asked for.
 */
linked: Via | null, };

/**
 * A server that a client is configured for.
 */
export type FoundServer = { client_name: string, name: string, url: string, };

/**
 * A sign-in of another program that can be taken over.
 */
export type Importable = { 
/**
 * As it is asked for.
 */
source: string, program: string, url: string,
/**
 * keyfob can go on with it; else it ends with its access token.
 */
renews: boolean, };

/**
 * What a link, or the end of one, would change.
 */
export type LinkPlan = { via: Via, file: string | null,
/**
 * The client's own command that would run.
 */
command: string | null,
/**
 * The entry, each line behind `+` or `-`; or the lines to run by hand.
 */
lines: Array<string>,
/**
 * Nothing can be edited: a person runs the lines.
 */
by_hand: boolean,
/**
 * An entry made before gives way.
 */
replaces: boolean,
/**
 * What to do afterwards.
 */
afterwards: string, };

/**
 * One event.
 */
export type JournalEntry = { at: Instant,
/**
 * One of the journal's words, such as `renewed`.
 */
event: string,
/**
 * Something that did not go as it should.
 */
failed: boolean, duration_ms: number | null, detail: string | null,
/**
 * The name of the program's file, where one asked.
 */
program: string | null,
/**
 * How often, where one entry stands for several events.
 */
times: number, };

/**
 * All of it.
 */
export type Settings = { proxy: LocalProxy, files: Array<FilePlace>, };

/**
 * The loopback proxy.
 */
export type LocalProxy = { 
/**
 * `null` until the first link needs one.
 */
port: number | null,
/**
 * It answers at that port.
 */
listens: boolean,
/**
 * Whose configuration names that port.
 */
links: Array<LinkShown>, };

/**
 * What became of a new port for the loopback proxy.
 */
export type PortChanged = { listens: boolean,
/**
 * Programs whose configuration still names the old port, each with the reason.
 */
left: Array<string>, };

/**
 * A file or folder that keyfob writes.
 */
export type FilePlace = { kind: FileKind, path: string,
/**
 * The profile or program it is for.
 */
about: string | null,
/**
 * It is there now.
 */
there: boolean, };

/**
 * What a file is for.
 */
export type FileKind = 'profiles' | 'config' | 'records' | 'key' | 'locks' | 'client-keys' | 'journal' | 'links' | 'command-marks' | 'preferences' | 'lease' | 'socket' | 'proxy-socket' | 'where' | 'autostart' | 'service' | 'token-file' | 'client-config';

/**
 * Places the key can be kept in.
 */
export type StoreBackend = 'keyring' | 'passphrase' | 'key-file' | 'systemd-creds';

/**
 * What a move of the key did.
 */
export type StoreMoved = { 
/**
 * Records that are sealed anew.
 */
sealed: number,
/**
 * Profiles whose record opened with no key; it is kept as it was.
 */
unopened: Array<string>,
/**
 * Another place that the environment names: it must go from there, or the next start refuses the store.
 */
environment: string | null, };

/**
 * How the windows look.
 */
export type Theme = 'system' | 'light' | 'dark';

/**
 * What the user prefers of the app itself.
 */
export type Preferences = { theme: Theme, start_at_login: boolean, };

/**
 * Why a command failed and what to do next.
 */
export type Refusal = { message: string, hint: string | null, };
