// Where keyfob cannot run at all: why, what to do about it, and one more try.
import type { Refusal } from '../ipc/bindings';
import * as act from '../model/act';
import { sentence, words } from '../model/words';
import { Button } from '../parts/button';
import { Mark } from '../parts/mark';
import { Notice } from '../parts/notice';
import styles from './first-run.module.css';

export function Refused({ refusal }: { refusal: Refusal }) {
  return (
    <main class={styles.page} data-testid="refused">
      <div class={styles.center}>
        <Mark />
        <h1 class={styles.title}>{words.refusedTitle}</h1>
        <p class={styles.line}>{words.refusedLine}</p>
        <Notice tone="act" alert message={sentence(refusal.message)} hint={refusal.hint && sentence(refusal.hint)}>
          <Button kind="primary" testid="try-again" waiting={act.isRunning('again')} onClick={act.tryAgain}>
            {words.tryAgain}
          </Button>
        </Notice>
      </div>
    </main>
  );
}
