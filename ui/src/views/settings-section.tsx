// A section of the settings, and one line in it: what it is, what it means, and what can be done.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import styles from './settings.module.css';

interface SectionProps {
  title: string;
  testid: string;
  /** What holds for all of it. */
  hint?: string | undefined;
  children: ComponentChildren;
}

export function Section({ title, testid, hint, children }: SectionProps) {
  const id = useId();
  return (
    <section class={styles.section} aria-labelledby={id} data-testid={testid}>
      <h2 id={id} class={styles.heading}>
        {title}
      </h2>
      {hint && <p class={styles.soft}>{hint}</p>}
      <div class={styles.rows}>{children}</div>
    </section>
  );
}

interface LineProps {
  name: string;
  hint?: ComponentChildren;
  hintId?: string;
  children?: ComponentChildren;
}

export function Line({ name, hint, hintId, children }: LineProps) {
  return (
    <div class={styles.line}>
      <div class={styles.text}>
        <p class={styles.name}>{name}</p>
        {hint && (
          <p class={styles.soft} id={hintId}>
            {hint}
          </p>
        )}
      </div>
      {children && <div class={styles.control}>{children}</div>}
    </div>
  );
}
