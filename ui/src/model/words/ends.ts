// The words for when a sign-in ends, and for who is told so before.
import type { ProfileShown } from '../../ipc/bindings';
import { listed } from './grammar';
import { lengthWords } from './times';

export const endsLabels = {
  endQuestion: 'When does this sign-in end?',
  endQuestionHint: 'The server does not say. If you know, keyfob reminds you days before.',
  endDays: 'Days after signing in',
  endDaysBad: 'A whole number of days, at least one.',
  endSet: 'Set',
  endNotKnown: 'Not known',
  endChange: 'Change when it ends',
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

/** How "not known" is written. */
export const NOT_KNOWN = 'not-known';

/** `30d` as an answer to choose. */
export const offerWords = (lifetime: string): string => `After ${lengthWords(lifetime)}`;
