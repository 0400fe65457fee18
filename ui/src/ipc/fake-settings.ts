// The settings' part of the app's twin.
import type {
  FileKind,
  FilePlace,
  Ipc,
  LinkShown,
  Preferences,
  Refusal,
  Settings,
  StoreBackend,
  StoreShown,
} from './bindings';

const SHORT_TIME = 400;
/** As long as a passphrase and six records take. */
const SLOW_TIME = 1_200;
const after = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

type Part = Pick<
  Ipc,
  | 'preferences'
  | 'onPreferences'
  | 'setTheme'
  | 'setStartAtLogin'
  | 'settings'
  | 'changeProxyPort'
  | 'openFolder'
  | 'moveStore'
  | 'unlockStore'
  | 'unlockKeyring'
>;

const CONFIG = '/home/ada/.config/keyfob';
const DATA = '/home/ada/.local/share/keyfob';
const STATE = '/home/ada/.local/state/keyfob';

const place = (kind: FileKind, path: string, about: string | null = null, there = true): FilePlace => ({
  kind,
  path,
  about,
  there,
});

const FILES: FilePlace[] = [
  place('profiles', `${CONFIG}/profiles.toml`),
  place('config', `${CONFIG}/config.toml`),
  place('records', `${DATA}/credentials`),
  place('key', `${DATA}/store.toml`),
  place('locks', `${DATA}/locks`),
  place('client-keys', `${DATA}/client-keys.json`),
  place('journal', `${STATE}/journal`),
  place('links', `${STATE}/links`),
  place('command-marks', `${STATE}/commands`, null, false),
  place('preferences', `${STATE}/app-preferences.json`),
  place('lease', `${STATE}/keeper.lock`),
  place('socket', `${STATE}/run/keeper.sock`),
  place('proxy-socket', `${STATE}/run/proxy.sock`),
  place('token-file', '/home/ada/site/.mcp_tokens_readonly.json', 'Readonly portal'),
  place('client-config', '/home/ada/.claude.json', 'Claude Code'),
  place('client-config', '/home/ada/.cursor/mcp.json', 'Cursor'),
  place('client-config', '/home/ada/.config/zed/settings.json', 'Zed'),
];

const PROXIED: LinkShown[] = [
  { profile: 'readonly', client: 'cursor', client_name: 'Cursor', via: 'proxy' },
  { profile: 'admin', client: 'zed', client_name: 'Zed', via: 'proxy' },
];

/** A port that another program has. */
const TAKEN = 8080;

/** What opens the store of the scene that waits for it. */
const RIGHT = 'correct horse';

const STORE: Record<StoreBackend, StoreShown> = {
  keyring: { backend: 'secret-service', strength: 'keyring', problem: null, hint: null, locked: false },
  passphrase: { backend: 'passphrase', strength: 'passphrase', problem: null, hint: null, locked: false },
  'key-file': { backend: 'key-file', strength: 'account-only', problem: null, hint: null, locked: false },
  'systemd-creds': { backend: 'systemd-creds', strength: 'machine', problem: null, hint: null, locked: false },
};

export function fakeSettings(isNew: boolean, keep: (store: StoreShown) => void): Part {
  let preferred: Preferences = { theme: 'system', start_at_login: false };
  const listeners = new Set<(preferences: Preferences) => void>();
  const become = (next: Partial<Preferences>) => {
    preferred = { ...preferred, ...next };
    for (const listener of listeners) listener(preferred);
  };
  const shown: Settings = {
    proxy: isNew ? { port: null, listens: false, links: [] } : { port: 24117, listens: true, links: PROXIED },
    files: FILES,
  };
  return {
    preferences: async () => preferred,
    onPreferences: async (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setTheme: async (theme) => become({ theme }),
    setStartAtLogin: async (on) => {
      await after(SHORT_TIME);
      become({ start_at_login: on });
    },
    settings: async () => ({ ...shown }),
    changeProxyPort: async (port) => {
      await after(SHORT_TIME);
      const refusal: Refusal = { message: `another program uses port ${port}`, hint: 'Choose another port.' };
      if (port === TAKEN) throw refusal;
      shown.proxy = { ...shown.proxy, port };
      return { listens: true, left: [] };
    },
    moveStore: async (to) => {
      await after(SLOW_TIME);
      keep(STORE[to]);
      return { sealed: 6, unopened: [], environment: null };
    },
    unlockStore: async (passphrase) => {
      await after(SHORT_TIME);
      const refusal: Refusal = { message: 'this is not the passphrase', hint: 'check the passphrase' };
      if (passphrase !== RIGHT) throw refusal;
      keep(STORE.passphrase);
    },
    unlockKeyring: async () => {
      await after(SHORT_TIME);
      keep(STORE.keyring);
    },
    openFolder: () => after(SHORT_TIME),
  };
}
