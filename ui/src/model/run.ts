// The way to the app, and how one action runs: once at a time, its failure shown with its next step.
import type { Ipc } from '../ipc/bindings';
import { asRefusal, complain, running, say } from './state';

let connected: Ipc;

/** The app that was connected last. */
export const app = (): Ipc => connected;

export function useApp(ipc: Ipc): void {
  connected = ipc;
}

export const isRunning = (action: string, name = ''): boolean => running.value.has(`${action} ${name}`);

/** Runs one action and says what it answers; whether it worked. Never throws. */
export async function run(action: string, name: string, work: () => Promise<string | null>): Promise<boolean> {
  const key = `${action} ${name}`;
  if (running.value.has(key)) return false;
  running.value = new Set([...running.value, key]);
  try {
    const note = await work();
    if (note) say(note);
    return true;
  } catch (thrown) {
    complain(asRefusal(thrown));
    return false;
  } finally {
    running.value = new Set([...running.value].filter((one) => one !== key));
  }
}
