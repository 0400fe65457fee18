// What concerns the app itself: whether it starts with the desktop, and how it looks.
import { useId } from 'preact/hooks';
import type { Theme } from '../ipc/bindings';
import * as act from '../model/act';
import { preferences } from '../model/state';
import { THEME, words } from '../model/words';
import { Choice } from '../parts/choice';
import { Switch } from '../parts/switch';
import { Line, Section } from './settings-section';

const THEMES = (['system', 'light', 'dark'] satisfies Theme[]).map((value) => ({ value, label: THEME[value] }));

export function General() {
  const below = useId();
  const { theme, start_at_login } = preferences.value;
  return (
    <Section title={words.settingsGeneral} testid="settings-general">
      <Line name={words.startAtLogin} hint={words.startAtLoginHint} hintId={below}>
        <Switch
          label={words.startAtLogin}
          describedBy={below}
          on={start_at_login}
          waiting={act.isRunning('start-at-login')}
          onSwitch={act.setStartAtLogin}
          testid="start-at-login"
        />
      </Line>
      <Line name={words.theme}>
        <Choice label={words.theme} options={THEMES} chosen={theme} onChoose={act.setTheme} testid="theme" />
      </Line>
    </Section>
  );
}
