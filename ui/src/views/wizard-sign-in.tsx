// The sign-in of a portal that was just added, and what to do where it does not work; the portal stays either way.
import * as act from '../model/act';
import { signInOf, snapshot } from '../model/state';
import type { Wizard } from '../model/wizard';
import { words } from '../model/words';
import { Button } from '../parts/button';
import { SignInAction } from './sign-in-action';
import styles from './wizard.module.css';

export function SigningIn({ open }: { open: Wizard }) {
  const profile = snapshot.value?.profiles.find((one) => one.name === open.made);
  if (!profile) return null;
  const failed = signInOf(profile.name)?.step === 'failed';
  return (
    <div class={styles.form}>
      <SignInAction profile={profile} primary />
      <div class={styles.actions}>
        {failed && (
          <Button testid="wizard-examine" onClick={() => act.examine(profile.name, profile.label ?? profile.name)}>
            {words.examine}
          </Button>
        )}
        <Button testid="wizard-later" onClick={act.closeWizard}>
          {words.wizardLater}
        </Button>
      </div>
    </div>
  );
}
