// The window's whole state, in signals. The snapshot comes from the keeper and is never changed here.
import { computed, effect, signal } from '@preact/signals';
import type { LinkShown, Preferences, Refusal, Settings, SignInUnderWay, Snapshot, StepUp } from '../ipc/bindings';
import { sorted } from './profiles';
import { changedWords, words } from './words';

export const snapshot = signal<Snapshot | null>(null);
/** The wall clock, moved on by `startClock`; words like "in 5 minutes" follow it. */
export const now = signal(Date.now());
/** The profile whose details are open. */
export const selected = signal<string | null>(null);
/** The question whether a sign-in should ask for more, open for this profile; asked on the way to a sign-in or by itself. */
export const deciding = signal<{ name: string; signingIn: boolean } | null>(null);
export const offerStart = signal<'renewals' | 'links' | null>(null);
/** Why there is no snapshot at all. */
export const startProblem = signal<Refusal | null>(null);
/** What runs now, as `action name`, so that its button can wait. */
export const running = signal<ReadonlySet<string>>(new Set());

/** Whether the settings are open; whoever has left them finds the keyboard where they came from. */
export const settings = signal<'closed' | 'open' | 'left'>('closed');
/** What the user prefers of the app itself. */
export const preferences = signal<Preferences>({ theme: 'system', start_at_login: false });

/** What the settings show beside them; read when they are opened and after each change. */
export const configuration = signal<Settings | null>(null);

/** What is looked for in the list. */
export const query = signal('');

/** Which programs are linked to which portals. */
export const links = signal<LinkShown[]>([]);
export const linksOf = (name: string): LinkShown[] => links.value.filter((link) => link.profile === name);

/** What changed last without anyone asking for it, to be read out. */
export const announced = signal('');

export interface Toast {
  id: number;
  tone: 'note' | 'problem';
  message: string;
  hint: string | null;
}
export const toasts = signal<Toast[]>([]);

/** A sign-in of this app that is under way or has failed. */
export const signInOf = (name: string): SignInUnderWay | null =>
  snapshot.value?.sign_ins.find((one) => one.profile === name) ?? null;

/** What programs ask for beyond a sign-in. */
export const stepUpOf = (name: string): StepUp | null =>
  snapshot.value?.step_ups.find((one) => one.profile === name) ?? null;

/** The store waits for its passphrase. */
export const needsPassphrase = computed(() => {
  const store = snapshot.value?.store;
  return store?.backend === 'passphrase' && store.problem !== null;
});

/** Those at which somebody is waited for. */
const waiting = computed(() => {
  const known = snapshot.value;
  return new Set([...(known?.sign_ins ?? []), ...(known?.step_ups ?? [])].map((one) => one.profile));
});

export const shown = computed(() => sorted(snapshot.value?.profiles ?? [], now.value, waiting.value));
export const open = computed(() => snapshot.value?.profiles.find((one) => one.name === selected.value) ?? null);

/** Often enough for words that count minutes. */
const TICK = 10_000;

export function startClock(): void {
  const move = () => {
    now.value = Date.now();
  };
  setInterval(move, TICK);
  // After sleep the first look must not show an hour-old "in 5 minutes".
  document.addEventListener('visibilitychange', move);
}

/** The page looks as preferred, from now on; without a preference as the desktop does. */
export function startTheme(): void {
  const { dataset } = document.documentElement;
  effect(() => {
    if (preferences.value.theme === 'system') delete dataset.theme;
    else dataset.theme = preferences.value.theme;
  });
}

export function take(next: Snapshot): void {
  now.value = Date.now();
  announce(next);
  showNewCode(next);
  snapshot.value = next;
  if (selected.value && !next.profiles.some((one) => one.name === selected.value)) selected.value = null;
}

/** A code to be typed comes to the front, wherever its sign-in was begun. */
function showNewCode(next: Snapshot): void {
  const isNew = (one: SignInUnderWay) => one.step === 'device' && signInOf(one.profile)?.step !== 'device';
  const first = next.sign_ins.find(isNew);
  if (!first) return;
  selected.value = first.profile;
  settings.value = 'closed';
}

/** What someone does here says itself what came of it. */
function announce(next: Snapshot): void {
  const byItself = next.profiles.filter((one) => ![...running.value].some((key) => key.endsWith(` ${one.name}`)));
  const changed = changedWords(snapshot.value?.profiles ?? [], byItself, now.value);
  if (changed.length > 0) announced.value = changed.join('. ');
}

let lastToast = 0;
/** Long enough to read two lines. Problems stay until dismissed. */
const NOTE_TIME = 6_000;

export function say(message: string): void {
  const id = push({ tone: 'note', message, hint: null });
  setTimeout(() => dismiss(id), NOTE_TIME);
}

export function complain(refusal: Refusal): void {
  push({ tone: 'problem', ...refusal });
}

function push(toast: Omit<Toast, 'id'>): number {
  lastToast += 1;
  // Three fit; the same words twice tell nothing new.
  const others = toasts.value.filter((one) => one.message !== toast.message);
  toasts.value = [...others, { id: lastToast, ...toast }].slice(-3);
  return lastToast;
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

/** Whatever was thrown, as cause and next step. */
export function asRefusal(thrown: unknown): Refusal {
  if (typeof thrown === 'string') return { message: thrown, hint: null };
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
    const hint = 'hint' in thrown && typeof thrown.hint === 'string' ? thrown.hint : null;
    const waits = 'waits' in thrown && thrown.waits === true;
    return { message: String(thrown.message), hint, ...(waits ? { waits } : {}) };
  }
  return { message: words.failed, hint: words.failedHint };
}
