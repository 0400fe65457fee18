// Every text of the window. Nothing else in the user interface holds a sentence.
import type {
  Access,
  FileKind,
  FilePlace,
  Finding,
  Grant,
  Importable,
  JournalEntry,
  Known,
  LinkPlan,
  LinkShown,
  LocalProxy,
  OtherAccount,
  ProfileShown,
  Refusal,
  StoreBackend,
  StoreMoved,
  StoreShown,
  Theme,
  Via,
} from '../ipc/bindings';
import { broken, type Walk, warnings } from './examination';
import type { FileGroup } from './files';
import type { Urgency } from './profiles';
import { endsSoon, hostOf } from './profiles';
import type { Lane, SpanId } from './timeline';
import type { WizardStage } from './wizard';
import { counted, dateWords, lengthWords, MINUTE, span, untilWords } from './words-times';

export const words = {
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

  signIn: 'Sign in',
  signInAgain: 'Sign in again',
  signOut: 'Sign out',
  refreshNow: 'Refresh now',
  pause: 'Pause',
  resume: 'Resume',
  remove: 'Remove…',
  cancelSignIn: 'Cancel sign-in',
  inBrowser: 'Finish signing in in your browser.',
  inBrowserHeld: 'Finish signing in in your browser. The sign-in you have stays until the new one is done.',

  lookingUpServer: 'Looking the server up…',
  finishing: 'Almost done: fetching the token…',
  waitingForCode: 'Waiting until you have allowed it there…',
  waitingForCodeHeld: 'Waiting until you have allowed it there. The sign-in you have stays until the new one is done.',
  noBrowser: 'No browser could be started here. Open this address in one on this computer:',
  signInAddress: 'the address',
  tryAgain: 'Try again',
  otherAccountHint: 'Nothing is changed until you say so.',
  copy: 'Copy',
  copied: 'Copied',
  notCopied: 'Not copied: select it by hand',

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

  examine: 'Examine',
  examineAgain: 'Examine again',
  examinationLine: 'From the first request to the last: nothing at the server is changed, and secrets are masked.',
  adviceYou: 'What you can do',
  adviceServer: 'For whoever runs the server',
  adviceRule: 'Rule',
  sent: 'Sent',
  received: 'Received',
  copyReport: 'Copy the report',

  startOffer: 'Start keyfob when you log in? It can only renew while it runs.',
  startYes: 'Start at login',
  startNo: 'Not now',

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
  details: 'Details',

  writes: 'Can change things',
  readsOnly: 'Reading only',
  local: 'On this computer',

  offlineTitle: 'No connection',
  offlineHint: 'keyfob tries again by itself, soon after the network is back.',

  settingsProblem: 'profiles.toml cannot be read',
  refusedTitle: 'keyfob cannot run',
  refusedLine: 'Nothing is lost: your sign-ins stay as they are, but nothing renews them from here.',
  noKeeper: 'The keeper is not running',
  noKeeperHint: 'Nothing is renewed until it runs again: restart keyfob.',

  addUrl: 'Address of the MCP server',
  addUrlPlaceholder: 'https://mcp.example.com/mcp',
  lookUp: 'Look up',
  lookingUp: 'Looking…',
  foundName: 'Calls itself',
  foundResource: 'Resource',
  foundIssuer: 'Signs in at',
  foundScopes: 'Asks for',
  foundRegistration: 'Registration',
  foundParent: 'The server describes a path above this address; the token will be for that whole path.',
  foundHere: 'Or one that a program on this computer has already',
  importTitle: 'Or take over a sign-in that a program on this computer has',
  importing: 'Taking it over…',
  rivalTitle: 'Two programs that renew one sign-in end it',
  wizardBack: 'Back',
  wizardLater: 'Later',
  done: 'Done',
  addGrant: 'How to sign in',
  proof: 'How it proves itself',
  proofSecret: 'By a client secret',
  proofKey: 'By a private key',
  addSecret: 'Client secret',
  addSecretHint: 'Only if one came with the client ID. It is sealed at once and never shown again.',
  sealedHint: 'It is sealed at once and never shown again.',
  addSecretMissing: 'Paste the secret that came with the client ID.',
  addKey: 'Private key',
  addKeyHint: 'A PEM or JWK file. What is in it is sealed at once; the file stays as it is.',
  addKeyMissing: 'Choose the file that holds the private key.',
  keyRead: 'read, and sealed when you go on',
  addClientIdMissing: 'This server asks for the client ID that its people gave you.',

  connectTitle: 'Connect to…',
  lookingForClients: 'Looking for programs on this computer…',
  noClients: 'None of the programs that keyfob knows was found on this computer.',
  link: 'Connect',
  unlink: 'Disconnect',
  linkNow: 'Connect now',
  unlinkNow: 'Disconnect now',
  viaTitle: 'How it gets its token',
  snippet: 'these lines',

  lifeTitle: 'Its life',
  lifeSpan: 'How far back',
  lifeWhat: 'What',
  lifeGood: 'Worked',
  lifeFailed: 'Failed',
  lifeGap: 'nothing ran',
  lifeStill: 'Nothing ran',
  lifeNothing: 'Nothing has happened yet.',
  lifeMore: 'Show all',
  lifeLess: 'Show less',
  technical: 'For programs and support',
  copyFacts: 'Copy them all',
  facts: 'the facts',
  profileName: 'Name',

  addName: 'Name',
  addNameHint: 'Small letters, digits and hyphens. You will type it on the command line.',
  addNameBad: 'Use small letters, digits and hyphens, beginning with a letter or digit.',
  addNameTaken: 'There is a portal with this name already.',
  addUrlBad: 'This is not the address of a server. It begins with https://.',
  more: 'More options',
  addLabel: 'Label',
  addLabelHint: 'What you call it here. Left empty, the name is shown.',
  addAccess: 'What it is for',
  accessNone: 'Not said',
  addClientId: 'Client ID',
  addClientIdHint: 'Only if the people who run the server gave you one.',
  addSubmit: 'Add and sign in',

  removeWarning: 'Signs out, takes written tokens away and forgets this portal. Programs that use it stop working.',
  removeConfirm: 'Remove',

  endQuestion: 'When does this sign-in end?',
  endQuestionHint: 'The server does not say. If you know, keyfob reminds you days before.',
  endDays: 'Days after signing in',
  endDaysBad: 'A whole number of days, at least one.',
  endSet: 'Set',
  endNotKnown: 'Not known',
  endChange: 'Change when it ends',

  settings: 'Settings',
  settingsGeneral: 'General',
  startAtLogin: 'Start at login',
  startAtLoginHint: 'keyfob can only renew while it runs.',
  theme: 'Look',
  store: 'Where the key is kept',
  storeHint: 'One key seals every sign-in on this computer.',
  storeMove: 'Move the key',
  storeMoveLine:
    'A new key is made there, every sign-in is sealed anew, and the old key is destroyed last. Nobody is signed out.',
  storeMoving: 'Every sign-in is sealed anew…',
  storeMoveNow: 'Move the key',
  passphrase: 'Passphrase',
  newPassphrase: 'New passphrase',
  newPassphraseHint: 'keyfob asks for it after each start, and nobody can tell it to you again.',
  passphraseAgain: 'The same again',
  passphraseMissing: 'Type a passphrase.',
  passphrasesDiffer: 'These are two different ones.',
  unlock: 'Unlock…',
  unlockTitle: 'Unlock your sign-ins',
  unlockLine: 'It stays in this computer’s memory until keyfob ends.',
  unlockHint: 'Nothing is renewed until you type the passphrase.',
  unlockKeyringHint: 'Nothing is renewed until it is open. The desktop asks you for its passphrase.',
  unlockNow: 'Unlock',
  unlocked: 'Your sign-ins are unlocked.',
  reminders: 'Reminders',
  remindersHint: 'How long before a sign-in ends keyfob tells you. A portal gets times of its own on its page.',
  remindersUsual: 'As usual',
  remindersOwn: 'At times of its own',
  remindersOwnHint: 'You choose how long before.',
  remindersNever: 'Never',
  remindersNeverHint: 'You are still told when it has ended.',
  remindersField: 'How long before its sign-in ends',
  remindersEmpty: 'Write at least one, such as 7 d, or choose “Never”.',
  remindersSet: 'Set',
  change: 'Change…',
  proxy: 'Local address',
  proxyHint:
    'Programs that cannot ask keyfob for a token speak to this address; keyfob adds the token to each request.',
  proxyAddress: 'Address',
  proxyPrograms: 'Connected through it',
  proxyChange: 'Change the port',
  proxyPort: 'Port',
  proxyPortHint: 'From 1024 to 65535, and free.',
  proxyPortBad: 'A number from 1024 to 65535.',
  openFolder: 'Show',
  fileNotThere: 'not there yet',

  failed: 'That did not work.',
  failedHint: 'Try again; if it happens again, look at: keyfob log',
  demoAdded: 'The demo portals are ready.',
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

/** When someone is reminded. */
export const marksWords = (marks: string[]): string =>
  marks.length === 0 ? 'Never' : `${listed(marks.map(lengthWords))} before`;

/** The same of one portal; an end that nobody knows cannot be reminded of. */
export const remindersWords = ({ reminders, sign_in }: ProfileShown): string =>
  reminders.marks.length > 0 && sign_in?.ends_at === null
    ? `${marksWords(reminders.marks)}, once its end is known`
    : marksWords(reminders.marks);

export const remindersTitle = (title: string): string => `Reminders of ${title}`;
export const remindersNote = (title: string, marks: string[]): string =>
  marks.length === 0 ? `keyfob says nothing before ${title} ends.` : `${title}: ${marksWords(marks)} its sign-in ends.`;

export const remindersUsualNote = (title: string): string => `${title}: reminders as usual.`;

/** What was typed and is no length of time. */
export const markBad = (part: string): string =>
  `“${part}” is no length of time. Write such as 7 d, 12 h or 30 min, with commas between.`;

export const otherReminders = (own: number): string => (own === 0 ? 'All portals' : 'All other portals');

/** Where the proxy is, and whether it is there. */
export function proxyWords({ port, listens }: LocalProxy): string {
  if (port === null) return 'None yet: a port is chosen when the first program is connected through it.';
  return listens
    ? `127.0.0.1:${port} · answers`
    : `127.0.0.1:${port} · nobody answers: another program may have this port. End it, or change the port.`;
}

const linkWords = (links: LinkShown[]): string[] => links.map((link) => `${link.client_name} (${link.profile})`);

export const proxiedWords = (links: LinkShown[]): string =>
  links.length === 0 ? 'No program' : linkWords(links).join(', ');

/** What another port means for who has the old one. */
export const relinkWords = (links: LinkShown[]): string =>
  `${listed(linkWords(links))} ${links.length > 1 ? 'are' : 'is'} connected again with the new port. Restart ${links.length > 1 ? 'them' : 'it'} afterwards.`;

export const portNote = (port: number): string => `The address is 127.0.0.1:${port} from now on.`;

export const portLeft = (left: string[]): Refusal => ({
  message: `The port is changed, but not everywhere: ${left.join('; ')}`,
  hint: 'Connect these programs again on the pages of their portals.',
});

export const portSilent = (port: number): Refusal => ({
  message: `The port is changed, but nobody answers at ${port} yet.`,
  hint: 'Restart keyfob; if it stays silent, choose another port.',
});

/** A port as typed. */
export function portAnswer(text: string): number | null {
  const port = /^\d{1,5}$/.test(text.trim()) ? Number.parseInt(text.trim(), 10) : 0;
  return port >= 1024 && port <= 65535 ? port : null;
}

/** What files are for, and to whom they belong. */
export const FILE: Record<FileKind, { name: string; hint: string }> = {
  profiles: { name: 'Portals', hint: 'One section per portal. No secret is in it.' },
  config: { name: 'Settings', hint: 'What belongs to no portal: network, proxy, store.' },
  records: { name: 'Sealed sign-ins', hint: 'One sealed file per portal.' },
  key: { name: 'Where the key is kept', hint: 'The place of the key, or the key itself where it is kept in a file.' },
  locks: { name: 'Locks', hint: 'So that no two programs renew one sign-in at once.' },
  'client-keys': {
    name: 'Keys of connected programs',
    hint: 'Their fingerprints: what a program shows at the local address.',
  },
  journal: { name: 'Journal', hint: 'What happened, without secrets.' },
  links: { name: 'What was connected', hint: 'And the files of programs as they were before.' },
  'command-marks': { name: 'Finished commands', hint: 'Which of your commands have had the newest token.' },
  preferences: { name: 'Preferences of this window', hint: 'Look and offers.' },
  lease: { name: 'The keeper’s lease', hint: 'So that only one keeper runs.' },
  socket: { name: 'Control socket', hint: 'Where the command line speaks to the keeper.' },
  'proxy-socket': { name: 'Socket of the local address', hint: 'The same address for programs that take a socket.' },
  where: { name: 'Where everything is', hint: 'For programs that do not see your XDG folders.' },
  autostart: { name: 'Start at login', hint: 'By this file the desktop starts keyfob.' },
  service: { name: 'Service', hint: 'By this file systemd starts the keeper.' },
  'token-file': { name: 'Token file', hint: 'An access token, written at each renewal.' },
  'client-config': { name: 'Configuration', hint: 'keyfob’s entry in it goes when you disconnect.' },
};

/** With the portal or program it is for. */
export const fileName = (file: FilePlace): string =>
  file.about ? `${FILE[file.kind].name}: ${file.about}` : FILE[file.kind].name;

export const openFolderOf = (name: string): string => `Show in its folder: ${name}`;

export const FILE_GROUP: Record<FileGroup, { title: string; hint: string }> = {
  yours: {
    title: 'Files of yours',
    hint: 'To be edited by hand; keyfob sees a change at once and keeps your comments.',
  },
  kept: { title: 'Files of keyfob', hint: 'Nothing in them is meant to be edited.' },
  others: { title: 'Files for other programs', hint: 'What keyfob writes outside its own folders.' },
};

/** How the windows look. */
export const THEME: Record<Theme, string> = { system: 'As the desktop', light: 'Light', dark: 'Dark' };

/** Ways to sign in. */
export const GRANT: Record<Grant, string> = {
  'authorization-code': 'In your browser, on this computer',
  device: 'With a code, on any device',
  'client-credentials': 'As a machine, without a person',
};

export const GRANT_HINT: Record<Grant, string> = {
  'authorization-code': 'A page of the server opens; you allow keyfob there. The usual way.',
  device: 'You type a short code on a phone or another computer. For machines without a browser.',
  'client-credentials': 'With a client ID and a secret or key that the people who run the server gave you.',
};

const WIZARD: Record<WizardStage, string> = {
  address: 'Add a portal',
  describe: 'What was found',
  'sign-in': 'Sign in',
  connect: 'Ready',
};

export const wizardTitle = (stage: WizardStage): string => WIZARD[stage];

/** Whose sign-in could be taken over, and what for. */
export const importWords = (one: Importable): string =>
  one.renews ? one.program : `${one.program}: until its token ends, for keyfob cannot renew it`;

export const welcomeWords = (profile: ProfileShown): string =>
  profile.account ? `Signed in as ${profile.account}` : `Signed in to ${titleOf(profile)}`;

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

export const LANE: Record<Lane, string> = {
  'sign-in': 'Sign-ins',
  renewal: 'Renewals',
  'hand-out': 'Hand-outs',
  delivery: 'Written copies',
};

const ONE: Record<Lane, string> = {
  'sign-in': 'sign-in',
  renewal: 'renewal',
  'hand-out': 'hand-out',
  delivery: 'written copy',
};

export const SPAN: Record<SpanId, string> = { day: 'Day', week: 'Week', month: 'Month' };

const BEGIN: Record<SpanId, string> = { day: '24 hours ago', week: '7 days ago', month: '30 days ago' };

/** Both ends of a time line. */
export const spanEdges = (id: SpanId): [string, string] => [BEGIN[id], 'now'];

/** For how long the computer slept or keyfob did not run. */
export const stillWords = (milliseconds: number): string => (milliseconds > 0 ? `for ${span(milliseconds)}` : 'never');

/** A time line in one sentence. */
export function lifeWords(total: { lane: Lane; good: number; failed: number }[], still: number): string {
  const said = total
    .filter(({ good, failed }) => good + failed > 0)
    .map(({ lane, good, failed }) => {
      const all = counted(good + failed, ONE[lane]);
      return failed > 0 ? `${all}, ${failed} failed` : all;
    });
  const all = still > 0 ? [...said, `nothing ran ${stillWords(still)}`] : said;
  return all.length === 0 ? 'Nothing in this time' : all.join(' · ');
}

const EVENT: Record<string, string> = {
  added: 'Added',
  'signed-in': 'Signed in',
  'sign-in-failed': 'Sign-in did not work',
  'signed-out': 'Signed out',
  revoked: 'Revoked at the server',
  renewed: 'Renewed',
  'renewal-failed': 'Renewal did not work',
  'sign-in-ended': 'The server ended the sign-in',
  'registration-updated': 'The server has new data of keyfob',
  reminded: 'You were reminded',
  delivered: 'Written',
  'delivery-failed': 'Could not be written',
  'handed-out': 'Handed out',
  'hand-out-failed': 'Asked for in vain',
  'event-command-failed': 'Your command for events failed',
  'keeper-started': 'keyfob began to renew',
  'keeper-stopped': 'keyfob ended',
};

/** One entry of the journal. */
export function entryWords(entry: JournalEntry): string {
  if (entry.event === 'slept') return `The computer slept ${stillWords(entry.duration_ms ?? 0)}`;
  if (entry.event.startsWith('keeper-')) return EVENT[entry.event] ?? entry.event;
  const what = EVENT[entry.event] ?? entry.event;
  const often = entry.times > 1 ? ` ${entry.times} times` : '';
  const whom = entry.program ? ` to ${entry.program}` : '';
  return `${what}${whom}${often}${entry.detail ? `: ${entry.detail}` : ''}`;
}

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

/** A cause as a sentence of its own. */
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A next step that is no button here already. */
export const nextStepHint = (hint: string | null, name: string): string | null =>
  hint === `keyfob sign-in ${name}` ? null : hint;

export const VERDICT: Record<Finding['verdict'], string> = {
  pass: 'Good',
  warn: 'Wants attention',
  fail: 'Broken',
  skip: 'Not looked at',
};

export const examinationTitle = (title: string): string => `Examining ${title}`;

/** The last sentence of a walk. */
export function verdictWords(walk: Walk): string {
  const breaks = broken(walk).map((step) => step.title);
  if (breaks.length > 0) return `The chain breaks at: ${breaks.join(', ')}`;
  const count = warnings(walk);
  if (count === 0) return 'Every step that was looked at is good';
  return count === 1 ? 'It works; one step wants attention' : `It works; ${count} steps want attention`;
}

export const exchangesWords = (count: number): string =>
  count === 1 ? 'What was sent and received' : `What was sent and received, ${count} times`;

const listed = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? 'A program') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** Who asks for more than a sign-in has. */
export const moreRightsTitle = (clients: string[]): string =>
  `${listed(clients)} ${clients.length > 1 ? 'need' : 'needs'} more rights`;

export const askedWords = (title: string, clients: string[]): string =>
  `The server refused a request of ${listed(clients)}, because your sign-in at ${title} may not do that.`;

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

/** How "not known" is written. */
export const NOT_KNOWN = 'not-known';

/** `30d` as an answer to choose. */
export const offerWords = (lifetime: string): string => `After ${lengthWords(lifetime)}`;

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

/** How many of all are shown. */
export const foundWords = (found: number, all: number): string => `${found} of ${all}`;

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
  if (profile.problem === 'offline') return { message: words.offlineTitle, hint: profile.hint ?? words.offlineHint };
  return { message: sentence(profile.problem), hint: profile.hint };
}

export const accessWords = (access: Access): string => (access === 'write' ? words.writes : words.readsOnly);

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

const BACKEND: Record<string, string> = {
  'secret-service': 'the desktop keyring',
  keychain: 'the Keychain',
  'credential-manager': 'the Credential Manager',
  passphrase: 'your passphrase',
  'key-file': 'a key file (protects copies, not this account)',
  'systemd-creds': 'this machine’s systemd credentials',
};

/** Where the key is, by what the keeper calls the place. */
export function backendOf(store: StoreShown): StoreBackend {
  if (store.backend === 'passphrase' || store.backend === 'key-file' || store.backend === 'systemd-creds') {
    return store.backend;
  }
  return 'keyring';
}

/** Places, and what they protect against (docs/store.md). */
export const PLACE: Record<StoreBackend, { name: string; hint: string }> = {
  keyring: {
    name: 'In the desktop keyring',
    hint: 'Protects against other accounts, copies, backups and a stolen disk. Unlocked when you log in.',
  },
  passphrase: {
    name: 'Nowhere: made from a passphrase',
    hint: 'Protects against the same, as far as the passphrase is good. You type it after each start.',
  },
  'key-file': {
    name: 'In a file beside the sign-ins',
    hint: 'Protects against other accounts, and copies that leave the file out. The weakest place.',
  },
  'systemd-creds': {
    name: 'In this machine’s systemd credentials',
    hint: 'Protects copies and backups from being used on another machine.',
  },
};

const KEYRING_NAME: Record<string, string> = {
  keychain: 'In the Keychain',
  'credential-manager': 'In the Credential Manager',
};

export const placeWords = (store: StoreShown): string => KEYRING_NAME[store.backend] ?? PLACE[backendOf(store)].name;

export const hereWords = (name: string): string => `${name} (now)`;

export const movedNote = ({ sealed }: StoreMoved): string =>
  sealed === 0 ? 'The key is kept there from now on.' : `The key is moved: ${counted(sealed, 'sign-in')} sealed anew.`;

export const notAllMoved = ({ unopened }: StoreMoved): Refusal => ({
  message: `The key is moved, but these sign-ins open with no key: ${listed(unopened)}.`,
  hint: 'Their files are kept as they are. Sign in to these portals again.',
});

export const environmentLeft = (environment: string): Refusal => ({
  message: `KEYFOB_STORE=${environment} is set where keyfob was started.`,
  hint: 'Take it out there, or the next start refuses the moved store.',
});

/** What guards the store. */
export const storeWords = (store: StoreShown): string => `Sealed with ${BACKEND[store.backend] ?? store.backend}`;

export const removeTitle = (title: string): string => `Remove ${title}?`;
export const signedInNote = (title: string): string => `${title} is signed in.`;
export const signedOutNote = (title: string): string => `Signed out of ${title}.`;
export const refreshedNote = (title: string): string => `${title} has a fresh token.`;
export const removedNote = (title: string): string => `${title} is removed.`;
