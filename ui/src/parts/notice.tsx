// A cause and its next step, where they belong.

import type { ComponentChildren } from 'preact';
import { Icon } from './icon';
import styles from './notice.module.css';

interface Props {
  tone: 'act' | 'calm' | 'offer';
  message: string;
  hint?: string | null;
  children?: ComponentChildren;
  /** Read out at once: for what a person has just caused. */
  alert?: boolean;
}

const ICON = { act: 'act', calm: 'info', offer: 'info' } as const;

export function Notice({ tone, message, hint, children, alert }: Props) {
  return (
    <div class={`${styles.notice} ${styles[tone]}`} role={alert ? 'alert' : undefined}>
      <Icon name={ICON[tone]} class={styles.icon} />
      <div class={styles.text}>
        <p class={styles.message}>{message}</p>
        {hint && <p class={styles.hint}>{hint}</p>}
        {children && <div class={styles.actions}>{children}</div>}
      </div>
    </div>
  );
}
