// What can be done in the settings. What comes of it arrives with the next event, here and in every other window.
import type { StoreBackend, Theme } from '../ipc/bindings';
import { app, run } from './run';
import { asRefusal, complain, configuration, preferences, say, settings } from './state';
import { environmentLeft, movedNote, notAllMoved, portLeft, portNote, portSilent, stopped, words } from './words';

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
  readConfiguration();
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

/** Reads again what the settings show. */
export async function readConfiguration(): Promise<void> {
  try {
    configuration.value = await app().settings();
  } catch (thrown) {
    complain(asRefusal(thrown));
  }
}

/** Another port for the local address; whether it was kept. What it left open is told. */
export async function changeProxyPort(port: number): Promise<boolean> {
  const kept = await run('proxy-port', '', async () => {
    const { listens, left } = await app().changeProxyPort(port);
    if (left.length > 0) complain(portLeft(left));
    else if (!listens) complain(portSilent(port));
    else say(portNote(port));
    return null;
  });
  await readConfiguration();
  return kept;
}

/** Moves the key; whether it is there now. What it left open is told. */
export async function moveStore(to: StoreBackend, passphrase: string | null): Promise<boolean> {
  const worked = await run('move-store', '', async () => {
    const moved = await app().moveStore(to, passphrase);
    if (moved.environment) complain(environmentLeft(moved.environment));
    if (moved.unopened.length === 0) return movedNote(moved);
    complain(notAllMoved(moved));
    return null;
  });
  await readConfiguration();
  return worked;
}

/** Opens a store that waits for its passphrase. */
/** Whether the store is open now; `refuse` hears what is wrong with the passphrase. */
export async function unlockStore(passphrase: string, refuse: (why: string) => void): Promise<boolean> {
  let opened = false;
  await run('unlock', '', async () => {
    try {
      await app().unlockStore(passphrase);
    } catch (thrown) {
      refuse(stopped(asRefusal(thrown).message));
      return null;
    }
    opened = true;
    return words.unlocked;
  });
  return opened;
}

/** The desktop asks; it takes as long as a person does. */
export const unlockKeyring = () =>
  run('keyring', '', async () => {
    await app().unlockKeyring();
    return words.unlocked;
  });

export const openFolder = (path: string) =>
  run('folder', path, async () => {
    await app().openFolder(path);
    return null;
  });

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
