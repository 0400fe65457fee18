// All portals, most urgent first; with many, one types what one looks for.
import { useEffect, useRef } from 'preact/hooks';
import * as act from '../model/act';
import { found, overall } from '../model/profiles';
import { now, query, selected, shown, snapshot } from '../model/state';
import { foundWords, stateWords, storeWords, summaryWords, words } from '../model/words';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Banners } from './banners';
import { OpenSettings } from './open-settings';
import { ProfileCard } from './profile-card';
import styles from './profile-list.module.css';

/** Fewer are seen at a glance. */
const MANY = 7;

export function ProfileList() {
  const known = snapshot.value;
  const list = useRef<HTMLUListElement>(null);
  if (!known) return null;
  const matching = found(shown.value, query.value, (profile) => stateWords(profile, now.value));
  return (
    <div class={styles.list}>
      <header class={styles.head}>
        <div>
          <h1 class={styles.title}>{words.profiles}</h1>
          <p class={styles.soft} role="status">
            {query.value
              ? foundWords(matching.length, known.profiles.length)
              : summaryWords(overall(known, now.value), known.profiles.length)}
          </p>
        </div>
        <div class={styles.ways}>
          <OpenSettings />
          <Button testid="add-portal" label={words.addPortal} onClick={act.openWizard}>
            <Icon name="add" />
            {words.add}
          </Button>
        </div>
      </header>
      {known.profiles.length > MANY && <Search onDown={() => focusCard(list.current, 0)} />}
      <Banners />
      <ul ref={list} class={styles.cards} onKeyDown={(event) => walk(event, list.current)}>
        {matching.map((profile) => (
          <li key={profile.name}>
            <ProfileCard profile={profile} />
          </li>
        ))}
      </ul>
      {matching.length === 0 && query.value && <p class={styles.none}>{words.foundNone}</p>}
      <p class={styles.foot}>
        {words.app} {known.version} · {storeWords(known.store)}
      </p>
    </div>
  );
}

/** A slash leads to the search from anywhere but another field. */
function useSlash(field: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const inField = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
      if (event.key !== '/' || inField || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [field]);
}

function Search({ onDown }: { onDown: () => void }) {
  const field = useRef<HTMLInputElement>(null);
  useSlash(field);
  return (
    <search class={styles.search}>
      <Icon name="search" class={styles.glass} />
      <input
        ref={field}
        type="search"
        value={query.value}
        placeholder={words.search}
        aria-label={words.search}
        aria-keyshortcuts="/"
        spellcheck={false}
        autocomplete="off"
        data-testid="search"
        onInput={(event) => {
          query.value = event.currentTarget.value;
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') {
            event.preventDefault();
            onDown();
          } else if (event.key === 'Escape') query.value = '';
        }}
      />
    </search>
  );
}

const cards = (list: HTMLUListElement | null): HTMLElement[] =>
  list ? [...list.querySelectorAll<HTMLElement>('h2 button')] : [];

function focusCard(list: HTMLUListElement | null, index: number): void {
  cards(list)[index]?.focus();
}

/** Arrows go from card to card, Escape leaves the details. */
function walk(event: KeyboardEvent, list: HTMLUListElement | null): void {
  const all = cards(list);
  const index = all.indexOf(document.activeElement as HTMLElement);
  const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === 'Escape') selected.value = null;
  if (index < 0 || target === undefined) return;
  event.preventDefault();
  all[Math.min(all.length - 1, Math.max(0, target))]?.focus();
}
