// Short words about what has just happened, read out by screen readers too. Problems stay until dismissed.
import { dismiss, toasts } from '../model/state';
import { words } from '../model/words';
import { Button } from './button';
import { Icon } from './icon';
import styles from './toasts.module.css';

export function Toasts() {
  return (
    <div class={styles.toasts} role="status" aria-live="polite">
      {toasts.value.map((toast) => (
        <div key={toast.id} class={`${styles.toast} ${styles[toast.tone]}`} data-testid="toast">
          <Icon name={toast.tone === 'problem' ? 'act' : 'well'} class={styles.icon} />
          <div class={styles.text}>
            <p>{toast.message}</p>
            {toast.hint && <p class={styles.hint}>{toast.hint}</p>}
          </div>
          <Button kind="quiet" label={words.dismiss} onClick={() => dismiss(toast.id)}>
            <Icon name="close" />
          </Button>
        </div>
      ))}
    </div>
  );
}
