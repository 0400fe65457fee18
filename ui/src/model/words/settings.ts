// The words of the settings: look, local address, files.
import type { FileKind, FilePlace, LinkShown, LocalProxy, Refusal, Theme } from '../../ipc/bindings';
import type { FileGroup } from '../files';
import { listed } from './grammar';

export const settingsLabels = {
  settings: 'Settings',
  settingsGeneral: 'General',
  startAtLogin: 'Start at login',
  startAtLoginHint: 'keyfob can only renew while it runs.',
  theme: 'Look',
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
};

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
  written: { name: 'What was written', hint: 'For other programs: fingerprints, so that only that is taken away.' },
  preferences: { name: 'Preferences of this window', hint: 'Look and offers.' },
  lease: { name: 'The keeper’s lease', hint: 'So that only one keeper runs.' },
  socket: { name: 'Control socket', hint: 'Where the command line speaks to the keeper.' },
  'socket-pointer': { name: 'Where that socket is', hint: 'Its usual path is too long for the system.' },
  'proxy-socket': { name: 'Socket of the local address', hint: 'The same address for programs that take a socket.' },
  'machine-id': { name: 'This machine’s name', hint: 'So that a copy on another machine is noticed.' },
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
