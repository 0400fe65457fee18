// What the settings show. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes
import type { LinkShown } from './links';

/**
 * All of it.
 */
export type Settings = { proxy: LocalProxy, files: Array<FilePlace>, };

/**
 * The loopback proxy.
 */
export type LocalProxy = { 
/**
 * `null` until the first link needs one.
 */
port: number | null,
/**
 * It answers at that port.
 */
listens: boolean,
/**
 * Whose configuration names that port.
 */
links: Array<LinkShown>, };

/**
 * What became of a new port for the loopback proxy.
 */
export type PortChanged = { listens: boolean,
/**
 * Programs whose configuration still names the old port, each with the reason.
 */
left: Array<string>, };

/**
 * A file or folder that keyfob writes.
 */
export type FilePlace = { kind: FileKind, path: string,
/**
 * The profile or program it is for.
 */
about: string | null,
/**
 * It is there now.
 */
there: boolean, };

/**
 * What a file is for.
 */
export type FileKind = 'profiles' | 'config' | 'records' | 'key' | 'locks' | 'client-keys' | 'journal' | 'links' | 'command-marks' | 'written' | 'preferences' | 'lease' | 'socket' | 'socket-pointer' | 'proxy-socket' | 'machine-id' | 'where' | 'autostart' | 'service' | 'token-file' | 'client-config';

/**
 * Places the key can be kept in.
 */
export type StoreBackend = 'keyring' | 'passphrase' | 'key-file' | 'systemd-creds';

/**
 * What a move of the key did.
 */
export type StoreMoved = { 
/**
 * Records that are sealed anew.
 */
sealed: number,
/**
 * Profiles whose record opened with no key; it is kept as it was.
 */
unopened: Array<string>,
/**
 * Another place that the environment names: it must go from there, or the next start refuses the store.
 */
environment: string | null, };

/**
 * How the windows look.
 */
export type Theme = 'system' | 'light' | 'dark';

/**
 * What the user prefers of the app itself.
 */
export type Preferences = { theme: Theme, start_at_login: boolean, };
