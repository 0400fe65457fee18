// The words for where the key is kept, and for a store that is locked.
import type { Refusal, StoreBackend, StoreMoved, StoreShown } from '../../ipc/bindings';
import { listed } from './grammar';
import { counted } from './times';

export const storeLabels = {
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
};

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
