// Where in the window somebody wants to be who comes from outside, such as the tray's menu: named behind the page's address
// (`src-tauri/src/shell/windows.rs`), and taken from there once the window has gone to it.
import { signal } from '@preact/signals';
import { openWizard } from './act-wizard';
import { selected, settings } from './state';

/** The portal whose programs are to be looked at, until its page has scrolled there. */
export const connecting = signal<string | null>(null);

function go(): void {
  const [kind, name = ''] = window.location.hash.slice(1).split('/');
  if (kind === 'add') openWizard();
  else if (kind === 'portal' || kind === 'connect') {
    settings.value = 'closed';
    selected.value = name;
    connecting.value = kind === 'connect' ? name : null;
  } else return;
  // The same place can be asked for again.
  window.history.replaceState(null, '', window.location.pathname + window.location.search);
}

/** Goes where the address says, now and whenever it says so again. */
export function followPlaces(): void {
  window.addEventListener('hashchange', go);
  go();
}
