// Short words about what has just happened, read out by screen readers too. Problems stay until dismissed.
import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { dismiss, toasts } from '../model/state';
import { stopped, words } from '../model/words';
import { Button } from './button';
import { Icon } from './icon';
import styles from './toasts.module.css';

/** Open dialogs, the topmost last. What lies outside of it can be neither pressed nor heard. */
const dialogs = signal<object[]>([]);

/** In an open dialog, and in it alone, while it is there. */
export function ToastsInDialog() {
  const [own] = useState({});
  useEffect(() => {
    dialogs.value = [...dialogs.value, own];
    return () => {
      dialogs.value = dialogs.value.filter((one) => one !== own);
    };
  }, [own]);
  return <Shown here={dialogs.value.at(-1) === own} />;
}

/** In the window, while no dialog is open. */
export function Toasts() {
  return <Shown here={dialogs.value.length === 0} />;
}

/** The place for them is there before they are: only then are they read out. */
function Shown({ here }: { here: boolean }) {
  return (
    <div class={styles.toasts} role="status" aria-live="polite">
      {(here ? toasts.value : []).map((toast) => (
        <div key={toast.id} class={`${styles.toast} ${styles[toast.tone]}`} data-testid="toast">
          <Icon name={toast.tone === 'problem' ? 'act' : 'well'} class={styles.icon} />
          <div class={styles.text}>
            <p>{stopped(toast.message)}</p>
            {toast.hint && <p class={styles.hint}>{stopped(toast.hint)}</p>}
          </div>
          <Button kind="quiet" label={words.dismiss} onClick={() => dismiss(toast.id)}>
            <Icon name="close" />
          </Button>
        </div>
      ))}
    </div>
  );
}
