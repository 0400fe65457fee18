// What a person can do, each as one function: asks the app, then says what came of it. No function here throws.
import type { Ipc, NewProfile, ProfileShown } from '../ipc/bindings';
import { isSignedIn } from './profiles';
import { asRefusal, complain, offerStart, running, say, selected, snapshot, startProblem, take } from './state';
import { refreshedNote, removedNote, signedInNote, signedOutNote, titleOf, words } from './words';

let ipc: Ipc;
let offerAsked = false;
/** Sign-ins given up here, whose rejection is still to come. */
const cancelled = new Set<string>();

/** Takes the first snapshot and every one after it. */
export async function begin(connected: Ipc): Promise<void> {
  ipc = connected;
  try {
    await ipc.onSnapshot((next) => {
      take(next);
      offerOnce();
    });
    const first = await ipc.snapshot();
    take(first);
    offerOnce();
  } catch (thrown) {
    startProblem.value = asRefusal(thrown);
  }
}

/** Starting at login is worth asking about once something is signed in, and once only. */
function offerOnce(): void {
  if (offerAsked || !snapshot.value?.profiles.some(isSignedIn)) return;
  offerAsked = true;
  ipc
    .offerStartAtLogin()
    .then((offer) => {
      offerStart.value = offer;
    })
    .catch((thrown) => complain(asRefusal(thrown)));
}

export const lookUp = (url: string) => ipc.lookUp(url);

export const addProfile = (profile: NewProfile) => ipc.addProfile(profile);

export const isRunning = (action: string, name = ''): boolean => running.value.has(`${action} ${name}`);

/** What is done, then what it left open. */
const withNote = (done: string, note: string | null): string => (note ? `${done} ${note}` : done);

/** Runs one action, once at a time; a failure is shown with its next step. */
async function run(action: string, name: string, work: () => Promise<string | null>): Promise<void> {
  const key = `${action} ${name}`;
  if (running.value.has(key)) return;
  running.value = new Set([...running.value, key]);
  try {
    const note = await work();
    if (note) say(note);
  } catch (thrown) {
    complain(asRefusal(thrown));
  } finally {
    running.value = new Set([...running.value].filter((one) => one !== key));
  }
}

export const signIn = (profile: Pick<ProfileShown, 'name' | 'label'>) =>
  run('sign-in', profile.name, async () => {
    cancelled.delete(profile.name);
    try {
      await ipc.signIn(profile.name);
    } catch (thrown) {
      // Who gave up knows; no need to complain.
      if (cancelled.delete(profile.name)) return null;
      throw thrown;
    }
    return signedInNote(profile.label ?? profile.name);
  });

export const cancelSignIn = (profile: ProfileShown) =>
  run('cancel', profile.name, async () => {
    cancelled.add(profile.name);
    await ipc.cancelSignIn(profile.name);
    return null;
  });

export const refresh = (profile: ProfileShown) =>
  run('refresh', profile.name, async () => {
    await ipc.refresh(profile.name);
    return refreshedNote(titleOf(profile));
  });

export const signOut = (profile: ProfileShown) =>
  run('sign-out', profile.name, async () => {
    const note = await ipc.signOut(profile.name);
    return withNote(signedOutNote(titleOf(profile)), note);
  });

export const remove = (profile: ProfileShown) =>
  run('remove', profile.name, async () => {
    const note = await ipc.remove(profile.name);
    selected.value = null;
    return withNote(removedNote(titleOf(profile)), note);
  });

export const pauseOrResume = (profile: ProfileShown) =>
  run('pause', profile.name, async () => {
    await (profile.state === 'paused' ? ipc.resume(profile.name) : ipc.pause(profile.name));
    return null;
  });

/** Answers when the sign-in ends: a time span, or "not known". */
export const answerEnd = (profile: ProfileShown, lifetime: string) =>
  run('lifetime', profile.name, async () => {
    await ipc.setSignInLifetime(profile.name, lifetime);
    return null;
  });

export const tryDemo = () =>
  run('demo', '', async () => {
    await ipc.tryDemo();
    return words.demoAdded;
  });

export const answerStart = (on: boolean) =>
  run('start', '', async () => {
    await ipc.answerStartAtLogin(on);
    offerStart.value = false;
    return null;
  });
