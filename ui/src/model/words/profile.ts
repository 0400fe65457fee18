// The words for one portal: its state, its times, what can be done with it. They must be true, above all.
import type { Access, Known, LinkShown, ProfileShown } from '../../ipc/bindings';
import { endsSoon, hostOf } from '../profiles';
import { sentence } from './grammar';
import { counted, dateWords, MINUTE, span, untilWords } from './times';
import { troubleLabels } from './troubles';

export const profileLabels = {
  refreshNow: 'Refresh now',
  pause: 'Pause',
  resume: 'Resume',
  remove: 'Remove…',
  account: 'Account',
  server: 'Server',
  issuer: 'Signs in at',
  scopes: 'Allowed to',
  token: 'Access token',
  lastRefresh: 'Last renewal',
  signInEnd: 'Sign-in',
  signedInSince: 'Signed in since',
  renewals: 'Renewals',
  deliveries: 'Written to',
  noDeliveries: 'Nowhere: programs ask keyfob for it.',
  noScopes: 'Whatever the server gives by default',
  unknownAccount: 'The server does not say',
  writes: 'Can change things',
  readsOnly: 'Reading only',
  local: 'On this computer',
  technical: 'For programs and support',
  copyFacts: 'Copy them all',
  facts: 'the facts',
  profileName: 'Name',
  removeWarning: 'Signs out, takes written tokens away and forgets this portal. Programs that use it stop working.',
  removeConfirm: 'Remove',
};

/** A profile's name for people. */
export const titleOf = (profile: ProfileShown): string => profile.label ?? profile.name;

/** Whose sign-in it is and where, for a card. */
export const whereWords = (profile: ProfileShown): string =>
  [profile.account, hostOf(profile.url)].filter((part) => part !== null).join(' · ');

const STATE: Record<ProfileShown['state'], string> = {
  'signed-out': 'Signed out',
  'signing-in': 'Signing in',
  active: 'Signed in',
  refreshing: 'Renewing',
  retrying: 'Trying again',
  'needs-sign-in': 'Sign-in needed',
  locked: 'Locked',
  paused: 'Paused',
};

/** The one word or two for a profile's state. */
export function stateWords(profile: ProfileShown, now: number): string {
  if (profile.state === 'retrying' && profile.problem === 'offline') return 'Offline';
  if (profile.state === 'active' && endsSoon(profile, now)) return 'Ends soon';
  return STATE[profile.state];
}

/** The same to be read out: a renewal that works is no news. */
const spokenState = (profile: ProfileShown, now: number): string =>
  stateWords(profile.state === 'refreshing' ? { ...profile, state: 'active' } : profile, now);

/** What is worth reading out of what has changed by itself. */
export function changedWords(before: ProfileShown[], after: ProfileShown[], now: number): string[] {
  return after.flatMap((profile) => {
    const earlier = before.find((one) => one.name === profile.name);
    const word = spokenState(profile, now);
    return earlier && spokenState(earlier, now) !== word ? [`${titleOf(profile)}: ${word}`] : [];
  });
}

const KNOWN: Record<Known, string> = {
  server: 'said by the server',
  configured: 'set by you',
  learned: 'learned from earlier sign-ins',
  unknown: '',
};

const ENDED_EARLY = 'Sign-in ended before its time';

/** When the sign-in ends, for a card. */
export function signInWords(profile: ProfileShown, now: number): string {
  if (!profile.sign_in) return 'No sign-in yet';
  if (!profile.sign_in.ends_at) {
    return profile.state === 'needs-sign-in' ? 'Sign-in ended' : 'End of the sign-in not known';
  }
  const over = Date.parse(profile.sign_in.ends_at) < now;
  if (!over && profile.state === 'needs-sign-in') return ENDED_EARLY;
  return `Sign-in ${over ? 'ended' : 'ends'} ${untilWords(profile.sign_in.ends_at, now)}`;
}

/** The date of that end, for a card; nothing where nobody knows it. */
export function signInDate(profile: ProfileShown, now: number): string | null {
  const end = profile.sign_in?.ends_at;
  return end && signInWords(profile, now) !== ENDED_EARLY ? dateWords(end, now) : null;
}

/** What becomes of the access token next, for a card: in one or two parts. */
export function tokenCardWords(profile: ProfileShown, now: number): string[] {
  if (!profile.access_token || profile.state === 'needs-sign-in') return [];
  const next = nextWords(profile, now);
  // Whoever renews in time need not say when it would have been too late.
  if (next && profile.state !== 'retrying') return [`Token ${next.charAt(0).toLowerCase()}${next.slice(1)}`];
  if (profile.access_token.assumed) return next ? ['Token of unknown end', next] : ['Token of unknown end'];
  const left = Date.parse(profile.access_token.expires_at) - now;
  const good = left > 0 ? `Token good for ${span(left)}` : 'Token ran out';
  return next ? [good, next] : [good];
}

/** Who gets tokens of a portal: linked programs, then places that are written to. */
export function connectedWords(profile: ProfileShown, links: LinkShown[]): string | null {
  const places = profile.deliveries.length;
  const parts = [...links.map((link) => link.client_name), ...(places > 0 ? [counted(places, 'written copy')] : [])];
  const troubled = profile.deliveries.some((delivery) => delivery.problem !== null);
  if (parts.length === 0) return null;
  return troubled ? `${parts.join(', ')} (one could not be written)` : parts.join(', ');
}

/** The same with its date and how it is known, for the details. */
export function signInDetail(profile: ProfileShown, now: number): string {
  const end = profile.sign_in?.ends_at;
  if (!profile.sign_in || !end) return signInWords(profile, now);
  if (signInWords(profile, now) === ENDED_EARLY) return `${ENDED_EARLY}, which was ${dateWords(end, now)}`;
  const source = KNOWN[profile.sign_in.known];
  return `${signInWords(profile, now)}, ${dateWords(end, now)}${source ? ` (${source})` : ''}`;
}

/** How long the access token is good for. */
export function tokenWords(profile: ProfileShown, now: number): string {
  if (!profile.access_token) return 'None';
  if (profile.access_token.assumed) return 'Nobody says when it runs out';
  const end = profile.access_token.expires_at;
  return `${Date.parse(end) < now ? 'Ran out' : 'Runs out'} ${untilWords(end, now)}, ${dateWords(end, now)}`;
}

/** What the keeper does next, for a card. */
export function nextWords(profile: ProfileShown, now: number): string | null {
  if (!profile.next_refresh_at) return null;
  const verb = profile.state === 'retrying' ? 'Tries again' : 'Renews';
  if (Date.parse(profile.next_refresh_at) < now + MINUTE) return `${verb} in a moment`;
  return `${verb} ${untilWords(profile.next_refresh_at, now)}`;
}

const OUTCOME = { renewed: 'worked', failed: 'did not work', rejected: 'was refused' };

export function lastRefreshWords(profile: ProfileShown, now: number): string | null {
  if (!profile.last_refresh) return null;
  return `${untilWords(profile.last_refresh.at, now)}, ${OUTCOME[profile.last_refresh.outcome]}`;
}

export function renewalsWords(profile: ProfileShown): string {
  const worked = `${profile.refreshes} since the sign-in`;
  return profile.failures === 0 ? worked : `${worked}, ${profile.failures} failed`;
}

/** What is wrong with a profile and what to do, if anything is. */
export function problemWords(profile: ProfileShown): { message: string; hint: string | null } | null {
  if (!profile.problem) return null;
  if (profile.problem === 'offline')
    return { message: troubleLabels.offlineTitle, hint: profile.hint ?? troubleLabels.offlineHint };
  return { message: sentence(profile.problem), hint: profile.hint };
}

export const accessWords = (access: Access): string =>
  access === 'write' ? profileLabels.writes : profileLabels.readsOnly;

export const removeTitle = (title: string): string => `Remove ${title}?`;

export const refreshedNote = (title: string): string => `${title} has a fresh token.`;

export const removedNote = (title: string): string => `${title} is removed.`;
