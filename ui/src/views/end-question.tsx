// "When does this sign-in end?", asked where the server does not say; "not known" is an answer that stays.
import { useState } from 'preact/hooks';
import type { ProfileShown, SignInShown } from '../ipc/bindings';
import * as act from '../model/act';
import { NOT_KNOWN, offerWords, words } from '../model/words';
import { daysAnswer } from '../model/words/times';
import { Button } from '../parts/button';
import { Field } from '../parts/field';
import { Notice } from '../parts/notice';
import styles from './end-question.module.css';

/** The question; `onAnswered` where it was put again by choice. */
export function EndQuestion({
  profile,
  signIn,
  onAnswered,
}: {
  profile: ProfileShown;
  signIn: SignInShown;
  onAnswered?: () => void;
}) {
  const [days, setDays] = useState('');
  const own = daysAnswer(days);
  const waiting = act.isRunning('lifetime', profile.name);
  const answer = async (lifetime: string) => {
    await act.answerEnd(profile, lifetime);
    onAnswered?.();
  };
  return (
    <section aria-label={words.endQuestion} data-testid="end-question">
      <Notice tone="offer" message={words.endQuestion} hint={words.endQuestionHint}>
        <ul class={styles.offers}>
          {signIn.offers.map((offer) => (
            <li key={`${offer.lifetime} ${offer.source}`} class={styles.offer}>
              <Button testid="end-offer" waiting={waiting} onClick={() => answer(offer.lifetime)}>
                {offerWords(offer.lifetime)}
              </Button>
              <span class={styles.source}>{offer.source}</span>
            </li>
          ))}
          <li>
            <form
              class={styles.own}
              onSubmit={(event) => {
                event.preventDefault();
                if (own) answer(own);
              }}
            >
              <Field
                label={words.endDays}
                value={days}
                onInput={setDays}
                testid="end-days"
                problem={days.trim() !== '' && !own ? words.endDaysBad : null}
              >
                <Button type="submit" testid="end-own" waiting={waiting} disabled={!own}>
                  {words.endSet}
                </Button>
              </Field>
            </form>
          </li>
          <li>
            <Button testid="end-not-known" waiting={waiting} onClick={() => answer(NOT_KNOWN)}>
              {words.endNotKnown}
            </Button>
          </li>
        </ul>
      </Notice>
    </section>
  );
}
