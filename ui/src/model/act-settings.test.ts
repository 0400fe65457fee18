// The settings against the app's twin: what is switched arrives by the event, in every window.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Ipc, Preferences } from '../ipc/bindings';
import { fake } from '../ipc/fake';
import * as act from './act';
import { preferences, settings, snapshot, toasts } from './state';

let ipc: Ipc;

beforeEach(async () => {
  vi.useFakeTimers();
  toasts.value = [];
  settings.value = 'closed';
  ipc = fake('daily');
  await act.begin(ipc);
});
afterEach(() => vi.useRealTimers());

/** Lets an act run to its end, however long the twin takes. */
async function done(running: Promise<unknown>) {
  await vi.advanceTimersByTimeAsync(4_000);
  await running;
}

it('what is preferred in one window is told to every window', async () => {
  const other: Preferences[] = [];
  await ipc.onPreferences((next) => other.push(next));
  await done(act.setTheme('dark'));
  await done(act.setStartAtLogin(true));
  expect(preferences.value).toEqual({ theme: 'dark', start_at_login: true });
  expect(other.at(-1)).toEqual(preferences.value);
});

it('reminders that are set in one window are in the snapshot of every window, and edited back they are as they were', async () => {
  const other: string[][] = [];
  const marks = (one: { profiles: { name: string; reminders: { marks: string[] } }[] } | null) =>
    one?.profiles.find((profile) => profile.name === 'readonly')?.reminders.marks ?? [];
  await ipc.onSnapshot((next) => other.push(marks(next)));
  const before = snapshot.value?.profiles.find((profile) => profile.name === 'readonly');
  if (!before) throw new Error('no profile');
  await done(act.setReminders(before, ['14d', '3d']));
  expect([marks(snapshot.value), other.at(-1)]).toEqual([
    ['14d', '3d'],
    ['14d', '3d'],
  ]);
  await done(act.setReminders(before, ['1m']));
  expect(toasts.value.at(-1)?.message).toBe('a reminder comes between 5m and 365d before the end, not 1m');
  expect(marks(snapshot.value)).toEqual(['14d', '3d']);
  await done(act.setReminders(before, null));
  expect(snapshot.value?.profiles.find((profile) => profile.name === 'readonly')?.reminders).toEqual(before.reminders);
});

it('a preference that could not be kept is told and stays as it was', async () => {
  ipc.setTheme = () => Promise.reject({ message: 'the preferences could not be kept: the disk is full', hint: null });
  await done(act.setTheme('dark'));
  expect(preferences.value.theme).toBe('system');
  expect(toasts.value.map((one) => one.message)).toEqual(['the preferences could not be kept: the disk is full']);
});

it('what the desktop has switched meanwhile is seen when the settings are opened', async () => {
  ipc.preferences = async () => ({ theme: 'system', start_at_login: true });
  act.openSettings();
  await vi.advanceTimersByTimeAsync(0);
  expect(settings.value).toBe('open');
  expect(preferences.value.start_at_login).toBe(true);
});

it('a port that is changed but not everywhere says where it is not', async () => {
  ipc.changeProxyPort = async () => ({ listens: true, left: ['zed (admin): its file was changed meanwhile'] });
  const running = act.changeProxyPort(24200);
  await done(running);
  expect(await running).toBe(true);
  expect(toasts.value.map((one) => one.message)).toEqual([
    'The port is changed, but not everywhere: zed (admin): its file was changed meanwhile',
  ]);
});
