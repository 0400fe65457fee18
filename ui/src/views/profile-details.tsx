// One portal: what is wrong, what can be done, and all that is known.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProfileShown, SignInShown } from '../ipc/bindings';
import * as act from '../model/act';
import { isSignedIn, urgency } from '../model/profiles';
import { now, selected } from '../model/state';
import * as say from '../model/words';
import { titleOf, words } from '../model/words';
import { dateWords } from '../model/words/times';
import { Button } from '../parts/button';
import { CopyButton } from '../parts/copy-button';
import { Icon } from '../parts/icon';
import { SignInLife, TokenLife } from '../parts/life-line';
import { Notice } from '../parts/notice';
import { StateBadge } from '../parts/state-badge';
import { Connect } from './connect';
import { EndQuestion } from './end-question';
import { Life } from './life';
import { MoreRightsNotice } from './more-rights';
import styles from './profile-details.module.css';
import { ChangeReminders } from './reminders';
import { RemoveProfile } from './remove-profile';
import { SignInAction } from './sign-in-action';

export function ProfileDetails({ profile }: { profile: ProfileShown }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Where the list gave way, the keyboard must be here.
  useEffect(() => heading.current?.focus(), []);
  const problem = say.problemWords(profile);
  return (
    <div class={styles.details} data-testid="profile-details" data-profile={profile.name} data-state={profile.state}>
      <div class={styles.back}>
        <Button kind="quiet" onClick={back}>
          <Icon name="back" />
          {words.back}
        </Button>
      </div>
      <header class={styles.head}>
        <h1 ref={heading} tabIndex={-1} class={styles.title}>
          {titleOf(profile)}
        </h1>
        <StateBadge profile={profile} />
      </header>
      {problem && (
        <Notice
          tone={urgency(profile, now.value) === 'act' ? 'act' : 'calm'}
          message={problem.message}
          hint={problem.hint}
        />
      )}
      <MoreRightsNotice profile={profile} />
      <Actions profile={profile} />
      {profile.sign_in?.asked && <EndQuestion profile={profile} signIn={profile.sign_in} />}
      {isSignedIn(profile) && <Life profile={profile} />}
      <Facts profile={profile} />
      {isSignedIn(profile) && <Connect profile={profile} />}
      <Technical profile={profile} />
      <Endings profile={profile} />
    </div>
  );
}

/** To the list, with the keyboard where it was. */
function back(): void {
  const name = selected.value;
  selected.value = null;
  requestAnimationFrame(() => {
    const card =
      name && document.querySelector(`[data-testid="profile-card"][data-profile="${CSS.escape(name)}"] button`);
    if (card instanceof HTMLElement) card.focus();
  });
}

function Actions({ profile }: { profile: ProfileShown }) {
  const held = isSignedIn(profile);
  const { name, state } = profile;
  return (
    <div class={styles.actions}>
      <SignInAction
        profile={profile}
        primary={!held || state === 'needs-sign-in' || urgency(profile, now.value) === 'soon'}
      />
      {held && state !== 'needs-sign-in' && (
        <Button testid="action-refresh" waiting={act.isRunning('refresh', name)} onClick={() => act.refresh(profile)}>
          {words.refreshNow}
        </Button>
      )}
      {held && state !== 'needs-sign-in' && (
        <Button testid="action-pause" waiting={act.isRunning('pause', name)} onClick={() => act.pauseOrResume(profile)}>
          {state === 'paused' ? words.resume : words.pause}
        </Button>
      )}
      <Button testid="action-examine" onClick={() => act.examine(name, titleOf(profile))}>
        {words.examine}
      </Button>
    </div>
  );
}

/** What ends something stands apart, below everything else. */
function Endings({ profile }: { profile: ProfileShown }) {
  const [removing, setRemoving] = useState(false);
  return (
    <div class={styles.actions}>
      {isSignedIn(profile) && (
        <Button
          testid="action-sign-out"
          waiting={act.isRunning('sign-out', profile.name)}
          onClick={() => act.signOut(profile)}
        >
          {words.signOut}
        </Button>
      )}
      <Button kind="danger" testid="action-remove" onClick={() => setRemoving(true)}>
        {words.remove}
      </Button>
      {removing && <RemoveProfile profile={profile} onClose={() => setRemoving(false)} />}
    </div>
  );
}

function Facts({ profile }: { profile: ProfileShown }) {
  const { sign_in } = profile;
  if (!sign_in) return null;
  return (
    <dl class={styles.facts}>
      <Fact name={words.signInEnd}>
        {say.signInDetail(profile, now.value)}
        <div class={styles.line}>
          <SignInLife profile={profile} />
        </div>
        <span class={styles.soft}>
          {words.signedInSince} {dateWords(sign_in.since, now.value)}
        </span>
        {sign_in.known !== 'server' && !sign_in.asked && <ChangeEnd profile={profile} signIn={sign_in} />}
      </Fact>
      <Fact name={words.reminders}>
        <span class={styles.copied}>
          {say.remindersWords(profile)}
          <ChangeReminders profile={profile} quiet />
        </span>
      </Fact>
      <Fact name={words.account}>{profile.account ?? words.unknownAccount}</Fact>
      {profile.access && <Fact name={words.addAccess}>{say.accessWords(profile.access)}</Fact>}
      <SignedInFacts profile={profile} />
    </dl>
  );
}

/** What programs and support ask for, each to be copied. */
function Technical({ profile }: { profile: ProfileShown }) {
  const rows: [string, string][] = [
    [words.profileName, profile.name],
    [words.server, profile.url],
    ...(profile.issuer ? [[words.issuer, profile.issuer] as [string, string]] : []),
    ...(profile.scopes.length > 0 ? [[words.scopes, profile.scopes.join(' ')] as [string, string]] : []),
  ];
  return (
    <section class={styles.technical} aria-label={words.technical} data-testid="technical">
      <header class={styles.between}>
        <h2 class={styles.heading}>{words.technical}</h2>
        <CopyButton
          quiet
          text={rows.map(([name, value]) => `${name}: ${value}`).join('\n')}
          label={words.facts}
          shown={words.copyFacts}
        />
      </header>
      <dl class={styles.facts}>
        {rows.map(([name, value]) => (
          <Fact key={name} name={name}>
            <span class={styles.copied}>
              <span class={styles.address}>{value}</span>
              <CopyButton quiet text={value} label={name} />
            </span>
          </Fact>
        ))}
      </dl>
    </section>
  );
}

/** The question once more, for whoever has learned better. */
function ChangeEnd({ profile, signIn }: { profile: ProfileShown; signIn: SignInShown }) {
  const [open, setOpen] = useState(false);
  if (open) return <EndQuestion profile={profile} signIn={signIn} onAnswered={() => setOpen(false)} />;
  return (
    <div class={styles.change}>
      <Button kind="quiet" testid="end-change" onClick={() => setOpen(true)}>
        {words.endChange}
      </Button>
    </div>
  );
}

function SignedInFacts({ profile }: { profile: ProfileShown }) {
  const next = say.nextWords(profile, now.value);
  const last = say.lastRefreshWords(profile, now.value);
  return (
    <>
      <Fact name={words.scopes}>
        {profile.scopes.length === 0 ? words.noScopes : <span class={styles.mono}>{profile.scopes.join(' ')}</span>}
      </Fact>
      <Fact name={words.token}>
        {say.tokenWords(profile, now.value)}
        {profile.access_token && (
          <div class={styles.line}>
            <TokenLife profile={profile} />
          </div>
        )}
        {next && <span class={styles.soft}>{next}</span>}
      </Fact>
      <Fact name={words.renewals}>
        {say.renewalsWords(profile)}
        {last && (
          <span class={styles.soft}>
            {words.lastRefresh}: {last}
          </span>
        )}
      </Fact>
      <Fact name={words.deliveries}>
        {profile.deliveries.length === 0 && words.noDeliveries}
        {profile.deliveries.map((delivery) => (
          <span key={delivery.target} class={styles.delivery}>
            {delivery.target}
            {delivery.problem && <span class={styles.problem}>{delivery.problem}</span>}
          </span>
        ))}
      </Fact>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div class={styles.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
