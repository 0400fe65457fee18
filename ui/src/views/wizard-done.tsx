// Signed in: who it is, and the programs on this computer that can use it from now on.
import * as act from '../model/act';
import { now, snapshot } from '../model/state';
import type { Wizard } from '../model/wizard';
import { signInWords, welcomeWords, words } from '../model/words';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Notice } from '../parts/notice';
import { Connect } from './connect';
import styles from './wizard.module.css';

export function Done({ open }: { open: Wizard }) {
  const profile = snapshot.value?.profiles.find((one) => one.name === open.made);
  if (!profile) return null;
  return (
    <div class={styles.form}>
      <div class={styles.welcome} role="status" data-testid="wizard-done">
        <Icon name="well" class={styles.tick} />
        <div>
          <p class={styles.big}>{welcomeWords(profile)}</p>
          <p class={styles.soft}>{signInWords(profile, now.value)}</p>
        </div>
      </div>
      {open.rival && <Notice tone="act" message={words.rivalTitle} hint={open.rival} />}
      <Connect profile={profile} />
      <div class={styles.actions}>
        <Button kind="primary" testid="wizard-close" onClick={act.closeWizard}>
          {words.done}
        </Button>
      </div>
    </div>
  );
}
