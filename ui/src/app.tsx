// The window: what is wrong with everything, then the list and, beside it where there is room, one portal's details.
import styles from './app.module.css';
import { announced, open, settings, snapshot, startProblem } from './model/state';
import { words } from './model/words';
import { Toasts } from './parts/toasts';
import { Examination } from './views/examination';
import { FirstRun } from './views/first-run';
import { MoreRights } from './views/more-rights';
import { Overview } from './views/overview';
import { ProfileDetails } from './views/profile-details';
import { ProfileList } from './views/profile-list';
import { Refused } from './views/refused';
import { Settings } from './views/settings';
import { AddWizard } from './views/wizard';

export function App() {
  return (
    <>
      <Main />
      <AddWizard />
      <Examination />
      <MoreRights />
      <Toasts />
      <p class={styles.spoken} role="status" data-testid="spoken">
        {announced}
      </p>
    </>
  );
}

function Main() {
  const known = snapshot.value;
  if (startProblem.value) return <Refused refusal={startProblem.value} />;
  if (!known) {
    return (
      <main class={styles.alone} aria-busy="true">
        <p class={styles.soft}>{words.loading}</p>
      </main>
    );
  }
  if (settings.value === 'open') return <Settings />;
  // A profile list that cannot be read is not an empty one.
  if (known.profiles.length === 0 && !known.settings_problem) return <FirstRun />;
  return (
    <div class={`${styles.window} ${open.value ? styles.opened : ''}`}>
      <main class={styles.list}>
        <ProfileList />
      </main>
      <aside class={styles.details} aria-label={words.details}>
        {open.value ? <ProfileDetails key={open.value.name} profile={open.value} /> : <Overview />}
      </aside>
    </div>
  );
}
