// The words for lengths of time, dates and counts; and lengths of time as a person types them.

export const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `1 day`, `2 entries`. */
export const counted = (count: number, unit: string): string => {
  if (count === 1) return `1 ${unit}`;
  return `${count} ${unit.endsWith('y') && !unit.endsWith('ay') ? `${unit.slice(0, -1)}ies` : `${unit}s`}`;
};

/** A length of time in its largest sensible unit, rounded down: never promises more than there is. */
export function span(milliseconds: number): string {
  if (milliseconds >= 2 * DAY) return counted(Math.floor(milliseconds / DAY), 'day');
  if (milliseconds >= 2 * HOUR) return counted(Math.floor(milliseconds / HOUR), 'hour');
  if (milliseconds >= MINUTE) return counted(Math.floor(milliseconds / MINUTE), 'minute');
  return 'less than a minute';
}

/** `in 5 days`, `2 hours ago`: an instant as seen from `now`. */
export function untilWords(instant: string, now: number): string {
  const left = Date.parse(instant) - now;
  return left >= 0 ? `in ${span(left)}` : `${span(-left)} ago`;
}

/** An instant as a date on this person's clock, with the time where the day alone would not tell. */
export function dateWords(instant: string, now: number, locale?: string, timeZone?: string): string {
  const date = new Date(instant);
  const near = Math.abs(date.getTime() - now) < 2 * DAY;
  const format: Intl.DateTimeFormatOptions = near
    ? { weekday: 'short', hour: '2-digit', minute: '2-digit' }
    : { day: 'numeric', month: 'short', year: 'numeric' };
  return date.toLocaleString(locale, timeZone ? { ...format, timeZone } : format);
}

const UNITS: Record<string, string> = { s: 'second', m: 'minute', h: 'hour', d: 'day' };

/** `7d`, as `profiles.toml` writes a length of time, in words. */
export function lengthWords(length: string): string {
  const unit = UNITS[length.slice(-1)];
  return unit ? counted(Number.parseInt(length, 10), unit) : length;
}

/** Days as typed, as `profiles.toml` writes them; `null` for what is no number of days. */
export function daysAnswer(text: string): string | null {
  const days = /^\d{1,5}$/.test(text.trim()) ? Number.parseInt(text.trim(), 10) : 0;
  return days > 0 ? `${days}d` : null;
}

const TYPED_UNITS: Record<string, string> = { d: 'd', h: 'h', m: 'm', min: 'm', s: 's' };

/** Marks to be edited: `14 d, 2 h`. */
export const marksText = (marks: string[]): string =>
  marks.map((mark) => `${Number.parseInt(mark, 10)} ${mark.slice(-1) === 'm' ? 'min' : mark.slice(-1)}`).join(', ');

/** Lengths of time as typed, as `profiles.toml` writes them; the first part that is none. */
export function marksAnswer(text: string): { marks: string[] } | { bad: string } {
  const parts = text.split(/[,;]|\band\b/).map((part) => part.trim());
  const marks: string[] = [];
  for (const part of parts.filter((one) => one !== '')) {
    const [, count, word] = /^(\d{1,6})\s*([a-z]+)$/i.exec(part) ?? [];
    const name = word?.toLowerCase() ?? '';
    const unit = TYPED_UNITS[name] ?? Object.keys(UNITS).find((one) => UNITS[one] === name.replace(/s$/, ''));
    if (!count || !unit) return { bad: part };
    marks.push(`${Number.parseInt(count, 10)}${unit}`);
  }
  return { marks };
}

/** What is left of a code, by the second. */
export function clockWords(milliseconds: number): string {
  if (milliseconds <= 0) return 'This code has ended';
  const seconds = Math.ceil(milliseconds / 1_000);
  return `Ends in ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
