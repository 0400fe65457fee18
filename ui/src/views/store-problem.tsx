// Why the store cannot be used, and the way to open a locked one: by its passphrase here, or by the desktop, which asks for it.
import * as act from '../model/act';
import { needsPassphrase, snapshot } from '../model/state';
import { sentence, words } from '../model/words';
import { Button } from '../parts/button';
import { Notice } from '../parts/notice';
import { UnlockStore } from './unlock-store';

export function StoreProblem() {
  const store = snapshot.value?.store;
  if (!store?.problem) return null;
  const message = sentence(store.problem);
  if (needsPassphrase.value) {
    return (
      <Notice tone="act" message={message} hint={words.unlockHint}>
        <UnlockStore />
      </Notice>
    );
  }
  if (!store.locked) return <Notice tone="act" message={message} hint={store.hint} />;
  return (
    <Notice tone="act" message={message} hint={words.unlockKeyringHint}>
      <Button kind="primary" testid="unlock-keyring" waiting={act.isRunning('keyring')} onClick={act.unlockKeyring}>
        {words.unlock}
      </Button>
    </Notice>
  );
}
