// What the people who run a server gave for a client: its id, and a secret or the file of a private key.
import { changeDraft, type Draft, type Faults, type Proof } from '../model/wizard';
import { words } from '../model/words';
import { Field } from '../parts/field';
import { FileField } from '../parts/file-field';
import styles from './wizard.module.css';

interface Props {
  draft: Draft;
  faults: Faults;
  /** The server takes no client that it does not know. */
  needed: boolean;
}

export function ClientProof({ draft, faults, needed }: Props) {
  const isMachine = draft.grant === 'client-credentials';
  const open = isMachine || needed || draft.clientId !== '';
  const fields = (
    <div class={styles.form}>
      <Field
        label={words.addClientId}
        hint={words.addClientIdHint}
        value={draft.clientId}
        problem={faults.clientId ? words.addClientIdMissing : null}
        testid="add-client-id"
        onInput={(clientId) => changeDraft({ clientId })}
      />
      {isMachine && <ProofChoice draft={draft} />}
      {(draft.proof === 'secret' || !isMachine) && (
        <Field
          label={words.addSecret}
          hint={isMachine ? words.sealedHint : words.addSecretHint}
          value={draft.secret}
          secret
          problem={faults.proof ? words.addSecretMissing : null}
          testid="add-secret"
          onInput={(secret) => changeDraft({ secret })}
        />
      )}
      {isMachine && draft.proof === 'key' && (
        <FileField
          label={words.addKey}
          hint={words.addKeyHint}
          chosen={draft.key?.file ?? null}
          problem={faults.proof ? words.addKeyMissing : null}
          testid="add-key"
          onFile={(key) => changeDraft({ key })}
        />
      )}
    </div>
  );
  if (isMachine || needed) return fields;
  return (
    <details class={styles.more} open={open || undefined}>
      <summary data-testid="more-options">{words.more}</summary>
      {fields}
    </details>
  );
}

const PROOFS: [Proof, string][] = [
  ['secret', words.proofSecret],
  ['key', words.proofKey],
];

function ProofChoice({ draft }: { draft: Draft }) {
  return (
    <fieldset class={styles.choice}>
      <legend>{words.proof}</legend>
      <div class={styles.line}>
        {PROOFS.map(([proof, text]) => (
          <label key={proof}>
            <input
              type="radio"
              name="proof"
              value={proof}
              checked={draft.proof === proof}
              onChange={() => changeDraft({ proof })}
            />
            {text}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
