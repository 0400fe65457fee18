// One of a few that need explaining: radio buttons, each on a card with what it means.
import { useId } from 'preact/hooks';
import styles from './option-cards.module.css';

export interface Option<T extends string> {
  value: T;
  name: string;
  hint: string;
  /** It is so already. */
  isHere?: boolean;
}

interface Props<T extends string> {
  label: string;
  /** The label is seen, too. */
  titled?: boolean;
  options: readonly Option<T>[];
  chosen: T | null;
  onChoose: (value: T) => void;
  testid?: string;
}

export function OptionCards<T extends string>({ label, titled, options, chosen, onChoose, testid }: Props<T>) {
  const name = useId();
  return (
    <fieldset class={styles.options} aria-label={titled ? undefined : label} data-testid={testid}>
      {titled && <legend>{label}</legend>}
      <div class={styles.cards}>
        {options.map(({ value, name: title, hint, isHere }) => (
          <label
            key={value}
            class={`${styles.card} ${value === chosen ? styles.chosen : ''} ${isHere ? styles.here : ''}`}
          >
            <input
              type="radio"
              name={name}
              value={value}
              checked={value === chosen}
              disabled={isHere}
              onChange={() => onChoose(value)}
            />
            <span>
              <strong>{title}</strong>
              <span class={styles.hint}>{hint}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
