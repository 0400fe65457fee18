// Programs that get tokens, and what happened. Generated from src-tauri/src/ipc; never edited by hand. To write it anew:
// KEYFOB_WRITE_SHAPES=1 cargo test -p keyfob-app shapes
import type { Instant } from './basis';

/**
 * How a client gets its token.
 */
export type Via = 'helper' | 'proxy' | 'bridge';

/**
 * A link that was made.
 */
export type LinkShown = { profile: string, client: string, client_name: string, via: Via, };

/**
 * A client that is here.
 */
export type ClientShown = { id: string, name: string,
/**
 * The best first.
 */
ways: Array<Via>,
/**
 * How it is linked to the profile that was asked for.
 */
linked: Via | null,
/**
 * Entries that do for that profile what keyfob does better.
 */
replaceable: Array<Replaceable>, };

/**
 * An entry of a client that keyfob's could take the place of.
 */
export type Replaceable = { 
/**
 * As the client's file spells it.
 */
entry: string,
/**
 * The same for people's eyes.
 */
name: string, why: Habit, };

/**
 * What such an entry does.
 */
export type Habit = 'plain-token' | 'mcp-remote';

/**
 * A server that a client is configured for.
 */
export type FoundServer = { client_name: string, name: string, url: string, };

/**
 * A sign-in of another program that can be taken over.
 */
export type Importable = { 
/**
 * As it is asked for.
 */
source: string, program: string, url: string,
/**
 * keyfob can go on with it; else it ends with its access token.
 */
renews: boolean, };

/**
 * What a link, or the end of one, would change.
 */
export type LinkPlan = { via: Via, file: string | null,
/**
 * The client's own command that would run.
 */
command: string | null,
/**
 * The entry, each line behind `+` or `-`; or the lines to run by hand.
 */
lines: Array<string>,
/**
 * Nothing can be edited: a person runs the lines.
 */
by_hand: boolean,
/**
 * An entry made before gives way.
 */
replaces: boolean,
/**
 * Entries that made room for keyfob's and do not come back with its end.
 */
left: Array<LeftOut>,
/**
 * What of an entry that makes room goes on, and what does not.
 */
notes: Array<string>,
/**
 * What to do afterwards.
 */
afterwards: string, };

/**
 * One of them.
 */
export type LeftOut = { name: string, why: string,
/**
 * The copy in which it stands.
 */
file: string, };

/**
 * One event.
 */
export type JournalEntry = { at: Instant,
/**
 * One of the journal's words, such as `renewed`.
 */
event: string,
/**
 * Something that did not go as it should.
 */
failed: boolean, duration_ms: number | null, detail: string | null,
/**
 * The name of the program's file, where one asked.
 */
program: string | null,
/**
 * How often, where one entry stands for several events.
 */
times: number, };
