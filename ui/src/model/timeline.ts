// A profile's life as a picture: its journal's events on lanes over a span of time. Pure: entries in, places from 0 to 1 out.
import type { JournalEntry } from '../ipc/bindings';

const HOUR = 3_600_000;

/** Lengths of time to look at. */
export const SPANS = [
  { id: 'day', length: 24 * HOUR },
  { id: 'week', length: 7 * 24 * HOUR },
  { id: 'month', length: 30 * 24 * HOUR },
] as const;

export type SpanId = (typeof SPANS)[number]['id'];

/** What happened is drawn on one of these, from top to bottom. */
export const LANES = ['sign-in', 'renewal', 'hand-out', 'delivery'] as const;
export type Lane = (typeof LANES)[number];

const LANE_OF: Record<string, Lane> = {
  'signed-in': 'sign-in',
  'sign-in-failed': 'sign-in',
  'signed-out': 'sign-in',
  'sign-in-ended': 'sign-in',
  reminded: 'sign-in',
  renewed: 'renewal',
  'renewal-failed': 'renewal',
  'handed-out': 'hand-out',
  'hand-out-failed': 'hand-out',
  delivered: 'delivery',
  'delivery-failed': 'delivery',
};

export interface Mark {
  lane: Lane;
  /** From 0, the beginning, to 1, now. */
  at: number;
  failed: boolean;
  /** How many events stand here. */
  times: number;
}

/** The events of the span that ends `now`; those too close to be told apart are one mark, a failure never hidden in it. */
export function marks(entries: JournalEntry[], length: number, now: number, places = 160): Mark[] {
  const found = new Map<string, Mark>();
  for (const entry of entries) {
    const lane = LANE_OF[entry.event];
    const at = 1 - (now - Date.parse(entry.at)) / length;
    if (!lane || at < 0 || at > 1) continue;
    const place = Math.round(at * places);
    const key = `${lane} ${place} ${entry.failed}`;
    const mark = found.get(key) ?? { lane, at: place / places, failed: entry.failed, times: 0 };
    mark.times += entry.times;
    found.set(key, mark);
  }
  // Failures last: they are drawn above what lies at the same place.
  return [...found.values()].sort((a, b) => Number(a.failed) - Number(b.failed));
}

export interface Gap {
  from: number;
  to: number;
}

/** Longer than this without any renewal where they come regularly: the machine slept, or nothing ran. */
const TIMES_USUAL = 2.5;

/** When nothing ran, as the journal says: `slept` is told afterwards, an end of the keeper by the start after it. */
function told(entries: JournalEntry[]): [number, number][] {
  return entries.flatMap((entry, index): [number, number][] => {
    const at = Date.parse(entry.at);
    if (entry.event === 'slept') return [[at - (entry.duration_ms ?? 0), at]];
    if (entry.event !== 'keeper-stopped') return [];
    const next = entries.slice(index + 1).find((one) => one.event === 'keeper-started');
    return next ? [[at, Date.parse(next.at)]] : [];
  });
}

/** Shorter ones, such as a restart, are no more than a line. */
const SHORTEST = 60_000;

/** All stretches in which nothing ran: those that the journal tells, and where it tells none, those read off renewals. */
export function gaps(entries: JournalEntry[], length: number, now: number): Gap[] {
  const known = told(entries).filter(([from, to]) => to - from >= SHORTEST);
  const meets = ([from, to]: [number, number]) => known.some(([begin, end]) => from < end && begin < to);
  const all = [...known, ...guessed(entries).filter((gap) => !meets(gap))].sort(([a], [b]) => a - b);
  const place = (time: number) => Math.min(1, Math.max(0, 1 - (now - time) / length));
  return all.filter(([, to]) => place(to) > 0).map(([from, to]) => ({ from: place(from), to: place(to) }));
}

/**
 * Stretches in which nothing was renewed though it was due: sleeps and switched-off hours. Read off the renewals themselves, so
 * nothing is invented where there were too few of them to say what is usual.
 */
function guessed(entries: JournalEntry[]): [number, number][] {
  const renewals = entries.filter((entry) => entry.event === 'renewed' || entry.event === 'signed-in');
  const times = renewals.map((entry) => Date.parse(entry.at)).sort((a, b) => a - b);
  const pauses = times.slice(1).map((time, index) => time - (times[index] ?? time));
  const usual = [...pauses].sort((a, b) => a - b)[Math.floor(pauses.length / 2)];
  if (usual === undefined || pauses.length < 4) return [];
  return pauses.flatMap((pause, index): [number, number][] =>
    pause > usual * TIMES_USUAL ? [[(times[index] ?? 0) + usual, times[index + 1] ?? 0]] : [],
  );
}

/** For how long nothing ran, in milliseconds. */
export const stillFor = (entries: JournalEntry[], length: number, now: number): number =>
  gaps(entries, length, now).reduce((sum, gap) => sum + (gap.to - gap.from) * length, 0);

/** How much of each there was, for the table. */
export function sums(
  entries: JournalEntry[],
  length: number,
  now: number,
): { lane: Lane; good: number; failed: number }[] {
  const within = entries.filter((entry) => now - Date.parse(entry.at) <= length);
  return LANES.map((lane) => {
    const mine = within.filter((entry) => LANE_OF[entry.event] === lane);
    const count = (failed: boolean) =>
      mine.filter((entry) => entry.failed === failed).reduce((sum, entry) => sum + entry.times, 0);
    return { lane, good: count(false), failed: count(true) };
  });
}

/** The shortest of the spans that holds all there is; else the longest. */
export function fittingSpan(entries: JournalEntry[], now: number): SpanId {
  const first = Math.min(now, ...entries.map((entry) => Date.parse(entry.at)));
  return SPANS.find((span) => now - first <= span.length)?.id ?? 'month';
}
