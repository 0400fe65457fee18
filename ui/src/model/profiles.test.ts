// What matters about a profile, decided from made-up profiles.
import { describe, expect, it } from 'vitest';
import type { ProfileShown } from '../ipc/bindings';
import { blank, scenes } from '../ipc/scenes';
import {
  completeUrl,
  endsSoon,
  found,
  hostOf,
  isName,
  lifeLeft,
  nameFor,
  overall,
  sorted,
  tokenLeft,
  urgency,
} from './profiles';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const DAY = 86_400_000;
const at = (offset: number) => new Date(NOW + offset).toISOString();

/** A profile signed in `since` days ago for `days` more. */
function held(since: number, days: number, more: Partial<ProfileShown> = {}): ProfileShown {
  const sign_in = {
    since: at(-since * DAY),
    ends_at: at(days * DAY),
    known: 'server' as const,
    asked: false,
    offers: [],
  };
  return { ...blank('a', 'https://a.example/mcp'), state: 'active', sign_in, ...more };
}

describe('urgency', () => {
  it('is calm for a sign-in with weeks left', () => expect(urgency(held(1, 29), NOW)).toBe('well'));
  it('rises a week before the end', () => {
    expect(urgency(held(20, 7.01), NOW)).toBe('well');
    expect(urgency(held(20, 6.99), NOW)).toBe('soon');
  });
  it('does not call a short sign-in near its end from the start', () => {
    expect(endsSoon(held(0, 1), NOW)).toBe(false);
    expect(endsSoon(held(0.5, 0.5), NOW)).toBe(false);
    expect(endsSoon(held(0.95, 0.05), NOW)).toBe(true);
  });
  it('never guesses an end that nobody said', () => {
    const unknown = held(1, 1, {
      sign_in: { since: at(-DAY), ends_at: null, known: 'unknown', asked: true, offers: [] },
    });
    expect(urgency(unknown, NOW)).toBe('well');
    expect(lifeLeft(unknown, NOW)).toBeNull();
  });
  it.each([
    ['needs-sign-in', 'act'],
    ['locked', 'act'],
    ['retrying', 'offline'],
    ['signing-in', 'busy'],
    ['paused', 'paused'],
    ['signed-out', 'out'],
  ] as const)('takes %s for %s', (state, expected) => expect(urgency(held(1, 29, { state }), NOW)).toBe(expected));
});

describe('the list', () => {
  const named = (name: string, more: Partial<ProfileShown>) => held(1, 29, { name, ...more });
  const all = [
    named('zoe', {}),
    named('amy', {}),
    named('paused', { state: 'paused' }),
    named('dead', { state: 'needs-sign-in' }),
    named('away', { state: 'retrying' }),
  ];
  it('puts whatever needs the person first, then goes by name', () => {
    expect(sorted(all, NOW).map((one) => one.name)).toEqual(['dead', 'away', 'amy', 'zoe', 'paused']);
  });
  it('leaves the snapshot as it was', () => {
    sorted(all, NOW);
    expect(all[0]?.name).toBe('zoe');
  });
  it('sums up as its most urgent profile', () => {
    expect(overall({ profiles: all }, NOW)).toBe('act');
    expect(overall({ profiles: [] }, NOW)).toBe('out');
  });
});

describe('what is left of a sign-in', () => {
  it('is the part of its life still to come', () => expect(lifeLeft(held(10, 30), NOW)).toBe(0.75));
  it('is nothing after the end', () => expect(lifeLeft(held(10, -1), NOW)).toBe(0));
  it('is nothing for one that the server has ended early', () => {
    expect(lifeLeft(held(10, 30, { state: 'needs-sign-in' }), NOW)).toBe(0);
  });
  it('does not divide by a life of no length', () => expect(lifeLeft(held(0, 0), NOW)).toBe(0));
});

describe('a name for a server', () => {
  it.each([
    ['https://mcpr.example.com/mcp', 'mcpr'],
    ['https://mcp.acme.example/mcp', 'acme'],
    ['https://www.api.tools.dev/', 'tools'],
    ['https://mcp.dev/', 'mcp'],
    ['https://UPPER.example/', 'upper'],
    ['http://127.0.0.1:8787/mcp', 'local'],
    ['http://[::1]:8787/mcp', 'local'],
    ['http://localhost:1/mcp', 'localhost'],
    ['https://xn--bcher-kva.example/', 'xn-bcher-kva'],
  ])('%s is %s', (url, name) => {
    expect(nameFor(url, [])).toBe(name);
    expect(isName(nameFor(url, []))).toBe(true);
  });
  it('is never one that is taken', () => {
    expect(nameFor('https://acme.example/', ['acme', 'acme-2'])).toBe('acme-3');
  });
});

describe('names and addresses', () => {
  it('takes the names the keeper takes', () => {
    expect(['a', '0-a', 'a'.repeat(63)].every(isName)).toBe(true);
    expect(['', '-a', 'A', 'a_b', 'a b', 'ä', 'a'.repeat(64)].some(isName)).toBe(false);
  });
  it('completes a bare host and leaves an address alone', () => {
    expect(completeUrl(' mcp.example.com/mcp ')).toBe('https://mcp.example.com/mcp');
    expect(completeUrl('http://127.0.0.1:1/mcp')).toBe('http://127.0.0.1:1/mcp');
  });
  it('refuses what is no server', () => {
    for (const text of ['', '  ', 'javascript://x', 'file:///etc/passwd', 'https://', 'a b c']) {
      expect(completeUrl(text), text).toBeNull();
    }
  });
  it('shows a host with an unusual port, and text that is no address as it is', () => {
    expect(hostOf('https://a.example:8443/mcp')).toBe('a.example:8443');
    expect(hostOf('https://a.example:443/mcp')).toBe('a.example');
    expect(hostOf('nothing')).toBe('nothing');
  });
});

describe('what is left of the access token', () => {
  const HOUR = DAY / 24;
  const fresh = { access_token: { expires_at: at(HOUR), assumed: false } };
  const renewed = { at: at(-HOUR), outcome: 'renewed' as const };
  const failed = { at: at(-HOUR), outcome: 'failed' as const };
  it('counts from the last renewal', () =>
    expect(tokenLeft(held(9, 9, { ...fresh, refreshes: 3, last_refresh: renewed }), NOW)).toBe(0.5));
  it('counts from the sign-in before the first renewal, a failed one included', () => {
    expect(tokenLeft(held(3 / 24, 9, fresh), NOW)).toBe(0.25);
    expect(tokenLeft(held(3 / 24, 9, { ...fresh, last_refresh: failed }), NOW)).toBe(0.25);
  });
  it('is not known where the last renewal failed after others that worked', () =>
    expect(tokenLeft(held(9, 9, { ...fresh, refreshes: 3, last_refresh: failed }), NOW)).toBeNull());
  it('is not known where nobody said when it ends', () =>
    expect(tokenLeft(held(3 / 24, 9, { access_token: { expires_at: at(HOUR), assumed: true } }), NOW)).toBeNull());
  it('is nothing without a token and once it ran out', () => {
    expect(tokenLeft(held(9, 9), NOW)).toBe(0);
    expect(
      tokenLeft(held(9, 9, { access_token: { expires_at: at(-1), assumed: false }, last_refresh: renewed }), NOW),
    ).toBe(0);
  });
});

describe('found', () => {
  const all = scenes.daily?.().profiles ?? [];
  const names = (query: string) => found(all, query, () => 'signed in').map((one) => one.name);
  it('is whatever has every word, wherever it stands', () => {
    expect(names('')).toHaveLength(all.length);
    expect(names('  ADMIN mcpa ')).toEqual(['admin']);
    expect(names('ada tracker')).toEqual(['tracker']);
    expect(names('ada nobody')).toEqual([]);
  });
});

it('where somebody is waited for comes before what runs by itself', () => {
  const all = scenes.daily?.().profiles ?? [];
  const order = (waiting: string[]) => sorted(all, Date.now(), new Set(waiting)).map((one) => one.name);
  expect(order([])[0]).toBe('tracker');
  expect(order(['readonly']).slice(0, 2)).toEqual(['readonly', 'tracker']);
});
