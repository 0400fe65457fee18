// What is found on the way to a new portal, and by an examination. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes
import type { Access } from './snapshot';

/**
 * News of a walk.
 */
export type DoctorProgress = { 'looking': string } | { 'found': Finding };

/**
 * What is to be said of one step.
 */
export type Finding = { id: string, title: string, verdict: Verdict,
/**
 * One sentence.
 */
finding: string,
/**
 * The sections of the standards.
 */
spec: string | null, exchanges: Array<Exchange>,
/**
 * What whoever signs in can do.
 */
for_user: string | null,
/**
 * What whoever runs the server can do.
 */
for_server: string | null, };

/**
 * How a step went, or the whole walk.
 */
export type Verdict = 'pass' | 'warn' | 'fail' | 'skip';

/**
 * One request and what came back, secrets masked.
 */
export type Exchange = { sent: string, received: string, };

/**
 * The end of a walk.
 */
export type Diagnosis = { target: string, verdict: Verdict,
/**
 * As Markdown, to be pasted into a bug tracker.
 */
report: string, };

/**
 * What a look-up found.
 */
export type Examined = { resource_name: string | null, resource: string, issuer: string,
/**
 * Suggested scopes, separated by spaces as on the wire.
 */
scopes: string | null,
/**
 * How keyfob will make itself known to the authorization server.
 */
registration: string,
/**
 * The ways to sign in that it offers, the usual one first.
 */
grants: Array<Grant>,
/**
 * It takes no client that it does not know.
 */
client_id_needed: boolean, local: boolean,
/**
 * True where the server describes only a path above the one given.
 */
parent_path: boolean, };

/**
 * Ways to sign in.
 */
export type Grant = 'authorization-code' | 'device' | 'client-credentials';

/**
 * A profile as the 'add' dialog gives it.
 */
export type NewProfile = { name: string, url: string, label: string | null, access: Access | null, grant: Grant, client_id: string | null,
/**
 * It only goes in: sealed at once, and shown by nothing.
 */
client_secret: string | null,
/**
 * PEM or JWK; it only goes in, too.
 */
private_key: string | null, };
