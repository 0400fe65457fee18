// The first question: which server? Typed, pasted, or picked from what programs on this computer have already.
import * as act from '../model/act';
import { changeDraft, faultsOf, type Wizard } from '../model/wizard';
import { importWords, words } from '../model/words';
import { Button } from '../parts/button';
import { Field } from '../parts/field';
import { Notice } from '../parts/notice';
import { Walk } from './walk';
import styles from './wizard.module.css';

export function Address({ open }: { open: Wizard }) {
  const { draft, walk, problem, here, tried } = open;
  const faults = faultsOf(draft, null, []);
  const looking = open.busy === 'look';
  return (
    <form
      class={styles.form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        act.lookUp();
      }}
    >
      <Field
        label={words.addUrl}
        type="url"
        value={draft.url}
        placeholder={words.addUrlPlaceholder}
        problem={tried && faults.url ? words.addUrlBad : null}
        testid="add-url"
        onInput={(url) => changeDraft({ url })}
      >
        <Button kind="primary" type="submit" testid="look-up" waiting={looking}>
          {looking ? words.lookingUp : words.lookUp}
        </Button>
      </Field>
      {(walk.steps.length > 0 || looking) && <Walk walk={walk} brief />}
      {problem && <Notice tone="act" alert message={problem.message} hint={problem.hint} />}
      {walk.steps.length === 0 && !looking && here.length > 0 && (
        <section aria-labelledby="found-here" data-testid="found-here">
          <h3 id="found-here" class={styles.heading}>
            {words.foundHere}
          </h3>
          <ul class={styles.here}>
            {here.map((server) => (
              <li key={`${server.client_name} ${server.name}`}>
                <button
                  type="button"
                  class={styles.pick}
                  onClick={() => {
                    changeDraft({ url: server.url });
                    act.lookUp();
                  }}
                >
                  <strong>{server.name}</strong>
                  <span class={styles.soft}>{server.url}</span>
                  <span class={styles.soft}>{server.client_name}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {walk.steps.length === 0 && !looking && <Importables open={open} />}
    </form>
  );
}

/** Nobody has to sign in again where a program here has done so. */
function Importables({ open }: { open: Wizard }) {
  if (open.importable.length === 0) return null;
  const waiting = open.busy === 'import';
  return (
    <section aria-labelledby="importable" aria-busy={waiting} data-testid="importable">
      <h3 id="importable" class={styles.heading}>
        {waiting ? words.importing : words.importTitle}
      </h3>
      <ul class={styles.here}>
        {open.importable.map((one) => (
          <li key={`${one.source} ${one.url}`}>
            <button type="button" class={styles.pick} aria-disabled={waiting} onClick={() => act.importSignIn(one)}>
              <strong>{one.url}</strong>
              <span class={styles.soft}>{importWords(one)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
