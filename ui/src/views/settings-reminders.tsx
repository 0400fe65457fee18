// How long before a sign-in ends its user is told: the usual marks, and the portals that have their own.
import { snapshot } from '../model/state';
import { marksWords, otherReminders, remindersWords, titleOf, words } from '../model/words';
import { ChangeReminders } from './reminders';
import { Line, Section } from './settings-section';

export function RemindersSection() {
  const known = snapshot.value;
  if (!known) return null;
  const own = known.profiles.filter((one) => one.reminders.own);
  return (
    <Section title={words.reminders} hint={words.remindersHint} testid="settings-reminders">
      {own.map((one) => (
        <Line key={one.name} name={titleOf(one)} hint={remindersWords(one)}>
          <ChangeReminders profile={one} />
        </Line>
      ))}
      <Line name={otherReminders(own.length)} hint={marksWords(known.usual_reminders)} />
    </Section>
  );
}
