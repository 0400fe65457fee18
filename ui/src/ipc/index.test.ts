// The names and arguments of the commands as they cross the boundary: the app's side is written against them.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Ipc } from './bindings';

const calls = vi.hoisted(() => [] as unknown[][]);
vi.mock('@tauri-apps/api/core', () => ({
  Channel: class {
    constructor(public hear: unknown) {}
  },
  invoke: async (...call: unknown[]) => {
    calls.push(call);
    return null;
  },
}));
vi.mock('@tauri-apps/api/event', () => ({
  listen: async (name: string, handler: (event: { payload: string }) => void) => {
    handler({ payload: `the payload of ${name}` });
    return () => {};
  },
}));

let ipc: Ipc;
beforeEach(async () => {
  calls.length = 0;
  vi.stubGlobal('window', { __TAURI_INTERNALS__: {} });
  const { connect } = await import('./index');
  ipc = await connect();
});
afterEach(() => vi.unstubAllGlobals());

it('names every command and its arguments as agreed', async () => {
  const hear = () => {};
  const added = {
    name: 'a',
    url: 'https://a.example',
    label: null,
    access: null,
    grant: 'authorization-code' as const,
    client_id: null,
    client_secret: null,
    private_key: null,
  };
  await ipc.snapshot();
  await ipc.serversHere();
  await ipc.importable();
  await ipc.importSignIn('codex', 'https://a.example', 'a');
  await ipc.lookUp('https://a.example', hear);
  await ipc.addProfile(added);
  await ipc.signIn('a');
  await ipc.cancelSignIn('a');
  await ipc.answerAccount('a', true);
  await ipc.declineMore('a');
  await ipc.refresh('a');
  await ipc.signOut('a');
  await ipc.remove('a');
  await ipc.pause('a');
  await ipc.resume('a');
  await ipc.setSignInLifetime('a', '30d');
  await ipc.setReminders('a', ['7d']);
  await ipc.links();
  await ipc.clients('a');
  await ipc.planLink('a', 'zed', null, 'gh');
  await ipc.planUnlink('a', 'zed');
  await ipc.link('a', 'zed', 'proxy', null);
  await ipc.unlink('a', 'zed');
  await ipc.doctor('a', hear);
  await ipc.journal('a');
  await ipc.restart();
  await ipc.tryDemo();
  await ipc.offerStartAtLogin(true);
  await ipc.answerStartAtLogin(true);
  await ipc.settings();
  await ipc.changeProxyPort(24117);
  await ipc.moveStore('passphrase', 'p');
  await ipc.unlockStore('p');
  await ipc.unlockKeyring();
  await ipc.openFolder('/home/ada/x');
  await ipc.preferences();
  await ipc.setTheme('dark');
  await ipc.setStartAtLogin(false);
  const name = { name: 'a' };
  expect(calls).toEqual([
    ['snapshot'],
    ['servers_here'],
    ['importable'],
    ['import_sign_in', { source: 'codex', url: 'https://a.example', name: 'a' }],
    ['look_up', { url: 'https://a.example', heard: { hear } }],
    ['add_profile', { profile: added }],
    ['sign_in', name],
    ['cancel_sign_in', name],
    ['answer_account', { name: 'a', takes: true }],
    ['decline_more', name],
    ['refresh', name],
    ['sign_out', name],
    ['remove', name],
    ['pause', name],
    ['resume', name],
    ['set_sign_in_lifetime', { name: 'a', lifetime: '30d' }],
    ['set_reminders', { name: 'a', marks: ['7d'] }],
    ['links'],
    ['clients', name],
    ['plan_link', { name: 'a', client: 'zed', via: null, replace: 'gh' }],
    ['plan_unlink', { name: 'a', client: 'zed' }],
    ['link', { name: 'a', client: 'zed', via: 'proxy', replace: null }],
    ['unlink', { name: 'a', client: 'zed' }],
    ['doctor', { target: 'a', heard: { hear } }],
    ['journal', name],
    ['restart'],
    ['try_demo'],
    ['offer_start_at_login', { proxied: true }],
    ['answer_start_at_login', { on: true }],
    ['settings'],
    ['change_proxy_port', { port: 24117 }],
    ['move_store', { to: 'passphrase', passphrase: 'p' }],
    ['unlock_store', { passphrase: 'p' }],
    ['unlock_keyring'],
    ['open_folder', { path: '/home/ada/x' }],
    ['preferences'],
    ['set_theme', { theme: 'dark' }],
    ['set_start_at_login', { on: false }],
  ]);
});

it('hands on the whole of each event', async () => {
  const heard: unknown[] = [];
  await ipc.onSnapshot((snapshot) => heard.push(snapshot));
  await ipc.onPreferences((preferences) => heard.push(preferences));
  await ipc.onPlace((place) => heard.push(place));
  expect(heard).toEqual(['the payload of snapshot', 'the payload of preferences', 'the payload of place']);
});
