// What stands beside the list until a portal is chosen: how all of them are, at one glance.
import { overall } from '../model/profiles';
import { now, shown, snapshot } from '../model/state';
import { stateWords, summaryWords, words } from '../model/words';
import { Icon } from '../parts/icon';
import { Badge, feelingOf } from '../parts/state-badge';
import styles from './overview.module.css';

export function Overview() {
  const known = snapshot.value;
  if (!known) return null;
  const most = overall(known, now.value);
  return (
    <div class={styles.overview} data-testid="overview">
      <span class={`${styles.sign} ${styles[most]}`}>
        <Icon name={most} />
      </span>
      <p class={styles.summary}>{summaryWords(most, known.profiles.length)}</p>
      <ul class={styles.states}>
        {counted().map(({ word, count, feeling }) => (
          <li key={word}>
            <Badge feeling={feeling}>
              {count} {word}
            </Badge>
          </li>
        ))}
      </ul>
      <p class={styles.soft}>{words.choose}</p>
    </div>
  );
}

/** How many are in each state, the most urgent first, in the words of the list. */
function counted() {
  const all = shown.value.map((profile) => ({
    word: stateWords(profile, now.value).toLowerCase(),
    feeling: feelingOf(profile),
  }));
  const firsts = all.filter(({ word }, index) => all.findIndex((one) => one.word === word) === index);
  return firsts.map((first) => ({ ...first, count: all.filter(({ word }) => word === first.word).length }));
}
