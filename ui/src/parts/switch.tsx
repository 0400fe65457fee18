// A switch: something that is on or off, at once.
import styles from './switch.module.css';

interface Props {
  label: string;
  on: boolean;
  onSwitch: (on: boolean) => void;
  describedBy?: string | undefined;
  /** Waiting: not to be pressed again. */
  waiting?: boolean;
  testid?: string;
}

export function Switch({ label, on, onSwitch, describedBy, waiting, testid }: Props) {
  return (
    <button
      type="button"
      role="switch"
      class={styles.switch}
      aria-checked={on}
      aria-label={label}
      aria-describedby={describedBy}
      // Stays focusable while waiting, so that the keyboard keeps its place.
      aria-disabled={waiting ? 'true' : undefined}
      data-testid={testid}
      onClick={() => !waiting && onSwitch(!on)}
    >
      <span class={styles.knob} />
    </button>
  );
}
