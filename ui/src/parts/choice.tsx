// One of a few, all of them seen: radio buttons drawn as one strip.
import { useId } from 'preact/hooks';
import styles from './choice.module.css';

interface Props<T extends string> {
  label: string;
  options: readonly { value: T; label: string }[];
  chosen: T;
  onChoose: (value: T) => void;
  testid?: string;
}

export function Choice<T extends string>({ label, options, chosen, onChoose, testid }: Props<T>) {
  const name = useId();
  return (
    <fieldset class={styles.choice} aria-label={label} data-testid={testid}>
      {options.map((option) => (
        <label key={option.value} class={styles.option}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === chosen}
            onChange={() => onChoose(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
