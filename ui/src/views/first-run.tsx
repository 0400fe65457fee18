// The very first look: one sentence and two ways on.
import * as act from '../model/act';
import { words } from '../model/words';
import { Button } from '../parts/button';
import { Mark } from '../parts/mark';
import { Banners } from './banners';
import styles from './first-run.module.css';
import { OpenSettings } from './open-settings';

export function FirstRun() {
  return (
    <>
      <main class={styles.page} data-testid="first-run">
        <div class={styles.center}>
          <Mark />
          <h1 class={styles.title}>{words.firstTitle}</h1>
          <p class={styles.line}>{words.firstLine}</p>
          <Banners />
          <div class={styles.actions}>
            <Button kind="primary" testid="add-portal" onClick={act.openWizard}>
              {words.addPortal}
            </Button>
            <Button testid="try-demo" waiting={act.isRunning('demo')} onClick={act.tryDemo}>
              {words.tryDemo}
            </Button>
          </div>
          <p class={styles.note}>{words.demoNote}</p>
        </div>
      </main>
      <header class={styles.corner}>
        <OpenSettings named />
      </header>
    </>
  );
}
