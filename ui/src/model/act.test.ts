// The acts against the app's twin: what is said, what is not, and that nothing throws.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Ipc, ProfileShown } from '../ipc/bindings';
import { fake } from '../ipc/fake';
import * as act from './act';
import { announced, offerStart, open, selected, signInOf, snapshot, stepUpOf, take, toasts } from './state';

let ipc: Ipc;
const profile = (name: string): ProfileShown => {
  const found = snapshot.value?.profiles.find((one) => one.name === name);
  if (!found) throw new Error(`no profile ${name}`);
  return found;
};
const said = () => toasts.value.map((one) => `${one.tone}: ${one.message}`);

beforeEach(async () => {
  vi.useFakeTimers();
  toasts.value = [];
  selected.value = null;
  snapshot.value = null;
  announced.value = '';
  ipc = fake('daily');
  await act.begin(ipc);
});

/** Lets an act run to its end, however long the twin takes. */
async function done(running: Promise<unknown>) {
  await vi.advanceTimersByTimeAsync(4_000);
  await running;
}

describe('signing in', () => {
  it('shows the way there and the end of it', async () => {
    const running = act.signIn(profile('sandbox'));
    expect(profile('sandbox').state).toBe('signing-in');
    expect(act.isRunning('sign-in', 'sandbox')).toBe(true);
    await done(running);
    expect(profile('sandbox').state).toBe('active');
    expect(act.isRunning('sign-in', 'sandbox')).toBe(false);
    expect(said()).toEqual(['note: sandbox is signed in.']);
  });
  it('keeps the state of a sign-in that is held meanwhile', async () => {
    const running = act.signIn(profile('readonly'));
    expect(profile('readonly')).toMatchObject({ state: 'active', signing_in: true });
    await done(running);
  });
  it('is given up without a complaint', async () => {
    const running = act.signIn(profile('sandbox'));
    await act.cancelSignIn(profile('sandbox'));
    await done(running);
    expect(profile('sandbox').state).toBe('signed-out');
    expect(said()).toEqual([]);
  });
});

describe('a code to be typed', () => {
  it('comes to the front and goes when it is done', async () => {
    await act.begin(fake('no-browser'));
    const running = act.signIn(profile('device-tv'));
    expect(signInOf('device-tv')?.device?.user_code).toBe('WDJB-MJHT');
    expect(selected.value).toBe('device-tv');
    await done(running);
    expect(signInOf('device-tv')).toBeNull();
    expect(profile('device-tv').state).toBe('active');
  });
  it('that was refused stays said until it is dismissed', async () => {
    await act.begin(fake('denied'));
    expect(signInOf('tracker')?.step).toBe('failed');
    await done(act.cancelSignIn(profile('tracker')));
    expect(signInOf('tracker')).toBeNull();
    expect(said()).toEqual([]);
  });
});

describe('more rights that a program asks for', () => {
  it('are asked for by a sign-in, or declined for good', async () => {
    await act.begin(fake('more'));
    expect(stepUpOf('admin')?.clients).toEqual(['Claude Code', 'Zed']);
    await done(act.declineMore(profile('admin')));
    expect(stepUpOf('admin')).toBeNull();
  });
});

describe('a failure', () => {
  it('is shown with its next step and stays', async () => {
    await done(act.refresh(profile('wiki')));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(toasts.value).toMatchObject([
      { tone: 'problem', message: 'The server cannot be reached.', hint: 'keyfob tries again by itself.' },
    ]);
  });
  it('of the first snapshot is shown in place of the list', async () => {
    const { startProblem } = await import('./state');
    await act.begin({ ...ipc, snapshot: () => Promise.reject('no app') });
    expect(startProblem.value).toEqual({ message: 'no app', hint: null });
    startProblem.value = null;
  });
});

describe('a link through the local address', () => {
  const link = async (needsStart: boolean, via: 'proxy' | 'bridge') => {
    const asked: boolean[] = [];
    const offerStartAtLogin = async (proxied: boolean) => {
      asked.push(proxied);
      return proxied && needsStart;
    };
    await act.begin({ ...fake('daily'), offerStartAtLogin });
    const [client] = await act.clientsOf('admin');
    if (!client) throw new Error('no program');
    await done(act.carryOut(profile('admin'), client, false, via, null));
    const offered = offerStart.value;
    offerStart.value = null;
    return { offered, asked: asked.includes(true) };
  };
  it('offers start at login where nothing would start keyfob', async () => {
    expect(await link(true, 'proxy')).toEqual({ offered: 'links', asked: true });
    expect(await link(false, 'proxy')).toEqual({ offered: null, asked: true });
    expect(await link(true, 'bridge')).toEqual({ offered: null, asked: false });
  });
});

describe('removing', () => {
  it('closes the details of what is gone', async () => {
    selected.value = 'readonly';
    expect(open.value?.name).toBe('readonly');
    await done(act.remove(profile('readonly')));
    expect(open.value).toBeNull();
    expect(selected.value).toBeNull();
  });
  it('closes them too where someone else removed it', async () => {
    selected.value = 'readonly';
    const removed = ipc.remove('readonly');
    await vi.advanceTimersByTimeAsync(4_000);
    await removed;
    expect(selected.value).toBeNull();
  });
});

describe('signing out', () => {
  it('says what is done and what it left open', async () => {
    await done(act.signOut(profile('wiki')));
    expect(said()).toEqual(['note: Signed out of wiki. The server could not be reached; it will be told later.']);
  });
});

describe('a change of state', () => {
  const now = () => snapshot.value ?? { profiles: [] };
  const lose = (name: string) => {
    const profiles = now().profiles.map((one) =>
      one.name === name ? { ...one, state: 'needs-sign-in' as const } : one,
    );
    if (snapshot.value) take({ ...snapshot.value, profiles });
  };
  it('is read out where it came by itself', () => {
    lose('readonly');
    expect(announced.value).toBe('Readonly portal: Sign-in needed');
  });
  it('is left to the toast where someone asked for it', async () => {
    await done(act.signOut(profile('readonly')));
    expect(announced.value).toBe('');
  });
});
