// A walk along a server's chain of authorization, as it goes: what the doctor has found so far, and its verdict at the end.
import { signal } from '@preact/signals';
import type { Diagnosis, DoctorProgress, Finding, Refusal } from '../ipc/bindings';

/** The steps of one walk. */
export interface Walk {
  steps: Finding[];
  /** The step being looked at. */
  looking: string | null;
}

export interface Examination extends Walk {
  /** A profile's name, or an address. */
  target: string;
  /** What people call it. */
  title: string;
  diagnosis: Diagnosis | null;
  /** Why there was no walk. */
  refusal: Refusal | null;
}

/** The walk that is open in the window. */
export const examination = signal<Examination | null>(null);

export const EMPTY_WALK: Walk = { steps: [], looking: null };

/** A walk with one more piece of news. */
export function walked(walk: Walk, progress: DoctorProgress): Walk {
  if ('looking' in progress) return { ...walk, looking: progress.looking };
  return { steps: [...walk.steps, progress.found], looking: null };
}

/** How many steps want attention. */
export const warnings = (walk: Walk): number => walk.steps.filter((step) => step.verdict === 'warn').length;

/** The steps at which the chain breaks. */
export const broken = (walk: Walk): Finding[] => walk.steps.filter((step) => step.verdict === 'fail');
