// What crosses the boundary to the app: the shapes of keyfob-agent's `snapshot.rs`, field by field, and the commands.
// Absent values are `null`, never missing. No shape here can hold a token.

/** An instant as RFC 3339, in UTC. */
export type Instant = string;

export type StateWord =
  | 'signed-out'
  | 'signing-in'
  | 'active'
  | 'refreshing'
  | 'retrying'
  | 'needs-sign-in'
  | 'locked'
  | 'paused';

export type Access = 'read' | 'write';

/** How the end of a sign-in is known. */
export type Known = 'server' | 'configured' | 'learned' | 'unknown';

export interface Snapshot {
  version: string;
  agent: AgentShown;
  store: StoreShown;
  /** Why `profiles.toml` cannot be read, with line and column. */
  settings_problem: string | null;
  profiles: ProfileShown[];
}

export interface AgentShown {
  running: boolean;
  kind: 'app' | 'headless' | null;
  pid: number | null;
}

export interface StoreShown {
  backend: string;
  strength: string;
  problem: string | null;
  hint: string | null;
}

export interface ProfileShown {
  name: string;
  url: string;
  label: string | null;
  access: Access | null;
  /** True for a server on this machine. */
  local: boolean;
  state: StateWord;
  /** True while a sign-in runs, whatever the state is. */
  signing_in: boolean;
  issuer: string | null;
  account: string | null;
  scopes: string[];
  access_token: { expires_at: Instant } | null;
  sign_in: SignInShown | null;
  next_refresh_at: Instant | null;
  last_refresh: { at: Instant; outcome: 'renewed' | 'failed' | 'rejected' } | null;
  refreshes: number;
  failures: number;
  deliveries: DeliveryShown[];
  /** What is wrong; `offline` for no connection. */
  problem: string | null;
  hint: string | null;
}

export interface SignInShown {
  since: Instant;
  ends_at: Instant | null;
  known: Known;
  /** Whether the user is asked when it ends. */
  asked: boolean;
  /** Answers to choose from; none where the server says. */
  offers: LifetimeOffer[];
}

/** A lifetime to choose from. */
export interface LifetimeOffer {
  /** As in `profiles.toml`, such as `30d`. */
  lifetime: string;
  /** Where it comes from, in words. */
  source: string;
}

export interface DeliveryShown {
  target: string;
  problem: string | null;
}

/** What looking up an address found. */
export interface Examined {
  resource_name: string | null;
  resource: string;
  issuer: string;
  /** Suggested scopes, separated by spaces as on the wire. */
  scopes: string | null;
  /** How keyfob will make itself known to the authorization server. */
  registration: string;
  local: boolean;
  /** True where the server describes only a path above the one given. */
  parent_path: boolean;
}

export interface NewProfile {
  name: string;
  url: string;
  label: string | null;
  access: Access | null;
  client_id: string | null;
}

/** Why a command failed and what to do next. */
export interface Refusal {
  message: string;
  hint: string | null;
}

/** Everything the window can ask of the app. Each promise rejects with a `Refusal`. */
export interface Ipc {
  snapshot(): Promise<Snapshot>;
  /** Calls `listener` with each new snapshot; the answer ends that. */
  onSnapshot(listener: (snapshot: Snapshot) => void): Promise<() => void>;
  lookUp(url: string): Promise<Examined>;
  addProfile(profile: NewProfile): Promise<void>;
  /** Resolves when signed in. */
  signIn(name: string): Promise<void>;
  cancelSignIn(name: string): Promise<void>;
  refresh(name: string): Promise<void>;
  /** Resolves with a note to show, if there is one. */
  signOut(name: string): Promise<string | null>;
  remove(name: string): Promise<string | null>;
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  /** Answers when a sign-in ends: a time span such as `30d`, or `not-known`. */
  setSignInLifetime(name: string, lifetime: string): Promise<void>;
  tryDemo(): Promise<void>;
  /** Whether to ask about starting with the desktop. */
  offerStartAtLogin(): Promise<boolean>;
  answerStartAtLogin(on: boolean): Promise<void>;
}
