// What the window can ask of the app. The shapes that cross are generated, see `shapes.ts`; the commands' names and arguments
// are held by `index.test.ts`. No shape can hold a token.
import type { Examined, NewProfile, Snapshot } from './shapes';

export type * from './shapes';

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
