// What the window can ask of the app. The shapes that cross are generated, see `shapes/`; the commands' names and arguments
// are held by `index.test.ts`. No shape can hold a token.
import type {
  ClientShown,
  Diagnosis,
  DoctorProgress,
  Examined,
  FoundServer,
  Importable,
  JournalEntry,
  LinkPlan,
  LinkShown,
  NewProfile,
  PortChanged,
  Preferences,
  Settings,
  Snapshot,
  StoreBackend,
  StoreMoved,
  Theme,
  Via,
} from './shapes';

export type * from './shapes';

/** Everything the window can ask of the app. Each promise rejects with a `Refusal`. */
export interface Ipc {
  snapshot(): Promise<Snapshot>;
  /** Calls `listener` with each new snapshot; the answer ends that. */
  onSnapshot(listener: (snapshot: Snapshot) => void): Promise<() => void>;
  /** Servers that programs on this computer are configured for. */
  serversHere(): Promise<FoundServer[]>;
  /** Sign-ins of other programs that can be taken over. */
  importable(): Promise<Importable[]>;
  /** Resolves with what must be done about the other program, if anything. */
  importSignIn(source: string, url: string, name: string): Promise<string | null>;
  /** `heard` gets each step of the look-up as it goes. */
  lookUp(url: string, heard: (progress: DoctorProgress) => void): Promise<Examined>;
  addProfile(profile: NewProfile): Promise<void>;
  /** Resolves when it is over: whether it worked. Why it did not stands in the snapshot. */
  signIn(name: string): Promise<boolean>;
  /** Also takes the word of one that failed away. */
  cancelSignIn(name: string): Promise<void>;
  /** Whether the account that has just signed in takes the place of the one before. */
  answerAccount(name: string, takes: boolean): Promise<void>;
  /** No sign-in asks for what programs wanted beyond it. */
  declineMore(name: string): Promise<void>;
  refresh(name: string): Promise<void>;
  /** Resolves with a note to show, if there is one. */
  signOut(name: string): Promise<string | null>;
  remove(name: string): Promise<string | null>;
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  /** Answers when a sign-in ends: a time span such as `30d`, or `not-known`. */
  setSignInLifetime(name: string, lifetime: string): Promise<void>;
  /** How long before its end the user is told, such as `7d`; no marks: never; `null`: as usual. */
  setReminders(name: string, marks: string[] | null): Promise<void>;
  /** Every link of a program to a portal. */
  links(): Promise<LinkShown[]>;
  /** The programs found here, and whether they are linked to this portal. */
  clients(name: string): Promise<ClientShown[]>;
  /** What a link would change; the program's best way where none is named. The entry `replace`, if any, makes room for it. */
  planLink(name: string, client: string, via: Via | null, replace: string | null): Promise<LinkPlan>;
  planUnlink(name: string, client: string): Promise<LinkPlan>;
  /** Resolves with a note to show, if there is one. */
  link(name: string, client: string, via: Via, replace: string | null): Promise<string | null>;
  unlink(name: string, client: string): Promise<void>;
  /** Walks the chain of authorization of a profile or an address; `heard` gets each step as it goes. Changes nothing at any server. */
  doctor(target: string, heard: (progress: DoctorProgress) => void): Promise<Diagnosis>;
  /** What happened of late, the newest last. */
  journal(name: string): Promise<JournalEntry[]>;
  /** Starts the app anew: one that could not run, or one that was updated. */
  restart(): Promise<void>;
  tryDemo(): Promise<void>;
  /** Whether to ask about starting with the desktop. */
  /** Whether to ask: once for renewals, and at each link through the proxy that nothing would start. */
  offerStartAtLogin(proxied: boolean): Promise<boolean>;
  answerStartAtLogin(on: boolean): Promise<void>;
  /** Usual reminders, local address, files. */
  settings(): Promise<Settings>;
  /** Also connects again what names the old port. */
  changeProxyPort(port: number): Promise<PortChanged>;
  /** The passphrase, for that place alone, only goes in. */
  moveStore(to: StoreBackend, passphrase: string | null): Promise<StoreMoved>;
  unlockStore(passphrase: string): Promise<void>;
  /** Has the desktop ask for its keyring's passphrase. */
  unlockKeyring(): Promise<void>;
  /** Shows the folder of a file that `settings` has named. */
  openFolder(path: string): Promise<void>;
  preferences(): Promise<Preferences>;
  /** Calls `listener` whenever they change, in whatever window; the answer ends that. */
  onPreferences(listener: (preferences: Preferences) => void): Promise<() => void>;
  /** Calls `listener` with a place in the window that somebody wants to be at, such as `portal/NAME`; the answer ends that. */
  onPlace(listener: (place: string) => void): Promise<() => void>;
  setTheme(theme: Theme): Promise<void>;
  setStartAtLogin(on: boolean): Promise<void>;
}
