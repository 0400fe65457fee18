// The way to the settings. Whoever comes back from there finds the keyboard here.
import { useEffect, useRef } from 'preact/hooks';
import * as act from '../model/act';
import { settings } from '../model/state';
import { words } from '../model/words';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';

export function OpenSettings({ named }: { named?: boolean }) {
  const around = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (settings.value === 'left') around.current?.querySelector('button')?.focus();
  }, []);
  return (
    <span ref={around}>
      <Button kind="quiet" testid="open-settings" label={words.settings} onClick={act.openSettings}>
        <Icon name="settings" />
        {named && words.settings}
      </Button>
    </span>
  );
}
