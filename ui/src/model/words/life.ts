// The words of the time line and of the journal.
import type { JournalEntry } from '../../ipc/bindings';
import type { Lane, SpanId } from '../timeline';
import { counted, span } from './times';

export const lifeLabels = {
  lifeTitle: 'Its life',
  lifeSpan: 'How far back',
  lifeWhat: 'What',
  lifeGood: 'Worked',
  lifeFailed: 'Failed',
  lifeGap: 'nothing ran',
  lifeStill: 'Nothing ran',
  lifeNothing: 'Nothing has happened yet.',
  lifeMore: 'Show all',
  lifeLess: 'Show less',
};

export const LANE: Record<Lane, string> = {
  'sign-in': 'Sign-ins',
  renewal: 'Renewals',
  'hand-out': 'Hand-outs',
  delivery: 'Written copies',
};

const ONE: Record<Lane, string> = {
  'sign-in': 'sign-in',
  renewal: 'renewal',
  'hand-out': 'hand-out',
  delivery: 'written copy',
};

export const SPAN: Record<SpanId, string> = { day: 'Day', week: 'Week', month: 'Month' };

const BEGIN: Record<SpanId, string> = { day: '24 hours ago', week: '7 days ago', month: '30 days ago' };

/** Both ends of a time line. */
export const spanEdges = (id: SpanId): [string, string] => [BEGIN[id], 'now'];

/** For how long the computer slept or keyfob did not run. */
export const stillWords = (milliseconds: number): string => (milliseconds > 0 ? `for ${span(milliseconds)}` : 'never');

/** A time line in one sentence. */
export function lifeWords(total: { lane: Lane; good: number; failed: number }[], still: number): string {
  const said = total
    .filter(({ good, failed }) => good + failed > 0)
    .map(({ lane, good, failed }) => {
      const all = counted(good + failed, ONE[lane]);
      return failed > 0 ? `${all}, ${failed} failed` : all;
    });
  const all = still > 0 ? [...said, `nothing ran ${stillWords(still)}`] : said;
  return all.length === 0 ? 'Nothing in this time' : all.join(' · ');
}

const EVENT: Record<string, string> = {
  added: 'Added',
  'signed-in': 'Signed in',
  'sign-in-failed': 'Sign-in did not work',
  'signed-out': 'Signed out',
  revoked: 'Revoked at the server',
  renewed: 'Renewed',
  'renewal-failed': 'Renewal did not work',
  'sign-in-ended': 'The server ended the sign-in',
  'registration-updated': 'The server has new data of keyfob',
  reminded: 'You were reminded',
  delivered: 'Written',
  'delivery-failed': 'Could not be written',
  'handed-out': 'Handed out',
  'hand-out-failed': 'Asked for in vain',
  'event-command-failed': 'Your command for events failed',
  'keeper-started': 'keyfob began to renew',
  'keeper-stopped': 'keyfob ended',
};

/** One entry of the journal. */
export function entryWords(entry: JournalEntry): string {
  if (entry.event === 'slept') return `The computer slept ${stillWords(entry.duration_ms ?? 0)}`;
  if (entry.event.startsWith('keeper-')) return EVENT[entry.event] ?? entry.event;
  const what = EVENT[entry.event] ?? entry.event;
  const often = entry.times > 1 ? ` ${entry.times} times` : '';
  const whom = entry.program ? ` to ${entry.program}` : '';
  return `${what}${whom}${often}${entry.detail ? `: ${entry.detail}` : ''}`;
}
