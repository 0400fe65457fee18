// Asks for the passphrase of a store that waits for one. It is handed over and kept nowhere in the page.
import { useState } from 'preact/hooks';
import * as act from '../model/act';
import { words } from '../model/words';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Field } from '../parts/field';
import styles from './form.module.css';

export function UnlockStore() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind="primary" testid="unlock" onClick={() => setOpen(true)}>
        {words.unlock}
      </Button>
      {open && <Passphrase onClose={() => setOpen(false)} />}
    </>
  );
}

function Passphrase({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState<string | null>(null);
  const submit = async () => {
    if (text && (await act.unlockStore(text, setWrong))) onClose();
  };
  return (
    <Dialog title={words.unlockTitle} onClose={onClose}>
      <form
        class={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field
          label={words.passphrase}
          secret
          value={text}
          onInput={(typed) => {
            setText(typed);
            setWrong(null);
          }}
          problem={wrong}
          hint={words.unlockLine}
          testid="passphrase"
        />
        <div class={styles.actions}>
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" testid="unlock-now" waiting={act.isRunning('unlock')}>
            {words.unlockNow}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
