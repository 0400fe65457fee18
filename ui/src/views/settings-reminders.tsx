// How long before a sign-in ends its user is told: the usual marks, and the portals that have their own.
import { configuration, snapshot } from '../model/state';
import { marksWords, otherReminders, titleOf, words } from '../model/words';
import { Line, Section } from './settings-section';

export function RemindersSection() {
  const known = configuration.value;
  if (!known) return null;
  const own = known.reminders.filter((one) => one.own);
  const title = (name: string) => {
    const profile = snapshot.value?.profiles.find((one) => one.name === name);
    return profile ? titleOf(profile) : name;
  };
  return (
    <Section title={words.reminders} hint={words.remindersHint} testid="settings-reminders">
      {own.map((one) => (
        <Line key={one.profile} name={title(one.profile)} hint={marksWords(one.marks)} />
      ))}
      <Line name={otherReminders(own.length)} hint={marksWords(known.usual_reminders)} />
    </Section>
  );
}
