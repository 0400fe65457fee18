// Where in the window somebody wants to be who comes from outside, such as the tray's menu (`src-tauri/src/shell/windows.rs`): a
// window that is made for it has the place behind its address, one that is there is told.
import { signal } from '@preact/signals';
import type { Ipc } from '../ipc/bindings';
import { openWizard } from './act-wizard';
import { selected, settings } from './state';

/** The portal whose programs are to be looked at, until its page has scrolled there. */
export const connecting = signal<string | null>(null);

function go(place: string): void {
  const [kind, name = ''] = place.split('/');
  if (kind === 'add') openWizard();
  if (kind !== 'portal' && kind !== 'connect') return;
  settings.value = 'closed';
  selected.value = name;
  connecting.value = kind === 'connect' ? name : null;
}

/** Goes where the address says, once, and wherever the app says from then on. */
export async function followPlaces(app: Ipc): Promise<void> {
  go(window.location.hash.slice(1));
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
  await app.onPlace(go);
}
