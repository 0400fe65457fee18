// A button, and the same waiting for what it started.
import type { ComponentChildren } from 'preact';
import styles from './button.module.css';

interface Props {
  children: ComponentChildren;
  onClick?: (() => void) | undefined;
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  type?: 'button' | 'submit';
  /** Waiting: shown as busy and not to be pressed again. */
  waiting?: boolean;
  disabled?: boolean;
  label?: string;
  testid?: string;
}

export function Button({
  children,
  onClick,
  kind = 'plain',
  type = 'button',
  waiting,
  disabled,
  label,
  testid,
}: Props) {
  return (
    <button
      type={type}
      class={`${styles.button} ${styles[kind] ?? ''}`}
      // Stays focusable while waiting, so that the keyboard keeps its place.
      aria-disabled={waiting || disabled ? 'true' : undefined}
      aria-busy={waiting ? 'true' : undefined}
      aria-label={label}
      data-testid={testid}
      onClick={(event) => {
        if (waiting || disabled) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}
