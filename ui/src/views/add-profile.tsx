// Adding a portal: paste its address, see what is there, give it a name, sign in.
import { useRef, useState } from 'preact/hooks';
import type { Access, Examined, Refusal } from '../ipc/bindings';
import * as act from '../model/act';
import { completeUrl, isName, nameFor } from '../model/profiles';
import { adding, asRefusal, snapshot } from '../model/state';
import { words } from '../model/words';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Field } from '../parts/field';
import { Notice } from '../parts/notice';
import styles from './form.module.css';
import { Found } from './found';

interface Draft {
  url: string;
  /** `null` as long as the proposed name stands. */
  name: string | null;
  label: string;
  access: Access | null;
  clientId: string;
}

const EMPTY: Draft = { url: '', name: null, label: '', access: null, clientId: '' };

/** What is wrong with the draft, by field; shown once someone tried to go on. */
function check(draft: Draft, name: string, taken: string[]) {
  const nameProblem = taken.includes(name) ? words.addNameTaken : words.addNameBad;
  return {
    url: completeUrl(draft.url) ? null : words.addUrlBad,
    name: isName(name) && !taken.includes(name) ? null : nameProblem,
  };
}

/** The look-up: the newest question's answer counts, whichever comes last. */
function useLookUp() {
  const [found, setFound] = useState<Examined | null>(null);
  const [problem, setProblem] = useState<Refusal | null>(null);
  const [waiting, setWaiting] = useState(false);
  const question = useRef(0);
  const forget = () => {
    question.current += 1;
    setFound(null);
    setProblem(null);
    setWaiting(false);
  };
  const ask = async (url: string) => {
    forget();
    const mine = question.current;
    setWaiting(true);
    try {
      const answer = await act.lookUp(url);
      if (mine === question.current) setFound(answer);
    } catch (thrown) {
      if (mine === question.current) setProblem(asRefusal(thrown));
    }
    if (mine === question.current) setWaiting(false);
  };
  return { found, problem, waiting, ask, forget };
}

function useAdding() {
  const [draft, setDraft] = useState(EMPTY);
  const [tried, setTried] = useState(false);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [waiting, setWaiting] = useState(false);
  const lookUp = useLookUp();
  const taken = snapshot.value?.profiles.map((one) => one.name) ?? [];
  const url = completeUrl(draft.url);
  const name = draft.name ?? (url ? nameFor(url, taken) : '');
  const problems = check(draft, name, taken);
  const change = (part: Partial<Draft>) => {
    setDraft({ ...draft, ...part });
    setRefusal(null);
    if (part.url !== undefined) lookUp.forget();
  };
  const look = () => {
    setTried(true);
    if (url) lookUp.ask(url);
  };
  const submit = async () => {
    setTried(true);
    if (!url || problems.name || waiting) return;
    setWaiting(true);
    const label = draft.label.trim() || null;
    try {
      await act.addProfile({ name, url, label, access: draft.access, client_id: draft.clientId.trim() || null });
      adding.value = false;
      // Goes on in the browser; the card shows how it is getting on.
      act.signIn({ name, label });
    } catch (thrown) {
      setRefusal(asRefusal(thrown));
      setWaiting(false);
    }
  };
  return { draft, name, change, look, submit, lookUp, refusal, waiting, problems: tried ? problems : null };
}

export function AddProfile() {
  const { draft, name, change, look, submit, lookUp, refusal, waiting, problems } = useAdding();
  const close = () => {
    adding.value = false;
  };
  const problem = refusal ?? lookUp.problem;
  return (
    <Dialog title={words.addTitle} onClose={close}>
      <form
        class={styles.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field
          label={words.addUrl}
          type="url"
          value={draft.url}
          placeholder={words.addUrlPlaceholder}
          problem={problems?.url}
          testid="add-url"
          onInput={(url) => change({ url })}
        >
          <Button testid="look-up" waiting={lookUp.waiting} onClick={look}>
            {lookUp.waiting ? words.lookingUp : words.lookUp}
          </Button>
        </Field>
        {lookUp.found && <Found found={lookUp.found} />}
        {problem && <Notice tone="act" alert message={problem.message} hint={problem.hint} />}
        <NameField name={name} problem={problems?.name} onInput={(next) => change({ name: next })} />
        <More draft={draft} change={change} needed={lookUp.found?.registration.startsWith('none') ?? false} />
        <div class={styles.actions}>
          <Button onClick={close}>{words.cancel}</Button>
          <Button kind="primary" type="submit" testid="add-submit" waiting={waiting}>
            {words.addSubmit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

interface NameFieldProps {
  name: string;
  problem: string | null | undefined;
  onInput: (name: string) => void;
}

function NameField({ name, problem, onInput }: NameFieldProps) {
  return (
    <Field
      label={words.addName}
      hint={words.addNameHint}
      value={name}
      problem={problem}
      testid="add-name"
      onInput={onInput}
    />
  );
}

interface MoreProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  /** The server takes no client it does not know: the id has to be given. */
  needed: boolean;
}

const ACCESS: [Access | null, string][] = [
  [null, words.accessNone],
  ['read', words.readsOnly],
  ['write', words.writes],
];

function More({ draft, change, needed }: MoreProps) {
  return (
    <details class={styles.more} open={needed || undefined}>
      <summary data-testid="more-options">{words.more}</summary>
      <div class={styles.inner}>
        <Field
          label={words.addLabel}
          hint={words.addLabelHint}
          value={draft.label}
          testid="add-label"
          onInput={(label) => change({ label })}
        />
        <fieldset class={styles.choice}>
          <legend>{words.addAccess}</legend>
          <div>
            {ACCESS.map(([access, text]) => (
              <label key={text}>
                <input
                  type="radio"
                  name="access"
                  checked={draft.access === access}
                  onChange={() => change({ access })}
                />
                {text}
              </label>
            ))}
          </div>
        </fieldset>
        <Field
          label={words.addClientId}
          hint={words.addClientIdHint}
          value={draft.clientId}
          testid="add-client-id"
          onInput={(clientId) => change({ clientId })}
        />
      </div>
    </details>
  );
}
