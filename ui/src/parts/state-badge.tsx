// A profile's state as shape, colour and word, so that none of them has to be understood alone.
import type { ComponentChildren } from 'preact';
import type { ProfileShown } from '../ipc/bindings';
import { type Urgency, urgency } from '../model/profiles';
import { now } from '../model/state';
import { stateWords } from '../model/words';
import { Icon } from './icon';
import styles from './state-badge.module.css';

export const feelingOf = (profile: ProfileShown): Urgency =>
  profile.state === 'refreshing' ? 'busy' : urgency(profile, now.value);

export function StateBadge({ profile }: { profile: ProfileShown }) {
  return (
    <Badge feeling={feelingOf(profile)} testid="state-badge">
      {stateWords(profile, now.value)}
    </Badge>
  );
}

interface BadgeProps {
  feeling: Urgency;
  testid?: string;
  children: ComponentChildren;
}

export function Badge({ feeling, testid, children }: BadgeProps) {
  return (
    <span class={`${styles.badge} ${styles[feeling]}`} data-testid={testid}>
      <Icon name={feeling} class={feeling === 'busy' ? styles.turning : undefined} />
      {children}
    </span>
  );
}
