// Signing in: the button, then where to go on and how to give up.
import type { ProfileShown } from '../ipc/bindings';
import * as act from '../model/act';
import { isSignedIn } from '../model/profiles';
import { titleOf, words } from '../model/words';
import { Button } from '../parts/button';
import styles from './sign-in-action.module.css';

export function SignInAction({ profile, primary }: { profile: ProfileShown; primary: boolean }) {
  const again = isSignedIn(profile);
  if (profile.signing_in) {
    return (
      <div class={styles.waiting}>
        <p role="status">{again && profile.state !== 'needs-sign-in' ? words.inBrowserHeld : words.inBrowser}</p>
        <Button waiting={act.isRunning('cancel', profile.name)} onClick={() => act.cancelSignIn(profile)}>
          {words.cancelSignIn}
        </Button>
      </div>
    );
  }
  const text = again ? words.signInAgain : words.signIn;
  return (
    <div>
      <Button
        kind={primary ? 'primary' : 'plain'}
        label={`${text}: ${titleOf(profile)}`}
        testid="action-sign-in"
        waiting={act.isRunning('sign-in', profile.name)}
        onClick={() => act.signIn(profile)}
      >
        {text}
      </Button>
    </div>
  );
}
