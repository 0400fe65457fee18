// A small text file chosen from this computer, read here and handed on as text.
import { useId } from 'preact/hooks';
import { words } from '../model/words';
import styles from './field.module.css';

/** A private key is never larger. */
const LARGEST = 64 * 1_024;

interface Props {
  label: string;
  hint: string;
  /** The name of the file that was chosen. */
  chosen: string | null;
  problem: string | null;
  testid: string;
  onFile: (file: { file: string; text: string } | null) => void;
}

export function FileField({ label, hint, chosen, problem, testid, onFile }: Props) {
  const id = useId();
  const take = async (file: File | undefined) => {
    if (!file || file.size > LARGEST) onFile(null);
    else onFile({ file: file.name, text: await file.text() });
  };
  return (
    <div class={styles.field}>
      <label class={styles.label} for={id}>
        {label}
      </label>
      <input
        id={id}
        type="file"
        class={styles.file}
        accept=".pem,.jwk,.json,.key"
        aria-invalid={problem ? 'true' : undefined}
        aria-describedby={`${id}-below`}
        data-testid={testid}
        onChange={(event) => take(event.currentTarget.files?.[0])}
      />
      <p id={`${id}-below`} class={problem ? styles.problem : styles.hint}>
        {problem ?? (chosen ? `${chosen}: ${words.keyRead}` : hint)}
      </p>
    </div>
  );
}
