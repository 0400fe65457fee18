// A profile's state as shape, colour and word, so that none of them has to be understood alone.
import type { ProfileShown } from '../ipc/bindings';
import { urgency } from '../model/profiles';
import { now } from '../model/state';
import { stateWords } from '../model/words';
import { Icon } from './icon';
import styles from './state-badge.module.css';

export function StateBadge({ profile }: { profile: ProfileShown }) {
  const feeling = profile.state === 'refreshing' ? 'busy' : urgency(profile, now.value);
  return (
    <span class={`${styles.badge} ${styles[feeling]}`} data-testid="state-badge">
      <Icon name={feeling} class={feeling === 'busy' ? styles.turning : undefined} />
      {stateWords(profile, now.value)}
    </span>
  );
}
