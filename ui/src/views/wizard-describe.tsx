// What was found, what it is to be called, and how to sign in there, each way explained.
import type { Access, Grant } from '../ipc/bindings';
import * as act from '../model/act';
import { snapshot } from '../model/state';
import { changeDraft, changeWizard, type Draft, type Faults, faultsOf, nameOf, type Wizard } from '../model/wizard';
import { GRANT, GRANT_HINT, words } from '../model/words';
import { Button } from '../parts/button';
import { Field } from '../parts/field';
import { Notice } from '../parts/notice';
import { OptionCards } from '../parts/option-cards';
import { ClientProof } from './client-proof';
import { Found } from './found';
import styles from './wizard.module.css';

export function Describe({ open }: { open: Wizard }) {
  const { draft, found, problem, tried } = open;
  if (!found) return null;
  const taken = snapshot.value?.profiles.map((one) => one.name) ?? [];
  const faults = faultsOf(draft, found, taken);
  const shown: Faults = tried
    ? faults
    : { ...faults, name: draft.name === null ? null : faults.name, clientId: false, proof: false };
  return (
    <form
      class={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        act.addFromWizard();
      }}
    >
      <Found found={found} />
      <div class={styles.pair}>
        <Field
          label={words.addName}
          hint={words.addNameHint}
          value={nameOf(draft, taken)}
          problem={nameProblem(shown)}
          testid="add-name"
          onInput={(name) => changeDraft({ name })}
        />
        <Field
          label={words.addLabel}
          hint={words.addLabelHint}
          value={draft.label}
          placeholder={found.resource_name ?? undefined}
          testid="add-label"
          onInput={(label) => changeDraft({ label })}
        />
      </div>
      <AccessChoice draft={draft} />
      <GrantChoice draft={draft} grants={found.grants} />
      <ClientProof draft={draft} faults={shown} needed={found.client_id_needed} />
      {problem && <Notice tone="act" alert message={problem.message} hint={problem.hint} />}
      <div class={styles.actions}>
        <Button testid="wizard-back" onClick={() => changeWizard({ stage: 'address', problem: null, tried: false })}>
          {words.wizardBack}
        </Button>
        <Button kind="primary" type="submit" testid="add-submit" waiting={open.busy === 'add'}>
          {words.addSubmit}
        </Button>
      </div>
    </form>
  );
}

function nameProblem(faults: Faults): string | null {
  if (faults.name === 'taken') return words.addNameTaken;
  return faults.name === 'bad' ? words.addNameBad : null;
}

const ACCESS: [Access | null, string][] = [
  [null, words.accessNone],
  ['read', words.readsOnly],
  ['write', words.writes],
];

function AccessChoice({ draft }: { draft: Draft }) {
  return (
    <fieldset class={styles.choice}>
      <legend>{words.addAccess}</legend>
      <div class={styles.line}>
        {ACCESS.map(([access, text]) => (
          <label key={text}>
            <input
              type="radio"
              name="access"
              checked={draft.access === access}
              onChange={() => changeDraft({ access })}
            />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function GrantChoice({ draft, grants }: { draft: Draft; grants: Grant[] }) {
  return (
    <OptionCards
      label={words.addGrant}
      titled
      options={grants.map((grant) => ({ value: grant, name: GRANT[grant], hint: GRANT_HINT[grant] }))}
      chosen={draft.grant}
      onChoose={(grant) => changeDraft({ grant })}
      testid="grants"
    />
  );
}
