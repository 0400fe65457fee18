// What the files of the settings are to whom: pure.
import type { FileKind, FilePlace } from '../ipc/bindings';

export type FileGroup = 'yours' | 'kept' | 'others';

export const GROUPS: readonly FileGroup[] = ['yours', 'kept', 'others'];

const YOURS: readonly FileKind[] = ['profiles', 'config'];
const OTHERS: readonly FileKind[] = ['token-file', 'client-config', 'autostart', 'service'];

const groupOf = (kind: FileKind): FileGroup =>
  YOURS.includes(kind) ? 'yours' : OTHERS.includes(kind) ? 'others' : 'kept';

/** Those of one group, in the order they came. */
export const grouped = (files: FilePlace[], group: FileGroup): FilePlace[] =>
  files.filter((file) => groupOf(file.kind) === group);
