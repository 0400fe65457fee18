// The words of connecting a program to a portal.
import type { LinkPlan, Via } from '../../ipc/bindings';

export const connectLabels = {
  connectTitle: 'Connect to…',
  lookingForClients: 'Looking for programs on this computer…',
  noClients: 'None of the programs that keyfob knows was found on this computer.',
  link: 'Connect',
  unlink: 'Disconnect',
  linkNow: 'Connect now',
  unlinkNow: 'Disconnect now',
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

/** What a plan is about to do. */
export function planWords(plan: LinkPlan, undo: boolean): string {
  if (plan.by_hand) return 'This program has nothing to be edited. Run this yourself:';
  if (plan.command) return `${plan.command} is run with this:`;
  const what = undo
    ? 'This entry is taken out of'
    : plan.replaces
      ? 'The entry made before is replaced in'
      : 'This entry is added to';
  return `${what} ${plan.file}; every other byte stays.`;
}

export const linkedNote = (client: string, title: string): string => `${client} is connected to ${title}.`;

export const unlinkedNote = (client: string, title: string): string => `${client} is no longer connected to ${title}.`;
