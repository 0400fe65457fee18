// The words for states and times: they must be true, above all.
import { describe, expect, it } from 'vitest';
import type { ProfileShown } from '../../ipc/bindings';
import { blank } from '../../ipc/scenes';
import * as say from '.';
import * as times from './times';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const at = (offset: number) => new Date(NOW + offset).toISOString();

const held = (more: Partial<ProfileShown> = {}): ProfileShown => ({
  ...blank('a', 'https://a.example/mcp'),
  state: 'active',
  sign_in: { since: at(-DAY), ends_at: at(29 * DAY), known: 'server', asked: false, offers: [] },
  ...more,
});

describe('the parts that make all words', () => {
  it('name nothing twice: one would hide the other', () => {
    const parts = Object.entries(say).filter(([name]) => name.endsWith('Labels'));
    const names = parts.flatMap(([, part]) => Object.keys(part));
    expect(parts.length).toBeGreaterThan(8);
    expect(names.filter((name, index) => names.indexOf(name) < index)).toEqual([]);
    expect(names.sort()).toEqual(Object.keys(say.words).sort());
  });
});

describe('times as seen from now', () => {
  it.each([
    [30_000, 'in less than a minute'],
    [0, 'in less than a minute'],
    [MINUTE, 'in 1 minute'],
    [119 * MINUTE, 'in 119 minutes'],
    [2 * HOUR, 'in 2 hours'],
    [47 * HOUR, 'in 47 hours'],
    [3 * DAY - 1, 'in 2 days'],
    [-MINUTE, '1 minute ago'],
    [-3 * DAY, '3 days ago'],
  ])('%i ms is %s', (offset, text) => expect(times.untilWords(at(offset), NOW)).toBe(text));
  it('names the hour of a near date and the year of a far one', () => {
    expect(times.dateWords(at(HOUR), NOW, 'en-GB', 'UTC')).toMatch(/Sat.*13:00/);
    expect(times.dateWords(at(29 * DAY), NOW, 'en-GB', 'UTC')).toBe('20 Dec 2026');
  });
});

describe('when somebody is reminded', () => {
  it.each([
    ['14 d, 3 d', ['14d', '3d']],
    ['7d,2h', ['7d', '2h']],
    ['2 weeks', null],
    ['1 day and 30 minutes;  90 Min', ['1d', '30m', '90m']],
    ['', []],
    ['7', null],
    ['-7 d', null],
    ['d', null],
  ])('“%s” is read as %j', (text, marks) => {
    const answer = times.marksAnswer(text);
    expect('marks' in answer ? answer.marks : null).toEqual(marks);
  });
  it('what was typed comes back as it is kept, and the part that is wrong is named', () => {
    const kept = ['14d', '12h', '30m', '90s'];
    expect(times.marksAnswer(times.marksText(kept))).toEqual({ marks: kept });
    expect(times.marksAnswer('7 d, soon, 2 h')).toEqual({ bad: 'soon' });
    expect(say.markBad('soon')).toMatch(/^“soon” is no length of time\. Write such as 7 d/);
  });
  it('no reminder is promised of an end that nobody knows', () => {
    const sign_in = { since: at(-DAY), ends_at: null, known: 'unknown' as const, asked: true, offers: [] };
    expect(say.remindersWords(held())).toBe('7 days, 1 day and 2 hours before');
    expect(say.remindersWords(held({ sign_in }))).toBe('7 days, 1 day and 2 hours before, once its end is known');
    expect(say.remindersWords(held({ sign_in, reminders: { marks: [], own: true } }))).toBe('Never');
  });
});

describe('the word for a state', () => {
  it('says offline only for no connection', () => {
    expect(say.stateWords(held({ state: 'retrying', problem: 'offline' }), NOW)).toBe('Offline');
    expect(say.stateWords(held({ state: 'retrying', problem: 'HTTP 503' }), NOW)).toBe('Trying again');
  });
  it('warns before the end of a sign-in, and not all the time', () => {
    expect(say.stateWords(held(), NOW)).toBe('Signed in');
    const sign_in = { since: at(-20 * DAY), ends_at: at(DAY), known: 'server' as const, asked: false, offers: [] };
    expect(say.stateWords(held({ sign_in }), NOW)).toBe('Ends soon');
    expect(say.stateWords(held({ sign_in, state: 'refreshing' }), NOW)).toBe('Renewing');
  });
});

describe('the end of a sign-in', () => {
  it('is said with its date and how it is known', () => {
    expect(say.signInDetail(held(), NOW)).toMatch(/^Sign-in ends in 29 days, .*2026.* \(said by the server\)$/);
  });
  it('is not invented', () => {
    const sign_in = { since: at(-DAY), ends_at: null, known: 'unknown' as const, asked: true, offers: [] };
    expect(say.signInDetail(held({ sign_in }), NOW)).toBe('End of the sign-in not known');
  });
  it('is not promised once the server has ended it', () => {
    expect(say.signInWords(held({ state: 'needs-sign-in' }), NOW)).toBe('Sign-in ended before its time');
    const sign_in = { since: at(-DAY), ends_at: null, known: 'unknown' as const, asked: true, offers: [] };
    expect(say.signInWords(held({ state: 'needs-sign-in', sign_in }), NOW)).toBe('Sign-in ended');
  });
});

describe('a token whose end nobody has said', () => {
  const assumed = held({ access_token: { expires_at: at(9 * MINUTE), assumed: true } });
  it('is told without a date', () => {
    expect(say.tokenWords(assumed, NOW)).toBe('Nobody says when it runs out');
    expect(say.tokenCardWords(assumed, NOW)).toEqual(['Token of unknown end']);
  });
});

describe('what comes next', () => {
  it('is a renewal, or another try', () => {
    const next_refresh_at = at(5 * MINUTE);
    expect(say.nextWords(held({ next_refresh_at }), NOW)).toBe('Renews in 5 minutes');
    expect(say.nextWords(held({ next_refresh_at, state: 'retrying' }), NOW)).toBe('Tries again in 5 minutes');
    expect(say.nextWords(held({ next_refresh_at: at(-1) }), NOW)).toBe('Renews in a moment');
    expect(say.nextWords(held(), NOW)).toBeNull();
  });
});

describe('a problem', () => {
  it('has a cause and a next step, offline too', () => {
    expect(say.problemWords(held({ problem: 'offline' }))).toEqual({
      message: say.words.offlineTitle,
      hint: say.words.offlineHint,
    });
    expect(say.problemWords(held({ problem: 'Refused.', hint: 'Sign in again.' }))).toEqual({
      message: 'Refused.',
      hint: 'Sign in again.',
    });
    expect(say.problemWords(held())).toBeNull();
  });
});

describe('what is read out', () => {
  const lost = held({ label: 'Admin', state: 'needs-sign-in' });
  it('names the portal and its new state', () =>
    expect(say.changedWords([held({ label: 'Admin' })], [lost], NOW)).toEqual(['Admin: Sign-in needed']));
  it('keeps silent on renewals, on what stays and on what is new', () => {
    expect(say.changedWords([held()], [held({ state: 'refreshing' })], NOW)).toEqual([]);
    expect(say.changedWords([held({ state: 'refreshing' })], [held()], NOW)).toEqual([]);
    expect(say.changedWords([lost], [lost], NOW)).toEqual([]);
    expect(say.changedWords([], [lost], NOW)).toEqual([]);
  });
});

describe('where a sign-in is', () => {
  it('names the account where it is known', () => {
    expect(say.whereWords(held())).toBe('a.example');
    expect(say.whereWords(held({ account: 'ada@example.com' }))).toBe('ada@example.com · a.example');
  });
});

describe('the answer to when a sign-in ends', () => {
  it('is offered in words and typed in whole days', () => {
    expect(say.offerWords('30d')).toBe('After 30 days');
    expect(say.offerWords('1h')).toBe('After 1 hour');
    expect(times.daysAnswer(' 14 ')).toBe('14d');
    for (const wrong of ['', '0', '-1', '1.5', 'soon', '999999']) expect(times.daysAnswer(wrong)).toBeNull();
  });
});
