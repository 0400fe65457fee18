// The settings, one section below the other. Escape leads back to where one came from.
import { useEffect, useRef } from 'preact/hooks';
import * as act from '../model/act';
import { words } from '../model/words';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import styles from './settings.module.css';
import { FilesSection } from './settings-files';
import { General } from './settings-general';
import { ProxySection } from './settings-proxy';
import { RemindersSection } from './settings-reminders';
import { StoreSection } from './settings-store';

export function Settings() {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    title.current?.focus();
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
      event.preventDefault();
      act.closeSettings();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, []);
  return (
    <main class={styles.page} data-testid="settings">
      <div class={styles.column}>
        <header class={styles.head}>
          <Button kind="quiet" testid="settings-back" onClick={act.closeSettings}>
            <Icon name="back" />
            {words.back}
          </Button>
          <h1 ref={title} class={styles.title} tabIndex={-1}>
            {words.settings}
          </h1>
        </header>
        <General />
        <RemindersSection />
        <StoreSection />
        <ProxySection />
        <FilesSection />
      </div>
    </main>
  );
}
