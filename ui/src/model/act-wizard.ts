// What the wizard asks for, one step after the other; an answer that comes after the window has moved on changes nothing.
import type { Importable } from '../ipc/bindings';
import { EMPTY_WALK, walked } from './examination';
import { completeUrl, nameFor } from './profiles';
import { app } from './run';
import { signIn } from './sign-in';
import { asRefusal, snapshot } from './state';
import { BEGIN, changeDraft, changeWizard, faultsOf, hasFaults, nameOf, profileOf, wizard } from './wizard';

const taken = (): string[] => snapshot.value?.profiles.map((one) => one.name) ?? [];

export function openWizard(): void {
  wizard.value = BEGIN;
  const known = new Set(snapshot.value?.profiles.map((one) => one.url));
  // Nothing depends on it: a file that cannot be read offers nothing.
  app()
    .serversHere()
    .then((here) => changeWizard({ here: here.filter((server) => !known.has(server.url)) }))
    .catch(() => {});
  app()
    .importable()
    .then((importable) => changeWizard({ importable }))
    .catch(() => {});
}

/** Takes a sign-in over that another program made; nobody is sent to a browser. */
export async function importSignIn(one: Importable): Promise<void> {
  if (!wizard.value || wizard.value.busy) return;
  const name = nameFor(one.url, taken());
  changeWizard({ busy: 'import', problem: null });
  try {
    const rival = await app().importSignIn(one.source, one.url, name);
    changeWizard({ busy: null, made: name, rival, stage: 'connect' });
  } catch (thrown) {
    changeWizard({ busy: null, problem: asRefusal(thrown) });
  }
}

export function closeWizard(): void {
  wizard.value = null;
}

/** Looks the address up, each step shown as it goes; only the newest question's answer counts. */
export async function lookUp(): Promise<void> {
  changeWizard({ tried: true });
  const asked = wizard.value?.draft.url ?? '';
  const url = completeUrl(asked);
  if (!url || wizard.value?.busy) return;
  changeWizard({ busy: 'look', walk: EMPTY_WALK, found: null, problem: null });
  const isAsked = () => wizard.value?.busy === 'look' && wizard.value.draft.url === asked;
  try {
    const found = await app().lookUp(url, (progress) => {
      if (isAsked() && wizard.value) changeWizard({ walk: walked(wizard.value.walk, progress) });
    });
    if (!isAsked()) return;
    changeDraft({ grant: found.grants[0] ?? 'authorization-code' });
    changeWizard({ busy: null, found, stage: 'describe', tried: false });
  } catch (thrown) {
    if (isAsked()) changeWizard({ busy: null, problem: asRefusal(thrown) });
  }
}

/** Makes the profile and signs in; the programs that may use it come after that. */
export async function addFromWizard(): Promise<void> {
  const open = wizard.value;
  if (!open || open.busy) return;
  changeWizard({ tried: true });
  const url = completeUrl(open.draft.url);
  if (!url || hasFaults(faultsOf(open.draft, open.found, taken()))) return;
  const name = nameOf(open.draft, taken());
  changeWizard({ busy: 'add', problem: null });
  try {
    await app().addProfile(profileOf(open.draft, url, name));
  } catch (thrown) {
    changeWizard({ busy: null, problem: asRefusal(thrown) });
    return;
  }
  // Secrets leave the page's memory as soon as they are sealed.
  changeDraft({ secret: '', key: null });
  changeWizard({ busy: null, made: name, stage: 'sign-in' });
  await signIn({ name, label: open.draft.label.trim() || null });
}
