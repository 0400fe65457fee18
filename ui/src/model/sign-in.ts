// Signing in: asks the app, waits for the end, and says that it worked. Why it did not stands in the snapshot.
import type { ProfileShown } from '../ipc/bindings';
import { app, run } from './run';
import { changeWizard, wizard } from './wizard';
import { signedInNote } from './words';

export const signIn = (profile: Pick<ProfileShown, 'name' | 'label'>) =>
  run('sign-in', profile.name, async () => {
    const worked = await app().signIn(profile.name);
    // The wizard goes on by itself, and says so.
    const isWizards = wizard.value?.made === profile.name && wizard.value.stage === 'sign-in';
    if (worked && isWizards) changeWizard({ stage: 'connect' });
    return worked && !isWizards ? signedInNote(profile.label ?? profile.name) : null;
  });
