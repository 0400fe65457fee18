// One labelled input with its hint or problem beneath.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import styles from './field.module.css';

interface Props {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string | undefined;
  problem?: string | null | undefined;
  placeholder?: string | undefined;
  testid?: string | undefined;
  type?: 'text' | 'url';
  mono?: boolean;
  /** Not shown while it is typed. */
  secret?: boolean;
  /** What stands beside the input. */
  children?: ComponentChildren;
}

export function Field({
  label,
  value,
  onInput,
  hint,
  problem,
  placeholder,
  testid,
  type,
  mono,
  secret,
  children,
}: Props) {
  const id = useId();
  const below = problem ?? hint;
  const shared = {
    id,
    class: `${styles.input} ${mono ? styles.mono : ''}`,
    inputMode: type,
    value,
    placeholder,
    spellcheck: false,
    autocomplete: 'off',
    autocapitalize: 'off',
    'aria-invalid': problem ? 'true' : undefined,
    'aria-describedby': below ? `${id}-below` : undefined,
    'data-testid': testid,
    onInput: (event: { currentTarget: HTMLInputElement }) => onInput(event.currentTarget.value),
  } as const;
  return (
    <div class={styles.field}>
      <label class={styles.label} for={id}>
        {label}
      </label>
      <div class={styles.row}>
        {secret ? <input type="password" {...shared} /> : <input type="text" {...shared} />}
        {children}
      </div>
      {below && (
        <p id={`${id}-below`} class={problem ? styles.problem : styles.hint}>
          {below}
        </p>
      )}
    </div>
  );
}
