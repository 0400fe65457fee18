// Sign-ins under way, and what programs ask for beyond them. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes
import type { Instant, Refusal } from './basis';

/**
 * A sign-in that this app does, or one that has just failed.
 */
export type SignInUnderWay = { profile: string, step: SignInStep,
/**
 * Where to go on, if no browser could be started.
 */
address: string | null, device: DevicePrompt | null,
/**
 * Another account signed in than before: which of them stays is to be said.
 */
accounts: OtherAccount | null,
/**
 * Why it failed.
 */
refusal: Refusal | null, };

/**
 * How far it is.
 */
export type SignInStep = 'looking' | 'browser' | 'device' | 'account' | 'finishing' | 'failed';

/**
 * What a person needs to go on at any device with a browser. It gives no token by itself.
 */
export type DevicePrompt = { user_code: string,
/**
 * Where to type it.
 */
page: string,
/**
 * The page's host, to be recognised.
 */
site: string, until: Instant,
/**
 * A browser was started at the page.
 */
opened: boolean,
/**
 * The best address as a QR code, row by row: `1` is dark; none for one too long.
 */
picture: Array<string>, };

/**
 * The account so far, and the one that has signed in now.
 */
export type OtherAccount = { before: string, now: string, };

/**
 * What clients ask for beyond a sign-in.
 */
export type StepUp = { profile: string, scopes: Array<string>,
/**
 * Their names, as people call them.
 */
clients: Array<string>, };
