// Asks before a portal is forgotten: it cannot be undone.
import type { ProfileShown } from '../ipc/bindings';
import * as act from '../model/act';
import { removeTitle, titleOf, words } from '../model/words';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import styles from './form.module.css';

export function RemoveProfile({ profile, onClose }: { profile: ProfileShown; onClose: () => void }) {
  return (
    <Dialog title={removeTitle(titleOf(profile))} onClose={onClose}>
      <p>{words.removeWarning}</p>
      <div class={styles.actions}>
        <Button onClick={onClose}>{words.cancel}</Button>
        <Button
          kind="danger"
          testid="confirm-remove"
          waiting={act.isRunning('remove', profile.name)}
          onClick={() => act.remove(profile).then(onClose)}
        >
          {words.removeConfirm}
        </Button>
      </div>
    </Dialog>
  );
}
