// Where keyfob does not run, for good or for now: why, and what to do about it.
import type { Refusal } from '../ipc/bindings';
import * as act from '../model/act';
import { sentence, stopped, words } from '../model/words';
import { Button } from '../parts/button';
import { Mark } from '../parts/mark';
import { Notice } from '../parts/notice';
import styles from './first-run.module.css';

export function Refused({ refusal }: { refusal: Refusal }) {
  const { message, hint, waits } = refusal;
  return (
    <main class={styles.page} data-testid={waits ? 'waiting' : 'refused'} aria-busy={waits}>
      <div class={styles.center}>
        <Mark />
        <h1 class={styles.title}>{waits ? words.waitingTitle : words.refusedTitle}</h1>
        <p class={styles.line}>{waits ? words.waitingLine : words.refusedLine}</p>
        <Notice tone={waits ? 'calm' : 'act'} alert message={sentence(message)} hint={hint && stopped(hint)}>
          {!waits && (
            <Button kind="primary" testid="try-again" waiting={act.isRunning('restart')} onClick={act.restart}>
              {words.tryAgain}
            </Button>
          )}
        </Notice>
      </div>
    </main>
  );
}
