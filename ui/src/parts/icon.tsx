// The few line icons of the window, drawn on 16 units. The state icons have the shapes of the tray's.
import type { Urgency } from '../model/profiles';

type IconName =
  | Urgency
  | 'add'
  | 'back'
  | 'check'
  | 'close'
  | 'copy'
  | 'folder'
  | 'info'
  | 'link'
  | 'search'
  | 'settings'
  | 'warn';

const PATHS: Record<IconName, string> = {
  well: 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M5.2 8.2l2 2 3.6-4',
  soon: 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M8 4.6V8l2.4 1.5',
  act: 'M8 2.2 14.4 13.4H1.6zM8 6.4v3.2M8 11.4v.2',
  offline: 'M5 12.5h6.4a2.6 2.6 0 0 0 .5-5.15A4 4 0 0 0 4.3 6.6 3 3 0 0 0 5 12.5M2.5 2.5l11 11',
  busy: 'M8 1.75a6.25 6.25 0 1 1-6.25 6.25',
  paused: 'M5.5 3.5v9M10.5 3.5v9',
  out: 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M5.2 8h5.6',
  add: 'M8 3v10M3 8h10',
  back: 'M9.75 3.5 5.25 8l4.5 4.5',
  check: 'M3.5 8.5l3 3 6-7',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z',
  close: 'M4 4l8 8M12 4l-8 8',
  folder: 'M1.75 4v8.25h12.5V5.5H8L6.5 4z',
  link: 'M6.8 9.2a2.6 2.6 0 0 0 3.7 0l2.2-2.2a2.6 2.6 0 0 0-3.7-3.7l-.9.9M9.2 6.8a2.6 2.6 0 0 0-3.7 0L3.3 9a2.6 2.6 0 0 0 3.7 3.7l.9-.9',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9M10.3 10.3l3.2 3.2',
  settings:
    'M6.9 1.9h2.2l.4 1.7 1.2.5 1.5-.9 1.6 1.6-.9 1.5.5 1.2 1.7.4v2.2l-1.7.4-.5 1.2.9 1.5-1.6 1.6-1.5-.9-1.2.5-.4 1.7H6.9l-.4-1.7-1.2-.5-1.5.9-1.6-1.6.9-1.5-.5-1.2-1.7-.4V7.9l1.7-.4.5-1.2-.9-1.5 1.6-1.6 1.5.9 1.2-.5zM8 6.4a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 1 0 0-4.8',
  warn: 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M8 5v3.6M8 10.9v.2',
  info: 'M8 1.75a6.25 6.25 0 1 0 0 12.5a6.25 6.25 0 1 0 0-12.5M8 7.4v3.6M8 5v.2',
};

export function Icon({ name, class: className }: { name: IconName; class?: string | undefined }) {
  return (
    <svg
      class={className}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
