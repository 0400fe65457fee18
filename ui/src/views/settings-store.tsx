// Where the key that seals every sign-in is kept, and moving it. What a place protects against is said before it is chosen.
import { useState } from 'preact/hooks';
import type { StoreBackend } from '../ipc/bindings';
import * as act from '../model/act';
import { snapshot } from '../model/state';
import { backendOf, hereWords, PLACE, placeWords, words } from '../model/words';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Field } from '../parts/field';
import { OptionCards } from '../parts/option-cards';
import form from './form.module.css';
import { Line, Section } from './settings-section';
import styles from './settings-store.module.css';
import { StoreProblem } from './store-problem';

/** What a person may choose here; systemd's own is for services. */
const CHOICES: readonly StoreBackend[] = ['keyring', 'passphrase', 'key-file'];

export function StoreSection() {
  const store = snapshot.value?.store;
  const [moving, setMoving] = useState(false);
  if (!store) return null;
  return (
    <Section title={words.store} hint={words.storeHint} testid="settings-store">
      <Line name={placeWords(store)} hint={PLACE[backendOf(store)].hint}>
        <Button testid="store-move" label={`${words.change} ${words.storeMove}`} onClick={() => setMoving(true)}>
          {words.change}
        </Button>
      </Line>
      {store.problem && (
        <div class={styles.problem}>
          <StoreProblem />
        </div>
      )}
      {moving && <MoveStore from={backendOf(store)} onClose={() => setMoving(false)} />}
    </Section>
  );
}

const placeOption = (value: StoreBackend, isHere: boolean) => {
  const { name, hint } = PLACE[value];
  return { value, name: isHere ? hereWords(name) : name, hint, isHere };
};

function MoveStore({ from, onClose }: { from: StoreBackend; onClose: () => void }) {
  const [to, setTo] = useState<StoreBackend | null>(null);
  const [typed, setTyped] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  const waiting = act.isRunning('move-store');
  const isPassphrase = to === 'passphrase';
  const submit = async () => {
    setTried(true);
    if (!to || (isPassphrase && (!typed || typed !== again))) return;
    if (await act.moveStore(to, isPassphrase ? typed : null)) onClose();
  };
  return (
    <Dialog title={words.storeMove} onClose={onClose}>
      <form
        class={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <OptionCards
          label={words.store}
          options={CHOICES.map((one) => placeOption(one, one === from))}
          chosen={to}
          onChoose={setTo}
        />
        {isPassphrase && (
          <>
            <Field
              label={words.newPassphrase}
              secret
              value={typed}
              onInput={setTyped}
              hint={words.newPassphraseHint}
              problem={tried && !typed ? words.passphraseMissing : null}
              testid="passphrase"
            />
            <Field
              label={words.passphraseAgain}
              secret
              value={again}
              onInput={setAgain}
              problem={tried && typed !== again ? words.passphrasesDiffer : null}
              testid="passphrase-again"
            />
          </>
        )}
        <p class={styles.soft} role="status">
          {waiting ? words.storeMoving : words.storeMoveLine}
        </p>
        <div class={form.actions}>
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" testid="store-move-now" disabled={!to} waiting={waiting}>
            {words.storeMoveNow}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
