// What every part needs: times, and how a command is refused. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes

/** An instant as RFC 3339, in UTC. */
export type Instant = string;

/** How the end of a sign-in is known. */
export type Known = 'server' | 'configured' | 'learned' | 'unknown';

/**
 * Why a command failed and what to do next.
 */
export type Refusal = { message: string, hint: string | null,
/**
 * It may be over by itself, and is waited for.
 */
waits?: boolean, };
