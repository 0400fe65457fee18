// How much of a sign-in is left, as a line that grows shorter. Without a known end it is dashed: no date is invented.
import type { ProfileShown } from '../ipc/bindings';
import { endsSoon, lifeLeft, urgency } from '../model/profiles';
import { now } from '../model/state';
import { signInWords } from '../model/words';
import styles from './life-line.module.css';

/** The least that is drawn, so that "nearly over" differs from "over". */
const LEAST = 0.02;

/** Only the end itself is worth a colour here: how the profile is doing stands on its badge. */
function feeling(profile: ProfileShown, at: number): 'soon' | 'well' | 'calm' {
  if (endsSoon(profile, at)) return 'soon';
  return urgency(profile, at) === 'well' ? 'well' : 'calm';
}

export function LifeLine({ profile }: { profile: ProfileShown }) {
  const left = lifeLeft(profile, now.value);
  const kind = left === null ? styles.unknown : styles[feeling(profile, now.value)];
  const drawn = left ? Math.max(LEAST, left) : 0;
  return (
    <div class={`${styles.line} ${kind ?? ''}`} role="img" aria-label={signInWords(profile, now.value)}>
      {left !== null && <span class={styles.left} style={{ '--left': String(drawn) }} />}
    </div>
  );
}
