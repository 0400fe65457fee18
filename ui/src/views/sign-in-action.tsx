// Signing in: the button, then where to go on and how to give up, then why it did not work.
import type { OtherAccount, ProfileShown, SignInUnderWay } from '../ipc/bindings';
import * as act from '../model/act';
import { isSignedIn } from '../model/profiles';
import { deciding, signInOf, stepUpOf } from '../model/state';
import {
  keepAccountWords,
  nextStepHint,
  otherAccountWords,
  sentence,
  takeAccountWords,
  titleOf,
  words,
} from '../model/words';
import { Button } from '../parts/button';
import { CopyButton } from '../parts/copy-button';
import { Notice } from '../parts/notice';
import { DevicePanel } from './device-panel';
import styles from './sign-in-action.module.css';

interface Props {
  profile: ProfileShown;
  primary: boolean;
  /** With little room: the rest stands with the details. */
  small?: boolean;
}

export function SignInAction({ profile, primary, small = false }: Props) {
  const underWay = signInOf(profile.name);
  if (underWay?.step === 'failed') return <Failed profile={profile} underWay={underWay} />;
  if (underWay?.accounts) return <Account profile={profile} accounts={underWay.accounts} />;
  if (underWay || profile.signing_in) return <Waiting profile={profile} underWay={underWay} small={small} />;
  const again = isSignedIn(profile);
  const text = again ? words.signInAgain : words.signIn;
  return (
    <div>
      <Button
        kind={primary ? 'primary' : 'plain'}
        label={`${text}: ${titleOf(profile)}`}
        testid="action-sign-in"
        waiting={act.isRunning('sign-in', profile.name)}
        onClick={() => begin(profile)}
      >
        {text}
      </Button>
    </div>
  );
}

/** Where a program wants more than the sign-in has, that is decided first (D8). */
function begin(profile: ProfileShown): void {
  if (stepUpOf(profile.name)) deciding.value = { name: profile.name, signingIn: true };
  else act.signIn(profile);
}

/** Whoever mistook the account in the browser would go on to write as somebody else. */
function Account({ profile, accounts }: { profile: ProfileShown; accounts: OtherAccount }) {
  const waiting = act.isRunning('account', profile.name);
  return (
    <div class={styles.above} data-testid="other-account">
      <Notice tone="act" alert message={otherAccountWords(accounts)} hint={words.otherAccountHint}>
        <Button
          testid="keep-account"
          kind="primary"
          waiting={waiting}
          onClick={() => act.answerAccount(profile, false)}
        >
          {keepAccountWords(accounts)}
        </Button>
        <Button testid="take-account" waiting={waiting} onClick={() => act.answerAccount(profile, true)}>
          {takeAccountWords(accounts)}
        </Button>
      </Notice>
    </div>
  );
}

interface WaitingProps {
  profile: ProfileShown;
  underWay: SignInUnderWay | null;
  small: boolean;
}

function Waiting({ profile, underWay, small }: WaitingProps) {
  const held = isSignedIn(profile) && profile.state !== 'needs-sign-in';
  return (
    <div class={styles.under}>
      {underWay?.device && <DevicePanel device={underWay.device} small={small} />}
      {underWay?.address && <Address address={underWay.address} />}
      <div class={styles.waiting}>
        <p role="status">{waitingWords(underWay, held)}</p>
        <Button
          testid="cancel-sign-in"
          waiting={act.isRunning('cancel', profile.name)}
          onClick={() => act.cancelSignIn(profile)}
        >
          {words.cancelSignIn}
        </Button>
      </div>
    </div>
  );
}

function waitingWords(underWay: SignInUnderWay | null, held: boolean): string {
  if (underWay?.step === 'looking') return words.lookingUpServer;
  if (underWay?.step === 'finishing') return words.finishing;
  if (underWay?.step === 'device') return held ? words.waitingForCodeHeld : words.waitingForCode;
  return held ? words.inBrowserHeld : words.inBrowser;
}

/** Where no browser could be started. */
function Address({ address }: { address: string }) {
  return (
    <div class={styles.address}>
      <p>{words.noBrowser}</p>
      <code>{address}</code>
      <CopyButton text={address} label={words.signInAddress} />
    </div>
  );
}

function Failed({ profile, underWay }: { profile: ProfileShown; underWay: SignInUnderWay }) {
  const { refusal } = underWay;
  return (
    <div data-testid="sign-in-failed" class={styles.above}>
      <Notice
        tone="act"
        alert
        message={refusal ? sentence(refusal.message) : words.failed}
        hint={nextStepHint(refusal?.hint ?? null, profile.name)}
      >
        <Button kind="primary" testid="try-again" onClick={() => begin(profile)}>
          {words.tryAgain}
        </Button>
        <Button testid="dismiss-failure" onClick={() => act.cancelSignIn(profile)}>
          {words.dismiss}
        </Button>
      </Notice>
    </div>
  );
}
