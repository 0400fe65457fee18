// A portal's life on a time line: sign-ins, renewals, hand-outs, written copies, and the stretches in which nothing ran. The same
// as a table for those who do not see it, and the newest entries in words.
import { useEffect, useState } from 'preact/hooks';
import type { JournalEntry, ProfileShown } from '../ipc/bindings';
import * as act from '../model/act';
import { now } from '../model/state';
import { fittingSpan, gaps, LANES, marks, SPANS, type SpanId, stillFor, sums } from '../model/timeline';
import { entryWords, LANE, lifeWords, SPAN, spanEdges, stillWords, words } from '../model/words';
import { untilWords } from '../model/words/times';
import { Button } from '../parts/button';
import styles from './life.module.css';

/** Entries in words that are shown at first. */
const FEW = 6;

export function Life({ profile }: { profile: ProfileShown }) {
  const [entries, setEntries] = useState<JournalEntry[] | null>(null);
  const [chosen, setChosen] = useState<SpanId | null>(null);
  // Something was renewed, signed in or handed out: the journal has more.
  const news = `${profile.state} ${profile.refreshes} ${profile.failures}`;
  useEffect(() => {
    act.journalOf(profile.name).then(setEntries);
  }, [profile.name, news]);
  if (!entries) return null;
  const id = chosen ?? fittingSpan(entries, now.value);
  return (
    <section class={styles.life} aria-label={words.lifeTitle} data-testid="life">
      <header class={styles.head}>
        <h2 class={styles.title}>{words.lifeTitle}</h2>
        <fieldset class={styles.spans} aria-label={words.lifeSpan}>
          {SPANS.map((span) => (
            <button
              key={span.id}
              type="button"
              class={styles.span}
              aria-pressed={span.id === id}
              onClick={() => setChosen(span.id)}
            >
              {SPAN[span.id]}
            </button>
          ))}
        </fieldset>
      </header>
      <Picture entries={entries} id={id} />
      <Words entries={entries} />
    </section>
  );
}

/** The picture's own units. */
const WIDTH = 600;
const LANE_HEIGHT = 28;
const HEIGHT = LANE_HEIGHT * LANES.length;
const MIDDLE = LANE_HEIGHT / 2;

function Picture({ entries, id }: { entries: JournalEntry[]; id: SpanId }) {
  const length = SPANS.find((span) => span.id === id)?.length ?? 0;
  const total = sums(entries, length, now.value);
  const [begin, end] = spanEdges(id);
  return (
    <figure class={styles.picture}>
      <div class={styles.lanes} aria-hidden="true">
        {LANES.map((lane) => (
          <span key={lane}>{LANE[lane]}</span>
        ))}
      </div>
      <svg
        class={styles.drawing}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        aria-hidden="true"
        data-testid="time-line"
      >
        {gaps(entries, length, now.value).map((gap) => (
          <rect
            key={gap.from}
            class={styles.gap}
            x={gap.from * WIDTH}
            y="0"
            width={(gap.to - gap.from) * WIDTH}
            height={HEIGHT}
          />
        ))}
        {LANES.map((lane, index) => (
          <line
            key={lane}
            class={styles.rail}
            x1="0"
            x2={WIDTH}
            y1={index * LANE_HEIGHT + MIDDLE}
            y2={index * LANE_HEIGHT + MIDDLE}
          />
        ))}
        {marks(entries, length, now.value).map((mark) => {
          const y = LANES.indexOf(mark.lane) * LANE_HEIGHT + MIDDLE;
          // A failure reaches further, so that colour is not its only sign.
          const reach = mark.failed ? 11 : 4 + Math.min(4, Math.log2(mark.times));
          return (
            <rect
              key={`${mark.lane} ${mark.at} ${mark.failed}`}
              class={mark.failed ? styles.failed : styles.good}
              x={mark.at * (WIDTH - 4)}
              y={y - reach}
              width="4"
              height={2 * reach}
              rx="1.5"
            />
          );
        })}
      </svg>
      <div class={styles.edges} aria-hidden="true">
        <span>{begin}</span>
        {gaps(entries, length, now.value).length > 0 && <span class={styles.key}>{words.lifeGap}</span>}
        <span>{end}</span>
      </div>
      <figcaption class={styles.sum}>{lifeWords(total, stillFor(entries, length, now.value))}</figcaption>
      <table class={styles.table}>
        <caption>{`${words.lifeTitle}: ${SPAN[id]}`}</caption>
        <thead>
          <tr>
            <th scope="col">{words.lifeWhat}</th>
            <th scope="col">{words.lifeGood}</th>
            <th scope="col">{words.lifeFailed}</th>
          </tr>
        </thead>
        <tbody>
          {total.map(({ lane, good, failed }) => (
            <tr key={lane}>
              <th scope="row">{LANE[lane]}</th>
              <td>{good}</td>
              <td>{failed}</td>
            </tr>
          ))}
          <tr>
            <th scope="row">{words.lifeStill}</th>
            <td colSpan={2}>{stillWords(stillFor(entries, length, now.value))}</td>
          </tr>
        </tbody>
      </table>
    </figure>
  );
}

/** The newest first. */
function Words({ entries }: { entries: JournalEntry[] }) {
  const [all, setAll] = useState(false);
  const newest = [...entries].reverse();
  const shown = all ? newest.slice(0, 200) : newest.slice(0, FEW);
  if (shown.length === 0) return <p class={styles.soft}>{words.lifeNothing}</p>;
  return (
    <>
      <ol class={styles.entries} data-testid="journal">
        {shown.map((entry, index) => (
          <li key={`${entry.at} ${entry.event} ${index}`} class={styles.entry}>
            <span class={entry.failed ? styles.bad : undefined}>{entryWords(entry)}</span>
            <time dateTime={entry.at}>{untilWords(entry.at, now.value)}</time>
          </li>
        ))}
      </ol>
      {newest.length > FEW && (
        <Button kind="quiet" testid="journal-more" onClick={() => setAll(!all)}>
          {all ? words.lifeLess : words.lifeMore}
        </Button>
      )}
    </>
  );
}
