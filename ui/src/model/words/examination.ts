// The words of the examination.
import type { Finding } from '../../ipc/bindings';
import { broken, type Walk, warnings } from '../examination';

export const examinationLabels = {
  examine: 'Examine',
  examineAgain: 'Examine again',
  examinationLine: 'From the first request to the last: nothing at the server is changed, and secrets are masked.',
  adviceYou: 'What you can do',
  adviceServer: 'For whoever runs the server',
  adviceRule: 'Rule',
  sent: 'Sent',
  received: 'Received',
  copyReport: 'Copy the report',
};

export const VERDICT: Record<Finding['verdict'], string> = {
  pass: 'Good',
  warn: 'Wants attention',
  fail: 'Broken',
  skip: 'Not looked at',
};

export const examinationTitle = (title: string): string => `Examining ${title}`;

/** The last sentence of a walk. */
export function verdictWords(walk: Walk): string {
  const breaks = broken(walk).map((step) => step.title);
  if (breaks.length > 0) return `The chain breaks at: ${breaks.join(', ')}`;
  const count = warnings(walk);
  if (count === 0) return 'Every step that was looked at is good';
  return count === 1 ? 'It works; one step wants attention' : `It works; ${count} steps want attention`;
}

export const exchangesWords = (count: number): string =>
  count === 1 ? 'What was sent and received' : `What was sent and received, ${count} times`;
