// What a person can do, each as one function: asks the app, then says what came of it. No function here throws.
import type { Ipc, NewProfile, ProfileShown } from '../ipc/bindings';
import { EMPTY_WALK, type Examination, examination, walked } from './examination';
import { isSignedIn } from './profiles';
import { asRefusal, complain, offerStart, running, say, selected, snapshot, startProblem, take } from './state';
import { refreshedNote, removedNote, signedInNote, signedOutNote, titleOf, words } from './words';

let ipc: Ipc;
let offerAsked = false;

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
    // Why it did not work stands in the snapshot, and who gave up knows.
    const worked = await ipc.signIn(profile.name);
    return worked ? signedInNote(profile.label ?? profile.name) : null;
  });

/** Also takes the word of one that failed away. */
export const cancelSignIn = (profile: ProfileShown) =>
  run('cancel', profile.name, async () => {
    await ipc.cancelSignIn(profile.name);
    return null;
  });

/** No sign-in asks for what programs wanted beyond it. */
export const declineMore = (profile: ProfileShown) =>
  run('decline', profile.name, async () => {
    await ipc.declineMore(profile.name);
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

/** Walks a server's chain of authorization; a walk that was closed meanwhile is told to nobody. */
export async function examine(target: string, title: string): Promise<void> {
  const begun: Examination = { ...EMPTY_WALK, target, title, diagnosis: null, refusal: null };
  let mine = begun;
  examination.value = begun;
  const become = (next: Examination) => {
    if (examination.value === mine) examination.value = next;
    mine = next;
  };
  try {
    const diagnosis = await ipc.doctor(target, (progress) => become({ ...mine, ...walked(mine, progress) }));
    become({ ...mine, looking: null, diagnosis });
  } catch (thrown) {
    become({ ...mine, looking: null, refusal: asRefusal(thrown) });
  }
}

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
