// A program's request needs more than a sign-in has: what, for whom, and the person decides before any browser opens.
import type { ProfileShown, StepUp } from '../ipc/bindings';
import * as act from '../model/act';
import { deciding, snapshot, stepUpOf } from '../model/state';
import { askedWords, moreRightsTitle, titleOf, words } from '../model/words';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Notice } from '../parts/notice';
import form from './form.module.css';
import styles from './more-rights.module.css';

/** Says that something is asked for, and leads to the question. */
export function MoreRightsNotice({ profile }: { profile: ProfileShown }) {
  const asked = stepUpOf(profile.name);
  if (!asked) return null;
  return (
    <div class={styles.above}>
      <Notice tone="offer" message={moreRightsTitle(asked.clients)} hint={asked.scopes.join(' ')}>
        <Button
          testid="decide"
          onClick={() => {
            deciding.value = { name: profile.name, signingIn: false };
          }}
        >
          {words.decide}
        </Button>
      </Notice>
    </div>
  );
}

/** The question, if it is open and still to be decided. */
export function MoreRights() {
  const open = deciding.value;
  const profile = snapshot.value?.profiles.find((one) => one.name === open?.name);
  const asked = open && stepUpOf(open.name);
  if (!open || !profile || !asked) return null;
  return <Question profile={profile} asked={asked} signingIn={open.signingIn} />;
}

function close(): void {
  deciding.value = null;
}

function Question({ profile, asked, signingIn }: { profile: ProfileShown; asked: StepUp; signingIn: boolean }) {
  const refuse = async () => {
    await act.declineMore(profile);
    close();
    if (signingIn) act.signIn(profile);
  };
  const accept = () => {
    close();
    act.signIn(profile);
  };
  return (
    <Dialog title={moreRightsTitle(asked.clients)} onClose={close}>
      <div class={form.form} data-testid="more-rights">
        <p>{askedWords(titleOf(profile), asked.clients)}</p>
        <dl class={styles.scopes}>
          <dt>{words.askedInAddition}</dt>
          <dd>
            <Scopes names={asked.scopes} isNew />
          </dd>
          <dt>{words.allowedNow}</dt>
          <dd>{profile.scopes.length > 0 ? <Scopes names={profile.scopes} /> : words.noScopes}</dd>
        </dl>
        <p class={styles.soft}>{words.moreRightsHint}</p>
        <div class={form.actions}>
          <Button testid="decline-more" waiting={act.isRunning('decline', profile.name)} onClick={refuse}>
            {signingIn ? words.signInWithout : words.leaveAsIs}
          </Button>
          <Button kind="primary" testid="accept-more" onClick={accept}>
            {words.askServer}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}

function Scopes({ names, isNew }: { names: string[]; isNew?: boolean }) {
  return (
    <ul class={styles.list}>
      {names.map((name) => (
        <li key={name} class={isNew ? styles.fresh : styles.scope}>
          {name}
        </li>
      ))}
    </ul>
  );
}
