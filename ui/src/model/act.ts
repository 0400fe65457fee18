// What a person can do, each as one function: asks the app, then says what came of it. No function here throws.

import type { Ipc, JournalEntry, ProfileShown } from '../ipc/bindings';
import { readLinks } from './act-links';
import { followPreferences } from './act-settings';
import { EMPTY_WALK, type Examination, examination, walked } from './examination';
import { isSignedIn } from './profiles';
import { app, run, useApp } from './run';
import { asRefusal, complain, offerStart, selected, snapshot, startProblem, take } from './state';
import { refreshedNote, remindersNote, remindersUsualNote, removedNote, signedOutNote, titleOf, words } from './words';

let offerAsked = false;

/** Takes the first snapshot and every one after it. */
export async function begin(connected: Ipc): Promise<void> {
  useApp(connected);
  try {
    await connected.onSnapshot((next) => {
      take(next);
      offerOnce();
    });
    const first = await connected.snapshot();
    take(first);
    offerOnce();
    await readLinks();
    await followPreferences();
  } catch (thrown) {
    startProblem.value = asRefusal(thrown);
  }
}

/** Starting at login is worth asking about once something is signed in, and once only. */
function offerOnce(): void {
  if (offerAsked || !snapshot.value?.profiles.some(isSignedIn)) return;
  offerAsked = true;
  app()
    .offerStartAtLogin(false)
    .then((offer) => {
      if (offer) offerStart.value ??= 'renewals';
    })
    .catch((thrown) => complain(asRefusal(thrown)));
}

/** What is done, then what it left open. */
const withNote = (done: string, note: string | null): string => (note ? `${done} ${note}` : done);

/** Also takes the word of one that failed away. */
export const cancelSignIn = (profile: ProfileShown) =>
  run('cancel', profile.name, async () => {
    await app().cancelSignIn(profile.name);
    return null;
  });

/** Whether the account that has just signed in takes the place of the one before. */
export const answerAccount = (profile: ProfileShown, takes: boolean) =>
  run('account', profile.name, async () => {
    await app().answerAccount(profile.name, takes);
    return null;
  });

/** No sign-in asks for what programs wanted beyond it. */
export const declineMore = (profile: ProfileShown) =>
  run('decline', profile.name, async () => {
    await app().declineMore(profile.name);
    return null;
  });

export const refresh = (profile: ProfileShown) =>
  run('refresh', profile.name, async () => {
    await app().refresh(profile.name);
    return refreshedNote(titleOf(profile));
  });

export const signOut = (profile: ProfileShown) =>
  run('sign-out', profile.name, async () => {
    const note = await app().signOut(profile.name);
    return withNote(signedOutNote(titleOf(profile)), note);
  });

export const remove = (profile: ProfileShown) =>
  run('remove', profile.name, async () => {
    const note = await app().remove(profile.name);
    selected.value = null;
    return withNote(removedNote(titleOf(profile)), note);
  });

export const pauseOrResume = (profile: ProfileShown) =>
  run('pause', profile.name, async () => {
    await (profile.state === 'paused' ? app().resume(profile.name) : app().pause(profile.name));
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
    const diagnosis = await app().doctor(target, (progress) => become({ ...mine, ...walked(mine, progress) }));
    become({ ...mine, looking: null, diagnosis });
  } catch (thrown) {
    become({ ...mine, looking: null, refusal: asRefusal(thrown) });
  }
}

/** What happened to a portal of late; nothing where that cannot be read. */
export async function journalOf(name: string): Promise<JournalEntry[]> {
  try {
    return await app().journal(name);
  } catch (thrown) {
    complain(asRefusal(thrown));
    return [];
  }
}

/** Answers when the sign-in ends: a time span, or "not known". */
export const answerEnd = (profile: ProfileShown, lifetime: string) =>
  run('lifetime', profile.name, async () => {
    await app().setSignInLifetime(profile.name, lifetime);
    return null;
  });

/** How long before its end the user is told; `null` for the usual marks. The snapshot of every window has them then. */
export const setReminders = (profile: ProfileShown, marks: string[] | null) =>
  run('reminders', profile.name, async () => {
    await app().setReminders(profile.name, marks);
    return marks ? remindersNote(titleOf(profile), marks) : remindersUsualNote(titleOf(profile));
  });

/** The app starts anew; this page ends with it. */
export const restart = () =>
  run('restart', '', async () => {
    await app().restart();
    return null;
  });

export const tryDemo = () =>
  run('demo', '', async () => {
    await app().tryDemo();
    return words.demoAdded;
  });

export const answerStart = (on: boolean) =>
  run('start', '', async () => {
    await app().answerStartAtLogin(on);
    offerStart.value = null;
    return null;
  });

export * from './act-links';
export * from './act-settings';
export * from './act-wizard';
export { isRunning } from './run';
export { signIn } from './sign-in';
