// The words of a sign-in under way: browser, code, accounts, more rights.
import type { OtherAccount } from '../../ipc/bindings';
import { listed } from './grammar';

export const signingInLabels = {
  signIn: 'Sign in',
  signInAgain: 'Sign in again',
  signOut: 'Sign out',
  cancelSignIn: 'Cancel sign-in',
  inBrowser: 'Finish signing in in your browser.',
  inBrowserHeld: 'Finish signing in in your browser. The sign-in you have stays until the new one is done.',
  lookingUpServer: 'Looking the server up…',
  finishing: 'Almost done: fetching the token…',
  waitingForCode: 'Waiting until you have allowed it there…',
  waitingForCodeHeld: 'Waiting until you have allowed it there. The sign-in you have stays until the new one is done.',
  noBrowser: 'No browser could be started here. Open this address in one on this computer:',
  signInAddress: 'the address',
  otherAccountHint: 'Nothing is changed until you say so.',
  deviceTitle: 'Enter this code',
  deviceCode: 'the code',
  deviceAddress: 'the address of the page',
  devicePicture: 'QR code of the page to type the code at',
  deviceScan: 'Or scan it with a phone',
  decide: 'Decide…',
  askedInAddition: 'Asked for in addition',
  allowedNow: 'Allowed now',
  moreRightsHint:
    'If you ask for it, your browser opens and the server asks you to allow it. Until then the sign-in stays as it is.',
  leaveAsIs: 'Leave it as it is',
  signInWithout: 'Sign in without',
  askServer: 'Ask for it in the browser',
};

/** What to do with a code, and where. */
export const deviceIntro = (site: string, opened: boolean): string =>
  opened
    ? `Your browser opens ${site}. Compare the code there, or type it on any other device.`
    : `Open this page on any device with a browser and type the code.`;

/** A code can be a stranger's (RFC 8628 §5.4). */
export const deviceWarning = (site: string): string => `Allow it only at ${site}, and only with this very code.`;

export const otherAccountWords = (accounts: OtherAccount): string =>
  `${accounts.now} has signed in. Until now this was ${accounts.before}.`;

export const keepAccountWords = (accounts: OtherAccount): string => `Stay ${accounts.before}`;

export const takeAccountWords = (accounts: OtherAccount): string => `Go on as ${accounts.now}`;

/** A next step that is no button here already. */
export const nextStepHint = (hint: string | null, name: string): string | null =>
  hint === `keyfob sign-in ${name}` ? null : hint;

/** Who asks for more than a sign-in has. */
export const moreRightsTitle = (clients: string[]): string =>
  `${listed(clients)} ${clients.length > 1 ? 'need' : 'needs'} more rights`;

export const askedWords = (title: string, clients: string[]): string =>
  `The server refused a request of ${listed(clients)}, because your sign-in at ${title} may not do that.`;

export const signedInNote = (title: string): string => `${title} is signed in.`;

export const signedOutNote = (title: string): string => `Signed out of ${title}.`;
