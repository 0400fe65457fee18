// Everything there is to show. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes
import type { Instant, Known } from './basis';
import type { SignInUnderWay, StepUp } from './sign-ins';

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
step_ups: Array<StepUp>,
/**
 * Another version of keyfob beside this app; `null` where all are one.
 */
other_version: OtherVersion | null, };

/**
 * Another version of keyfob than this app.
 */
export type OtherVersion = { 
/**
 * `null` where it is not known.
 */
version: string | null, newer: boolean,
/**
 * This app's own program was replaced: a restart runs the new one.
 */
restart: boolean, };

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
export type AccessTokenShown = { expires_at: Instant,
/**
 * Nobody has said so: keyfob goes by a guess of its own.
 */
assumed: boolean, };

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
