// The words of connecting a program to a portal.
import type { Habit, LeftOut, LinkPlan, Replaceable, Via } from '../../ipc/bindings';

export const connectLabels = {
  connectTitle: 'Connect to…',
  lookingForClients: 'Looking for programs on this computer…',
  noClients: 'None of the programs that keyfob knows was found on this computer.',
  link: 'Connect',
  unlink: 'Disconnect',
  linkNow: 'Connect now',
  unlinkNow: 'Disconnect now',
  replace: 'Replace',
  replaceNow: 'Replace now',
  viaTitle: 'How it gets its token',
  snippet: 'these lines',
};

/** How a program gets its token. */
export const VIA: Record<Via, string> = {
  helper: 'asks keyfob',
  proxy: 'through keyfob',
  bridge: 'keyfob starts with it',
};

export const VIA_HINT: Record<Via, string> = {
  helper: 'The program runs keyfob before it connects and gets a fresh token.',
  proxy: 'The program speaks to an address on this computer; keyfob adds the token to each request.',
  bridge: 'The program starts keyfob and speaks to it; keyfob speaks to the portal.',
};

/** What a plan is about to do; `old` makes room for keyfob's entry. */
export function planWords(plan: LinkPlan, undo: boolean, old: Replaceable | null): string {
  if (plan.by_hand) return 'This program has nothing to be edited. Run this yourself:';
  const comesBack = undo && plan.lines.some((line) => line.startsWith('+'));
  const change = old ? `${old.name} makes room. ` : comesBack ? 'What made room comes back. ' : '';
  if (plan.command) return `${change}${plan.command} is run with this:`;
  const what = undo
    ? 'This entry is taken out of'
    : plan.replaces
      ? 'The entry made before is replaced in'
      : 'This entry is added to';
  return `${change}${what} ${plan.file}; every other byte stays.`;
}

const HABIT: Record<Habit, string> = {
  'plain-token': 'holds a token in the clear',
  'mcp-remote': 'runs mcp-remote, with a sign-in of its own',
};

/** An entry that keyfob could take the place of. */
export const replaceableWords = (old: Replaceable): string => `${old.name} ${HABIT[old.why]}.`;

/** What to know once it has made room. */
export const replacedWords = (old: Replaceable): string =>
  old.why === 'plain-token'
    ? `${old.name} comes back when you disconnect. The token in it goes on working: end it at the server that gave it.`
    : `${old.name} comes back when you disconnect.`;

/** An entry that made room and does not come back. */
export const leftWords = (left: LeftOut): string =>
  `${left.name} does not come back: ${left.why}. It stands in ${left.file}`;

export const linkedNote = (client: string, title: string): string => `${client} is connected to ${title}.`;

export const unlinkedNote = (client: string, title: string): string => `${client} is no longer connected to ${title}.`;
