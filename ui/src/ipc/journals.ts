// A made-up journal: a week of renewals with a night's sleep in each, two failures, programs that ask, and copies that are written.
import type { JournalEntry } from './bindings';
import { at } from './scenes';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const entry = (event: string, ago: number, more: Partial<JournalEntry> = {}): JournalEntry => ({
  at: at(-ago),
  event,
  failed: false,
  duration_ms: 180,
  detail: null,
  program: null,
  times: 1,
  ...more,
});

/** What `name` has been through, the newest last. */
export function journalFor(name: string, signedIn: boolean): JournalEntry[] {
  if (!signedIn) return [entry('added', 2 * HOUR)];
  const entries = [entry('added', 6.5 * DAY), entry('signed-in', 6.49 * DAY)];
  for (let ago = 6.4 * DAY; ago > 19 * MINUTE; ago -= 54 * MINUTE) {
    // Asleep for seven hours of each day.
    if (ago % DAY < 7 * HOUR && ago > DAY) {
      const woke = Math.floor(ago / DAY) * DAY;
      const last = entries.at(-1);
      if (last?.event !== 'slept')
        entries.push(entry('slept', woke, { duration_ms: Date.parse(at(-woke)) - Date.parse(last?.at ?? at(-woke)) }));
      continue;
    }
    if (ago % (2.7 * DAY) < 54 * MINUTE) {
      entries.push(
        entry('renewal-failed', ago, { failed: true, detail: 'no connection: the name could not be looked up' }),
      );
    }
    entries.push(entry('renewed', ago - 2 * MINUTE));
    if (name === 'readonly') entries.push(entry('delivered', ago - 2 * MINUTE));
    if (ago % (3 * HOUR) < HOUR) {
      entries.push(
        entry('handed-out', ago - 9 * MINUTE, { program: 'claude', times: 1 + (Math.floor(ago / MINUTE) % 9) }),
      );
    }
  }
  return entries;
}
