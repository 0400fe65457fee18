// The picture of a profile's life, from made-up journals.
import { describe, expect, it } from 'vitest';
import type { JournalEntry } from '../ipc/bindings';
import { fittingSpan, gaps, marks, stillFor, sums } from './timeline';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-11-21T12:00:00Z');

const entry = (event: string, ago: number, failed = false, times = 1): JournalEntry => ({
  at: new Date(NOW - ago).toISOString(),
  event,
  failed,
  duration_ms: null,
  detail: null,
  program: null,
  times,
});

describe('marks', () => {
  it('stand where they happened, and what lies outside of the span or on no lane does not', () => {
    const found = marks([entry('renewed', 12 * HOUR), entry('renewed', 2 * DAY), entry('added', HOUR)], DAY, NOW);
    expect(found).toEqual([{ lane: 'renewal', at: 0.5, failed: false, times: 1 }]);
  });
  it('that cannot be told apart are one, and a failure among them stays to be seen', () => {
    const close = [
      entry('handed-out', HOUR, false, 40),
      entry('handed-out', HOUR + 1_000),
      entry('hand-out-failed', HOUR, true),
    ];
    const found = marks(close, DAY, NOW);
    expect(found.map((mark) => [mark.failed, mark.times])).toEqual([
      [false, 41],
      [true, 1],
    ]);
  });
});

describe('gaps', () => {
  const hourly = (from: number, to: number) =>
    Array.from({ length: from - to }, (_, index) => entry('renewed', (from - index) * HOUR));
  it('are read off renewals that should have been', () => {
    const found = gaps([...hourly(20, 14), ...hourly(6, 0)], DAY, NOW);
    expect(found).toHaveLength(1);
    expect(found[0]?.from).toBeCloseTo(1 - 14 / 24, 5);
    expect(found[0]?.to).toBeCloseTo(1 - 6 / 24, 5);
  });
  it('are those that the journal tells, to the minute, and no guess stands beside them', () => {
    const slept = { ...entry('slept', 6.2 * HOUR), duration_ms: 7.5 * HOUR };
    const found = gaps([...hourly(20, 14), slept, ...hourly(6, 0)], DAY, NOW);
    expect(found).toHaveLength(1);
    expect(found[0]?.from).toBeCloseTo(1 - 13.7 / 24, 5);
    expect(found[0]?.to).toBeCloseTo(1 - 6.2 / 24, 5);
    expect(stillFor([slept], DAY, NOW)).toBeCloseTo(7.5 * HOUR, 0);
  });
  it('are there while the keeper did not run, and a restart is none', () => {
    const off = [entry('keeper-stopped', 9 * HOUR), entry('keeper-started', 3 * HOUR)];
    expect(stillFor(off, DAY, NOW)).toBeCloseTo(6 * HOUR, 0);
    const restart = [entry('keeper-stopped', HOUR + 5_000), entry('keeper-started', HOUR)];
    expect(gaps(restart, DAY, NOW)).toEqual([]);
    expect(gaps([entry('keeper-stopped', HOUR)], DAY, NOW)).toEqual([]);
  });
  it('are not invented where nobody can say what is usual', () => {
    expect(gaps([entry('renewed', 20 * HOUR), entry('renewed', HOUR)], DAY, NOW)).toEqual([]);
  });
});

it('the table counts what the picture draws', () => {
  const entries = [entry('renewed', HOUR), entry('renewal-failed', HOUR, true), entry('handed-out', HOUR, false, 7)];
  expect(sums(entries, DAY, NOW)).toEqual([
    { lane: 'sign-in', good: 0, failed: 0 },
    { lane: 'renewal', good: 1, failed: 1 },
    { lane: 'hand-out', good: 7, failed: 0 },
    { lane: 'delivery', good: 0, failed: 0 },
  ]);
});

it('the span is the shortest that holds everything', () => {
  expect(fittingSpan([], NOW)).toBe('day');
  expect(fittingSpan([entry('added', 3 * DAY)], NOW)).toBe('week');
  expect(fittingSpan([entry('added', 90 * DAY)], NOW)).toBe('month');
});
