// What can be done in the settings. What comes of it arrives with the next event, here and in every other window.
import type { Theme } from '../ipc/bindings';
import { app, run } from './run';
import { asRefusal, complain, preferences, settings } from './state';

/** Takes the preferences as they are now and as they change. */
export async function followPreferences(): Promise<void> {
  try {
    await app().onPreferences((next) => {
      preferences.value = next;
    });
    preferences.value = await app().preferences();
  } catch (thrown) {
    complain(asRefusal(thrown));
  }
}

export function openSettings(): void {
  settings.value = 'open';
  followAgain();
}

export function closeSettings(): void {
  settings.value = 'left';
}

/** Start at login may have been switched in the desktop's own settings. */
function followAgain(): void {
  app()
    .preferences()
    .then((next) => {
      preferences.value = next;
    })
    .catch((thrown) => complain(asRefusal(thrown)));
}

export const setTheme = (theme: Theme) =>
  run('theme', '', async () => {
    await app().setTheme(theme);
    return null;
  });

export const setStartAtLogin = (on: boolean) =>
  run('start-at-login', '', async () => {
    await app().setStartAtLogin(on);
    return null;
  });
