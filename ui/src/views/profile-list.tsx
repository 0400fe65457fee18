// All portals, most urgent first.
import type { ProfileShown } from '../ipc/bindings';
import { overall } from '../model/profiles';
import { adding, now, selected, shown, signInOf, snapshot } from '../model/state';
import {
  accessWords,
  nextWords,
  signInWords,
  storeWords,
  summaryWords,
  titleOf,
  whereWords,
  words,
} from '../model/words';
import { Button } from '../parts/button';
import { Card } from '../parts/card';
import { Icon } from '../parts/icon';
import { SignInLife } from '../parts/life-line';
import { StateBadge } from '../parts/state-badge';
import { Banners } from './banners';
import { MoreRightsNotice } from './more-rights';
import styles from './profile-list.module.css';
import { SignInAction } from './sign-in-action';

export function ProfileList() {
  const known = snapshot.value;
  if (!known) return null;
  return (
    <div class={styles.list}>
      <header class={styles.head}>
        <div>
          <h1 class={styles.title}>{words.profiles}</h1>
          <p class={styles.soft} role="status">
            {summaryWords(overall(known, now.value), known.profiles.length)}
          </p>
        </div>
        <Button
          testid="add-portal"
          label={words.addPortal}
          onClick={() => {
            adding.value = true;
          }}
        >
          <Icon name="add" />
          {words.add}
        </Button>
      </header>
      <Banners />
      <ul class={styles.cards}>
        {shown.value.map((profile) => (
          <li key={profile.name}>
            <ProfileCard profile={profile} />
          </li>
        ))}
      </ul>
      <p class={styles.foot}>
        {words.app} {known.version} · {storeWords(known.store)}
      </p>
    </div>
  );
}

/** Whether the one thing to do about this profile is to sign in. */
const wantsSignIn = (profile: ProfileShown, soon: boolean) =>
  profile.signing_in ||
  signInOf(profile.name) !== null ||
  profile.state === 'signed-out' ||
  profile.state === 'needs-sign-in' ||
  soon;

function ProfileCard({ profile }: { profile: ProfileShown }) {
  const soon = overall({ profiles: [profile] }, now.value) === 'soon';
  const next = nextWords(profile, now.value);
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
      {profile.sign_in && (
        <div class={styles.life}>
          <SignInLife profile={profile} />
          <p class={styles.soft}>
            <span>{signInWords(profile, now.value)}</span>
            {next && <span>{next}</span>}
          </p>
        </div>
      )}
      <MoreRightsNotice profile={profile} />
      {wantsSignIn(profile, soon) && <SignInAction profile={profile} primary={!soon} small />}
    </Card>
  );
}
