// The one file that speaks to the app. Without an app around it (a plain browser) its twin `fake.ts` answers instead.
import { Channel, invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type {
  ClientShown,
  Diagnosis,
  DoctorProgress,
  Examined,
  FoundServer,
  Importable,
  Ipc,
  JournalEntry,
  LinkPlan,
  LinkShown,
  PortChanged,
  Preferences,
  Settings,
  Snapshot,
  StoreMoved,
} from './bindings';

const app: Ipc = {
  snapshot: () => invoke<Snapshot>('snapshot'),
  onSnapshot: (listener) => listen<Snapshot>('snapshot', (event) => listener(event.payload)),
  serversHere: () => invoke<FoundServer[]>('servers_here'),
  importable: () => invoke<Importable[]>('importable'),
  importSignIn: (source, url, name) => invoke<string | null>('import_sign_in', { source, url, name }),
  lookUp: (url, heard) => invoke<Examined>('look_up', { url, heard: new Channel<DoctorProgress>(heard) }),
  addProfile: (profile) => invoke('add_profile', { profile }),
  signIn: (name) => invoke<boolean>('sign_in', { name }),
  cancelSignIn: (name) => invoke('cancel_sign_in', { name }),
  answerAccount: (name, takes) => invoke('answer_account', { name, takes }),
  declineMore: (name) => invoke('decline_more', { name }),
  refresh: (name) => invoke('refresh', { name }),
  signOut: (name) => invoke<string | null>('sign_out', { name }),
  remove: (name) => invoke<string | null>('remove', { name }),
  pause: (name) => invoke('pause', { name }),
  resume: (name) => invoke('resume', { name }),
  setSignInLifetime: (name, lifetime) => invoke('set_sign_in_lifetime', { name, lifetime }),
  setReminders: (name, marks) => invoke('set_reminders', { name, marks }),
  links: () => invoke<LinkShown[]>('links'),
  clients: (name) => invoke<ClientShown[]>('clients', { name }),
  planLink: (name, client, via, replace) => invoke<LinkPlan>('plan_link', { name, client, via, replace }),
  planUnlink: (name, client) => invoke<LinkPlan>('plan_unlink', { name, client }),
  link: (name, client, via, replace) => invoke<string | null>('link', { name, client, via, replace }),
  unlink: (name, client) => invoke('unlink', { name, client }),
  doctor: (target, heard) => invoke<Diagnosis>('doctor', { target, heard: new Channel<DoctorProgress>(heard) }),
  journal: (name) => invoke<JournalEntry[]>('journal', { name }),
  restart: () => invoke('restart'),
  tryDemo: () => invoke('try_demo'),
  offerStartAtLogin: (proxied) => invoke<boolean>('offer_start_at_login', { proxied }),
  answerStartAtLogin: (on) => invoke('answer_start_at_login', { on }),
  settings: () => invoke<Settings>('settings'),
  changeProxyPort: (port) => invoke<PortChanged>('change_proxy_port', { port }),
  moveStore: (to, passphrase) => invoke<StoreMoved>('move_store', { to, passphrase }),
  unlockStore: (passphrase) => invoke('unlock_store', { passphrase }),
  unlockKeyring: () => invoke('unlock_keyring'),
  openFolder: (path) => invoke('open_folder', { path }),
  preferences: () => invoke<Preferences>('preferences'),
  onPreferences: (listener) => listen<Preferences>('preferences', (event) => listener(event.payload)),
  onPlace: (listener) => listen<string>('place', (event) => listener(event.payload)),
  setTheme: (theme) => invoke('set_theme', { theme }),
  setStartAtLogin: (on) => invoke('set_start_at_login', { on }),
};

/** The app, or its twin in a plain browser. */
export async function connect(): Promise<Ipc> {
  if ('__TAURI_INTERNALS__' in window) return app;
  const { fake } = await import('./fake');
  return fake(new URLSearchParams(window.location.search).get('scene') ?? 'daily');
}
