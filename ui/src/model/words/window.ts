// The words of the list, of first run and of what stands around everything.
import type { Urgency } from '../profiles';

export const windowLabels = {
  app: 'keyfob',
  loading: 'Asking the keeper…',
  profiles: 'Portals',
  addPortal: 'Add a portal',
  add: 'Add',
  back: 'Portals',
  search: 'Search portals',
  foundNone: 'No portal has all of these words.',
  choose: 'Choose a portal to see how its sign-in is doing.',
  dismiss: 'Dismiss',
  close: 'Close',
  cancel: 'Cancel',
  firstTitle: 'Keep your MCP sign-ins alive',
  firstLine:
    'Sign in once per portal, in your own browser; keyfob renews the token from then on and tells you ahead when a sign-in is about to end.',
  tryDemo: 'Try the demo',
  demoNote: 'The demo runs on this computer only.',
  copy: 'Copy',
  copied: 'Copied',
  notCopied: 'Not copied: select it by hand',
  startOffer: 'Start keyfob when you log in? It can only renew while it runs.',
  startOfferLinked: 'Start keyfob when you log in? Programs that use its address need it to run.',
  startYes: 'Start at login',
  startNo: 'Not now',
  details: 'Details',
  done: 'Done',
  more: 'More options',
  demoAdded: 'The demo portals are ready.',
};

/** How many of all are shown. */
export const foundWords = (found: number, all: number): string => `${found} of ${all}`;

/** The line under the list's title. */
export function summaryWords(most: Urgency, count: number): string {
  const summary: Record<Urgency, string> = {
    act: 'Something needs you',
    offline: 'Some are out of reach for now',
    soon: 'A sign-in ends soon',
    busy: 'A sign-in is under way',
    well: count === 1 ? 'All is well' : `All ${count} are well`,
    paused: 'Renewal is paused',
    out: 'Not signed in',
  };
  return summary[most];
}
