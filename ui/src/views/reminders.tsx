// When a portal's user is told that its sign-in ends, and changing that.
import { useState } from 'preact/hooks';
import type { ProfileShown } from '../ipc/bindings';
import * as act from '../model/act';
import { snapshot } from '../model/state';
import { markBad, marksWords, remindersTitle, titleOf, words } from '../model/words';
import { marksAnswer, marksText } from '../model/words/times';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Field } from '../parts/field';
import { OptionCards } from '../parts/option-cards';
import form from './form.module.css';

type When = 'usual' | 'own' | 'never';

const whenOf = ({ reminders }: ProfileShown): When => {
  if (!reminders.own) return 'usual';
  return reminders.marks.length === 0 ? 'never' : 'own';
};

/** The button, and the dialog it opens. */
export function ChangeReminders({ profile, quiet }: { profile: ProfileShown; quiet?: boolean }) {
  const [open, setOpen] = useState(false);
  const label = `${words.change} ${remindersTitle(titleOf(profile))}`;
  return (
    <>
      <Button kind={quiet ? 'quiet' : 'plain'} testid="reminders-change" label={label} onClick={() => setOpen(true)}>
        {words.change}
      </Button>
      {open && <Reminders profile={profile} onClose={() => setOpen(false)} />}
    </>
  );
}

function Reminders({ profile, onClose }: { profile: ProfileShown; onClose: () => void }) {
  const [when, setWhen] = useState<When>(whenOf(profile));
  const [text, setText] = useState(marksText(profile.reminders.marks));
  const [tried, setTried] = useState(false);
  const answer = marksAnswer(text);
  const problem = 'bad' in answer ? markBad(answer.bad) : answer.marks.length === 0 ? words.remindersEmpty : null;
  const usual = snapshot.value?.usual_reminders ?? [];
  const submit = async () => {
    setTried(true);
    if (when === 'own' && problem) return;
    const own = 'marks' in answer ? answer.marks : [];
    if (await act.setReminders(profile, when === 'usual' ? null : when === 'own' ? own : [])) onClose();
  };
  return (
    <Dialog title={remindersTitle(titleOf(profile))} onClose={onClose}>
      <form
        class={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <OptionCards
          label={words.reminders}
          options={[
            { value: 'usual', name: words.remindersUsual, hint: marksWords(usual) },
            { value: 'own', name: words.remindersOwn, hint: words.remindersOwnHint },
            { value: 'never', name: words.remindersNever, hint: words.remindersNeverHint },
          ]}
          chosen={when}
          onChoose={setWhen}
        />
        {when === 'own' && (
          <Field
            label={words.remindersField}
            value={text}
            hint={'marks' in answer && answer.marks.length > 0 ? marksWords(answer.marks) : undefined}
            problem={tried ? problem : null}
            testid="reminders-marks"
            onInput={setText}
          />
        )}
        <div class={form.actions}>
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button
            kind="primary"
            type="submit"
            testid="reminders-set"
            waiting={act.isRunning('reminders', profile.name)}
          >
            {words.remindersSet}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
