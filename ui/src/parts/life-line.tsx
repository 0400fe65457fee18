// How much of a sign-in or a token is left, as a line that grows shorter. Dashed where that is not known: no date is
// invented.
import type { ProfileShown } from '../ipc/bindings';
import { endsSoon, lifeLeft, tokenLeft, urgency } from '../model/profiles';
import { now } from '../model/state';
import { signInWords, tokenWords } from '../model/words';
import styles from './life-line.module.css';

/** The least that is drawn, so that "nearly over" differs from "over". */
const LEAST = 0.02;

interface Props {
  left: number | null;
  tone: 'soon' | 'well' | 'calm';
  label: string;
}

function LifeLine({ left, tone, label }: Props) {
  const kind = left === null ? styles.unknown : styles[tone];
  const drawn = left ? Math.max(LEAST, left) : 0;
  return (
    <div class={`${styles.line} ${kind ?? ''}`} role="img" aria-label={label}>
      {left !== null && <span class={styles.left} style={{ '--left': String(drawn) }} />}
    </div>
  );
}

/** Only the end itself is worth a colour here: how the profile is doing stands on its badge. */
function tone(profile: ProfileShown, at: number): Props['tone'] {
  if (endsSoon(profile, at)) return 'soon';
  return urgency(profile, at) === 'well' ? 'well' : 'calm';
}

export function SignInLife({ profile }: { profile: ProfileShown }) {
  const at = now.value;
  return <LifeLine left={lifeLeft(profile, at)} tone={tone(profile, at)} label={signInWords(profile, at)} />;
}

/** A token's end is nothing to warn of: the keeper renews it. */
export function TokenLife({ profile }: { profile: ProfileShown }) {
  return <LifeLine left={tokenLeft(profile, now.value)} tone="calm" label={tokenWords(profile, now.value)} />;
}
