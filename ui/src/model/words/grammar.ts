// Sentences and lists, made of parts.

/** A cause as a sentence of its own. */
export const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Names as a list in a sentence. */
export const listed = (names: string[]): string =>
  names.length < 2 ? (names[0] ?? 'A program') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
