// Sentences and lists, made of parts.

/** A cause as a sentence of its own; keyfob's name stays as it is written. */
export const sentence = (text: string): string =>
  text.startsWith('keyfob') ? text : text.charAt(0).toUpperCase() + text.slice(1);

/** The same with its full stop: a next step, which is no title. */
export const stopped = (text: string): string => (/[.!?:…]$/.test(text) ? sentence(text) : `${sentence(text)}.`);

/** Names as a list in a sentence. */
export const listed = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? 'A program') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
