// One portal at a glance: what it is, how it does, how long it lasts, who uses it, and the one thing to do.
import type { ProfileShown } from '../ipc/bindings';
import { urgency } from '../model/profiles';
import { linksOf, now, selected, signInOf, stepUpOf } from '../model/state';
import {
  accessWords,
  connectedWords,
  signInDate,
  signInWords,
  titleOf,
  tokenCardWords,
  whereWords,
  words,
} from '../model/words';
import { Card } from '../parts/card';
import { Icon } from '../parts/icon';
import { SignInLife, TokenLife } from '../parts/life-line';
import { StateBadge } from '../parts/state-badge';
import { MoreRightsNotice } from './more-rights';
import styles from './profile-card.module.css';
import { SignInAction } from './sign-in-action';

/** Whether the one thing to do about this profile is to sign in. */
function wantsSignIn(profile: ProfileShown): boolean {
  if (profile.signing_in || signInOf(profile.name)) return true;
  // What a program asks for is decided first.
  if (stepUpOf(profile.name)) return false;
  return profile.state === 'signed-out' || profile.state === 'needs-sign-in' || isSoon(profile);
}

const isSoon = (profile: ProfileShown): boolean => urgency(profile, now.value) === 'soon';

export function ProfileCard({ profile }: { profile: ProfileShown }) {
  const connected = connectedWords(profile, linksOf(profile.name));
  return (
    <Card
      title={titleOf(profile)}
      current={selected.value === profile.name}
      onOpen={() => {
        selected.value = profile.name;
      }}
      badge={<StateBadge profile={profile} />}
      data={{ 'data-testid': 'profile-card', 'data-profile': profile.name, 'data-state': profile.state }}
    >
      <p class={styles.where}>
        <span class={styles.host}>{whereWords(profile)}</span>
        {profile.access && <span class={styles[profile.access]}>{accessWords(profile.access)}</span>}
        {profile.local && <span class={styles.read}>{words.local}</span>}
      </p>
      {profile.sign_in && <Life profile={profile} />}
      {connected && (
        <p class={styles.connected} data-testid="connected">
          <Icon name="link" />
          <span>{connected}</span>
        </p>
      )}
      <MoreRightsNotice profile={profile} />
      {wantsSignIn(profile) && <SignInAction profile={profile} primary={!isSoon(profile)} small />}
    </Card>
  );
}

function Life({ profile }: { profile: ProfileShown }) {
  const date = signInDate(profile, now.value);
  const token = tokenCardWords(profile, now.value);
  return (
    <div class={styles.life}>
      <SignInLife profile={profile} />
      <p class={styles.soft}>
        <span>{signInWords(profile, now.value)}</span>
        {date && <span>{date}</span>}
      </p>
      {token.length > 0 && (
        <>
          <TokenLife profile={profile} />
          <p class={styles.soft}>
            {token.map((part) => (
              <span key={part}>{part}</span>
            ))}
          </p>
        </>
      )}
    </div>
  );
}
