// From a snapshot to what matters about it: how urgent a profile is, in which order to list them, how much of a sign-in
// is left. Pure: `now` comes in, words go out elsewhere.
import type { ProfileShown, Snapshot } from '../ipc/bindings';

/** What a person should feel about a profile; the tray icons have the same names. */
export type Urgency = 'act' | 'offline' | 'soon' | 'busy' | 'well' | 'paused' | 'out';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A sign-in that ends within a week is worth a hint: the first reminder comes then, too. */
export const SOON = 7 * DAY;
/** A sign-in too short for weeks is near its end in its last tenth. */
const SOON_PART = 0.1;

/** Most urgent first. */
const ORDER: Urgency[] = ['act', 'offline', 'soon', 'busy', 'well', 'paused', 'out'];

/** Whether the sign-in's known end is near. */
export function endsSoon(profile: ProfileShown, now: number): boolean {
  if (!profile.sign_in?.ends_at) return false;
  const since = Date.parse(profile.sign_in.since);
  const end = Date.parse(profile.sign_in.ends_at);
  return end - now < Math.min(SOON, (end - since) * (end - since < 2 * SOON ? SOON_PART : 1));
}

export function urgency(profile: ProfileShown, now: number): Urgency {
  switch (profile.state) {
    case 'needs-sign-in':
    case 'locked':
      return 'act';
    case 'retrying':
      return 'offline';
    case 'signing-in':
      return 'busy';
    case 'signed-out':
      return 'out';
    case 'paused':
      return 'paused';
    case 'active':
    case 'refreshing':
      return endsSoon(profile, now) ? 'soon' : 'well';
  }
}

/** Whatever needs the person first, then by name; where somebody is waited for comes before all that runs by itself. */
export function sorted(
  profiles: ProfileShown[],
  now: number,
  waiting: ReadonlySet<string> = new Set(),
): ProfileShown[] {
  const rank = (profile: ProfileShown) => (waiting.has(profile.name) ? 0 : ORDER.indexOf(urgency(profile, now)));
  return [...profiles].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}

/** Those in which every word of `query` is found: name, label, host, account, scopes, and what `spoken` says of their state. */
export function found(
  profiles: ProfileShown[],
  query: string,
  spoken: (profile: ProfileShown) => string,
): ProfileShown[] {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return profiles;
  return profiles.filter((profile) => {
    const { name, label, url, account, scopes } = profile;
    const text = [name, label, hostOf(url), account, spoken(profile), ...scopes].join(' ').toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** The most urgent state of all. */
export function overall(snapshot: Pick<Snapshot, 'profiles'>, now: number): Urgency {
  const first = sorted(snapshot.profiles, now)[0];
  return first ? urgency(first, now) : 'out';
}

export const isSignedIn = (profile: ProfileShown): boolean => profile.sign_in !== null;

/** What is left at `now` of the time from `since` to `end`, from 1 (all) to 0 (nothing). */
function partLeft(since: number, end: number, now: number): number {
  if (end <= since) return 0;
  return Math.min(1, Math.max(0, (end - now) / (end - since)));
}

/** When the access token was issued: at the last renewal, or at the sign-in if there was none; else not known. */
function tokenSince(profile: ProfileShown): string | null {
  if (profile.last_refresh?.outcome === 'renewed') return profile.last_refresh.at;
  return profile.refreshes === 0 ? (profile.sign_in?.since ?? null) : null;
}

/** What is left of the access token, from 1 to 0; `null` where its beginning is not known, or its end. */
export function tokenLeft(profile: ProfileShown, now: number): number | null {
  if (!profile.access_token) return 0;
  if (profile.access_token.assumed) return null;
  const since = tokenSince(profile);
  return since === null ? null : partLeft(Date.parse(since), Date.parse(profile.access_token.expires_at), now);
}

/** What is left of a sign-in, from 1 (just begun) to 0 (over); `null` where its end is not known. */
export function lifeLeft(profile: ProfileShown, now: number): number | null {
  // Ended by the server, whatever its date was.
  if (profile.state === 'needs-sign-in') return 0;
  if (!profile.sign_in?.ends_at) return null;
  return partLeft(Date.parse(profile.sign_in.since), Date.parse(profile.sign_in.ends_at), now);
}

/** Names as the keeper takes them. */
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const isName = (name: string): boolean => NAME.test(name);

/** The host of an address, with a port that is not the usual one; the whole text where it is no address. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** `https://` put in front where someone pasted a bare host; `null` for what cannot be a server's address. */
export function completeUrl(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  if (!URL.canParse(url)) return null;
  return /^https?:$/.test(new URL(url).protocol) ? url : null;
}

/** Labels of a host that say nothing about whose it is. */
const EMPTY_LABELS = new Set(['www', 'mcp', 'api', 'app', 'portal']);
const ADDRESS = /^\[|^[\d.]+$/;

/** A name for a server, from its host, that none of `taken` has. */
export function nameFor(url: string, taken: string[]): string {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  const labels = host.split('.');
  const telling = ADDRESS.test(host) ? [] : labels.slice(0, Math.max(1, labels.length - 1));
  const label = telling.find((one) => !EMPTY_LABELS.has(one)) ?? telling[0] ?? '';
  const word = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  const base = word || (host ? 'local' : 'portal');
  if (!taken.includes(base)) return base;
  let count = 2;
  while (taken.includes(`${base}-${count}`)) count += 1;
  return `${base}-${count}`;
}
