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
  /** What stands beside the input. */
  children?: ComponentChildren;
}

export function Field({ label, value, onInput, hint, problem, placeholder, testid, type, mono, children }: Props) {
  const id = useId();
  const below = problem ?? hint;
  return (
    <div class={styles.field}>
      <label class={styles.label} for={id}>
        {label}
      </label>
      <div class={styles.row}>
        <input
          id={id}
          class={`${styles.input} ${mono ? styles.mono : ''}`}
          type="text"
          inputMode={type}
          value={value}
          placeholder={placeholder}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          aria-invalid={problem ? 'true' : undefined}
          aria-describedby={below ? `${id}-below` : undefined}
          data-testid={testid}
          onInput={(event) => onInput(event.currentTarget.value)}
        />
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
