// Adding a portal, step by step: its address, what is found there, how to call it and how to sign in, the sign-in, and who is to
// use it. Pure steps; `act.ts` carries out what they ask for.
import { signal } from '@preact/signals';
import type { Access, Examined, FoundServer, Grant, Importable, NewProfile, Refusal } from '../ipc/bindings';
import { EMPTY_WALK, type Walk } from './examination';
import { completeUrl, isName, nameFor } from './profiles';

export type WizardStage = 'address' | 'describe' | 'sign-in' | 'connect';

/** How a machine proves itself. */
export type Proof = 'secret' | 'key';

export interface Draft {
  url: string;
  /** `null` as long as the proposed name stands. */
  name: string | null;
  label: string;
  access: Access | null;
  grant: Grant;
  clientId: string;
  proof: Proof;
  secret: string;
  /** The private key's file as it was read, and its name. */
  key: { file: string; text: string } | null;
}

export interface Wizard {
  stage: WizardStage;
  draft: Draft;
  /** Someone tried to go on: from then on what is wrong is said. */
  tried: boolean;
  /** The look-up as it goes. */
  walk: Walk;
  /** `look`, `add` or `import` is under way. */
  busy: 'look' | 'add' | 'import' | null;
  found: Examined | null;
  problem: Refusal | null;
  /** Servers that programs on this computer have already. */
  here: FoundServer[];
  /** Sign-ins of other programs that can be taken over. */
  importable: Importable[];
  /** What is to be done about the program that a sign-in was taken over from. */
  rival: string | null;
  /** The profile that was made. */
  made: string | null;
}

const DRAFT: Draft = {
  url: '',
  name: null,
  label: '',
  access: null,
  grant: 'authorization-code',
  clientId: '',
  proof: 'secret',
  secret: '',
  key: null,
};

export const BEGIN: Wizard = {
  stage: 'address',
  draft: DRAFT,
  tried: false,
  walk: EMPTY_WALK,
  busy: null,
  found: null,
  problem: null,
  here: [],
  importable: [],
  rival: null,
  made: null,
};

/** The wizard, if it is open. */
export const wizard = signal<Wizard | null>(null);

export function changeWizard(part: Partial<Wizard>): void {
  if (wizard.value) wizard.value = { ...wizard.value, ...part };
}

/** Another address is another server: what was found no longer counts. */
export function changeDraft(part: Partial<Draft>): void {
  const open = wizard.value;
  if (!open) return;
  const draft = { ...open.draft, ...part };
  const anew = part.url === undefined ? {} : { found: null, walk: EMPTY_WALK, busy: null, tried: false };
  wizard.value = { ...open, draft, problem: null, ...anew };
}

/** The name it would get now. */
export function nameOf(draft: Draft, taken: string[]): string {
  const url = completeUrl(draft.url);
  return draft.name ?? (url ? nameFor(url, taken) : '');
}

export interface Faults {
  url: boolean;
  name: 'bad' | 'taken' | null;
  clientId: boolean;
  proof: boolean;
}

/** What is wrong with a draft. */
export function faultsOf(draft: Draft, found: Examined | null, taken: string[]): Faults {
  const name = nameOf(draft, taken);
  const isMachine = draft.grant === 'client-credentials';
  return {
    url: completeUrl(draft.url) === null,
    name: taken.includes(name) ? 'taken' : isName(name) ? null : 'bad',
    clientId: (isMachine || found?.client_id_needed === true) && draft.clientId.trim() === '',
    proof: isMachine && (draft.proof === 'secret' ? draft.secret === '' : draft.key === null),
  };
}

export const hasFaults = (faults: Faults): boolean =>
  faults.url || faults.name !== null || faults.clientId || faults.proof;

/** The profile as it is to be made. A secret goes with it only where it is wanted. */
export function profileOf(draft: Draft, url: string, name: string): NewProfile {
  const secret = draft.proof === 'secret' && draft.secret !== '' && draft.clientId.trim() !== '' ? draft.secret : null;
  const isMachine = draft.grant === 'client-credentials';
  return {
    name,
    url,
    label: draft.label.trim() || null,
    access: draft.access,
    grant: draft.grant,
    client_id: draft.clientId.trim() || null,
    client_secret: secret,
    private_key: isMachine && draft.proof === 'key' ? (draft.key?.text ?? null) : null,
  };
}
