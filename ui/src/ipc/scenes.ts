// Made-up profiles for the window in a plain browser: each scene shows a day in the life of keyfob.
import type { DevicePrompt, Known, ProfileShown, SignInShown, SignInUnderWay, Snapshot } from './bindings';
import { PICTURE } from './picture';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `offset` milliseconds from now. */
export const at = (offset: number): string => new Date(Date.now() + offset).toISOString();

/** When the user is told where nothing else is said. */
export const USUAL_MARKS = ['7d', '1d', '2h'];

/** A profile without a sign-in. */
export function blank(name: string, url: string): ProfileShown {
  return {
    name,
    url,
    label: null,
    access: null,
    local: new URL(url).hostname === '127.0.0.1',
    state: 'signed-out',
    signing_in: false,
    issuer: null,
    account: null,
    scopes: [],
    access_token: null,
    sign_in: null,
    next_refresh_at: null,
    last_refresh: null,
    refreshes: 0,
    failures: 0,
    reminders: { marks: USUAL_MARKS, own: false },
    deliveries: [],
    problem: null,
    hint: null,
  };
}

/** A sign-in that began `since` and ends at `end`, milliseconds from now; what nobody knows is asked. */
export const signInOf = (since: number, end: number | null, known: Known): SignInShown => ({
  since: at(since),
  ends_at: end === null ? null : at(end),
  known,
  asked: known === 'unknown',
  offers: known === 'server' ? [] : [{ lifetime: '30d', source: 'usual for portals built with Cloudflare’s library' }],
});

/** What a sign-in that has just ended well adds. */
export function signedIn(profile: ProfileShown): ProfileShown {
  return {
    ...profile,
    state: 'active',
    signing_in: false,
    issuer: profile.issuer ?? `https://login.${new URL(profile.url).hostname}`,
    account: profile.account ?? 'ada@example.com',
    scopes: profile.scopes.length > 0 ? profile.scopes : ['read', 'offline_access'],
    access_token: { expires_at: at(HOUR), assumed: false },
    sign_in: signInOf(0, 30 * DAY, 'server'),
    next_refresh_at: at(54 * MINUTE),
    refreshes: 0,
    failures: 0,
    problem: null,
    hint: null,
  };
}

function readonly(): ProfileShown {
  return {
    ...signedIn(blank('readonly', 'https://mcpr.example.com/mcp')),
    label: 'Readonly portal',
    access: 'read',
    sign_in: signInOf(-8 * DAY, 22 * DAY + HOUR, 'server'),
    access_token: { expires_at: at(41 * MINUTE), assumed: false },
    next_refresh_at: at(35 * MINUTE),
    last_refresh: { at: at(-19 * MINUTE), outcome: 'renewed' },
    refreshes: 212,
    deliveries: [{ target: 'file ~/site/.mcp_tokens_readonly.json', problem: null }],
  };
}

function admin(): ProfileShown {
  return {
    ...signedIn(blank('admin', 'https://mcpa.example.com/mcp')),
    label: 'Admin portal',
    access: 'write',
    reminders: { marks: ['14d', '2d'], own: true },
    scopes: ['read', 'write', 'admin:sites', 'offline_access'],
    sign_in: signInOf(-28 * DAY, 2 * DAY + 5 * HOUR, 'configured'),
    next_refresh_at: at(12 * MINUTE),
    last_refresh: { at: at(-43 * MINUTE), outcome: 'renewed' },
    refreshes: 640,
    failures: 2,
    deliveries: [
      { target: 'file ~/site/.mcp_tokens_admin.json', problem: null },
      { target: 'keyring entry deploy / admin', problem: 'the keyring refused the write: it is locked' },
    ],
  };
}

function tracker(): ProfileShown {
  return {
    ...signedIn(blank('tracker', 'https://tracker.example.org/mcp')),
    state: 'needs-sign-in',
    sign_in: signInOf(-14 * DAY, -2 * HOUR, 'learned'),
    access_token: { expires_at: at(-2 * HOUR), assumed: false },
    next_refresh_at: null,
    last_refresh: { at: at(-2 * HOUR), outcome: 'rejected' },
    failures: 1,
    problem: 'The server has ended this sign-in (invalid_grant).',
    hint: 'Sign in again.',
  };
}

function offline(): ProfileShown {
  return {
    ...signedIn(blank('wiki', 'https://wiki.example.net/mcp')),
    state: 'retrying',
    sign_in: signInOf(-3 * DAY, null, 'unknown'),
    last_refresh: { at: at(-MINUTE), outcome: 'failed' },
    next_refresh_at: at(2 * MINUTE),
    problem: 'offline',
  };
}

function paused(): ProfileShown {
  return { ...signedIn(blank('archive', 'https://archive.example.com/mcp')), state: 'paused', next_refresh_at: null };
}

const PEOPLE = ['atlas', 'billing', 'calendar', 'docs', 'errors', 'fleet', 'grants', 'hiring', 'invoices', 'journal'];

/** Twenty of a kind, so that there are two hundred. */
const many = (kind: string, of: number): ProfileShown[] =>
  Array.from({ length: 20 }, (_, index) => ({
    ...signedIn(blank(`${kind}-${index + 1}`, `https://${kind}.team${index + 1}.example.com/mcp`)),
    sign_in: signInOf(-of * DAY, (8 + of + index) * DAY, 'server'),
    last_refresh: { at: at(-6 * MINUTE), outcome: 'renewed' },
  }));

const base = (profiles: ProfileShown[]): Snapshot => ({
  version: '0.1.0',
  agent: { running: true, kind: 'app', pid: 4711 },
  store: { backend: 'secret-service', strength: 'keyring', problem: null, hint: null, locked: false },
  settings_problem: null,
  profiles,
  usual_reminders: USUAL_MARKS,
  sign_ins: [],
  step_ups: [],
  other_version: null,
});

/** A code as a device gets it, alive for ten minutes. */
export const devicePrompt = (): DevicePrompt => ({
  user_code: 'WDJB-MJHT',
  page: 'https://login.example.com/device',
  site: 'login.example.com',
  until: at(10 * MINUTE),
  opened: true,
  picture: PICTURE,
});

/** A sign-in under way, nothing said of it yet. */
export const underWay = (profile: string, step: SignInUnderWay['step']): SignInUnderWay => ({
  profile,
  step,
  address: null,
  device: null,
  accounts: null,
  refusal: null,
});

const phone = (): ProfileShown => ({
  ...blank('device-tv', 'https://tv.example.com/mcp'),
  label: 'Screen in the hall',
});

/** As long as people and servers make them, and then some. */
function wordy(): ProfileShown {
  const word = 'donaudampfschifffahrtsgesellschaftskapitaen';
  return {
    ...tracker(),
    name: `${word}-of-the-second-fleet`,
    url: `https://${word}.${word}.example.com/a/path/that/goes/on/and/on/mcp?tenant=${word}${word}`,
    label:
      'The portal of the second fleet for reading, for writing and for everything that nobody else has thought of so far',
    access: 'write',
    issuer: `https://login.${word}.${word}.example.com/realms/${word}`,
    account: `captain.of.the.second.fleet.${word}@${word}.example.com`,
    scopes: Array.from({ length: 24 }, (_, index) => `https://scopes.${word}.example.com/auth/${word}.${index}`),
    problem: `the server says: ${word} ${word} ${word}, which is no reason that anybody could understand, ${word}${word}${word}`,
    hint: `Ask whoever runs https://${word}.${word}.example.com/${word}.`,
    deliveries: [
      { target: `file ~/site/${word}/${word}/.mcp_tokens_readonly.json`, problem: `no permission: ${word}${word}` },
      { target: `keyring entry ${word} / ${word}`, problem: null },
    ],
  };
}

/**
 * `empty`: the first run. `daily`: every state. `well`: two calm ones. `trouble`: nothing can be read. `device`: a code waits to
 * be typed. `denied`: a sign-in was refused. `account`: another account
 * signed in. `held`: another keyfob has the lease; `waiting`: and may still make way. `updated`: a restart runs a new version;
 * `newer`, `older`: another one works beside this one. `more`: a program asks for more rights. `no-browser`: none could be started. `long`: words of every length.
 */
export const scenes: Record<string, () => Snapshot> = {
  empty: () => base([]),
  well: () => base([readonly(), { ...paused(), state: 'active', next_refresh_at: at(50 * MINUTE) }]),
  daily: () =>
    base([readonly(), admin(), tracker(), offline(), paused(), blank('sandbox', 'http://127.0.0.1:8787/mcp')]),
  device: () => ({
    ...base([readonly(), { ...phone(), state: 'signing-in', signing_in: true }, tracker()]),
    sign_ins: [{ ...underWay('device-tv', 'device'), device: devicePrompt() }],
  }),
  account: () => ({
    ...base([{ ...readonly(), signing_in: true }, admin()]),
    sign_ins: [{ ...underWay('readonly', 'account'), accounts: { before: 'ada@example.com', now: 'bob@example.com' } }],
  }),
  denied: () => ({
    ...base([readonly(), tracker()]),
    sign_ins: [
      {
        ...underWay('tracker', 'failed'),
        refusal: { message: 'the sign-in was declined: at the server', hint: 'keyfob sign-in tracker' },
      },
    ],
  }),
  many: () => base([...PEOPLE.flatMap((name, index) => many(name, index)), tracker(), admin()]),
  broken: () => base([readonly(), { ...blank('broken', 'https://broken.example.com/mcp') }]),
  long: () => ({
    ...base([{ ...readonly(), label: 'x' }, wordy()]),
    settings_problem: `line 12, column 1: unknown key "${'lable'.repeat(20)}"`,
    step_ups: [
      { profile: wordy().name, scopes: wordy().scopes, clients: ['Claude Code', 'Zed', 'a program of one’s own'] },
    ],
  }),
  more: () => ({
    ...base([readonly(), { ...admin(), scopes: ['read', 'offline_access'] }]),
    step_ups: [{ profile: 'admin', scopes: ['write', 'admin:sites'], clients: ['Claude Code', 'Zed'] }],
  }),
  'no-browser': () => ({
    ...base([{ ...blank('sandbox', 'http://127.0.0.1:8787/mcp'), state: 'signing-in', signing_in: true }, phone()]),
    sign_ins: [
      {
        ...underWay('sandbox', 'browser'),
        address:
          'https://login.example.com/authorize?response_type=code&client_id=k3yf0b&redirect_uri=http%3A%2F%2F127.0.0.1%3A41177%2F&scope=read&code_challenge_method=S256',
      },
    ],
  }),
  passphrase: () => ({
    ...base([{ ...readonly(), state: 'locked', next_refresh_at: null }]),
    store: {
      backend: 'passphrase',
      strength: 'passphrase',
      problem: 'the store needs its passphrase',
      hint: 'set KEYFOB_PASSPHRASE_FILE',
      locked: false,
    },
  }),
  held: () => base([]),
  waiting: () => base([]),
  updated: () => ({ ...base([readonly(), admin()]), other_version: { version: '0.2.0', newer: true, restart: true } }),
  newer: () => ({ ...base([readonly(), admin()]), other_version: { version: '0.2.0', newer: true, restart: false } }),
  older: () => ({ ...base([readonly(), admin()]), other_version: { version: '0.0.9', newer: false, restart: false } }),
  trouble: () => ({
    ...base([{ ...readonly(), state: 'locked', next_refresh_at: null }]),
    store: {
      backend: 'secret-service',
      strength: 'keyring',
      problem: 'The desktop keyring is locked.',
      hint: 'Unlock it, then try again.',
      locked: true,
    },
    settings_problem: 'line 12, column 1: unknown key "lable"; did you mean "label"?',
  }),
};
