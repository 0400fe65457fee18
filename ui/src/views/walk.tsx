// The steps of a walk, as they come: sign, word and sentence; what to do where something is to be done; what was said to whom.
import type { Finding } from '../ipc/bindings';
import type { Walk as Steps } from '../model/examination';
import { exchangesWords, VERDICT, words } from '../model/words';
import { Icon } from '../parts/icon';
import styles from './walk.module.css';

const ICON = { pass: 'well', warn: 'warn', fail: 'act', skip: 'out' } as const;

/** `brief` leaves out what was sent and received. */
export function Walk({ walk, brief = false }: { walk: Steps; brief?: boolean }) {
  return (
    <ol class={styles.walk} data-testid="walk" aria-live="polite" aria-relevant="additions">
      {walk.steps.map((step) => (
        <li key={step.id} class={styles.step} data-testid="step" data-step={step.id} data-verdict={step.verdict}>
          <Step step={step} brief={brief} />
        </li>
      ))}
      {walk.looking && (
        <li class={styles.step}>
          <span class={`${styles.sign} ${styles.looking}`}>
            <Icon name="busy" class={styles.turning} />
          </span>
          <p class={styles.soft}>{walk.looking}…</p>
        </li>
      )}
    </ol>
  );
}

function Step({ step, brief }: { step: Finding; brief: boolean }) {
  const wantsAction = step.verdict === 'warn' || step.verdict === 'fail';
  return (
    <>
      <span class={`${styles.sign} ${styles[step.verdict]}`} role="img" aria-label={VERDICT[step.verdict]}>
        <Icon name={ICON[step.verdict]} />
      </span>
      <div class={styles.text}>
        <p class={step.verdict === 'skip' ? styles.soft : undefined}>
          <strong class={styles.title}>{step.title}</strong> {step.finding}
        </p>
        {wantsAction && <Advice step={step} />}
        {!brief && step.exchanges.length > 0 && <Exchanges step={step} />}
      </div>
    </>
  );
}

function Advice({ step }: { step: Finding }) {
  const rows: [string, string | null][] = [
    [words.adviceYou, step.for_user],
    [words.adviceServer, step.for_server],
    [words.adviceRule, step.spec],
  ];
  const said = rows.filter(([, text]) => text !== null);
  if (said.length === 0) return null;
  return (
    <dl class={styles.advice}>
      {said.map(([who, text]) => (
        <div key={who}>
          <dt>{who}</dt>
          <dd>{text && spelled(text)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** What stands between backticks is to be written to the letter. */
const spelled = (text: string) =>
  text.split('`').map((part, at) => (at % 2 === 1 ? <code key={at}>{part}</code> : part));

function Exchanges({ step }: { step: Finding }) {
  return (
    <details class={styles.exchanges}>
      <summary>{exchangesWords(step.exchanges.length)}</summary>
      {step.exchanges.map((exchange, index) => (
        // What was said stays as it is, in its order.
        <div key={index} class={styles.exchange}>
          <h4>{words.sent}</h4>
          <pre>{exchange.sent}</pre>
          <h4>{words.received}</h4>
          <pre>{exchange.received}</pre>
        </div>
      ))}
    </details>
  );
}
