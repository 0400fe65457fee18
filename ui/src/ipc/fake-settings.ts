// The settings' part of the app's twin.
import type { Ipc, Preferences } from './bindings';

const SHORT_TIME = 400;
const after = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

export function fakeSettings(): Pick<Ipc, 'preferences' | 'onPreferences' | 'setTheme' | 'setStartAtLogin'> {
  let preferred: Preferences = { theme: 'system', start_at_login: false };
  const listeners = new Set<(preferences: Preferences) => void>();
  const become = (next: Partial<Preferences>) => {
    preferred = { ...preferred, ...next };
    for (const listener of listeners) listener(preferred);
  };
  return {
    preferences: async () => preferred,
    onPreferences: async (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    setTheme: async (theme) => become({ theme }),
    setStartAtLogin: async (on) => {
      await after(SHORT_TIME);
      become({ start_at_login: on });
    },
  };
}
