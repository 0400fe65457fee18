// All words of the window: each file of this folder has those of one part, and nothing else in the user interface holds a
// sentence. Whoever translates them translates this folder.
import { connectLabels } from './connect';
import { endsLabels } from './ends';
import { examinationLabels } from './examination';
import { lifeLabels } from './life';
import { profileLabels } from './profile';
import { settingsLabels } from './settings';
import { signingInLabels } from './signing-in';
import { storeLabels } from './store';
import { troubleLabels } from './troubles';
import { windowLabels } from './window';
import { wizardLabels } from './wizard';

export * from './connect';
export * from './ends';
export * from './examination';
export * from './grammar';
export * from './life';
export * from './profile';
export * from './settings';
export * from './signing-in';
export * from './store';
export * from './troubles';
export * from './window';
export * from './wizard';

export const words = {
  ...windowLabels,
  ...signingInLabels,
  ...profileLabels,
  ...endsLabels,
  ...settingsLabels,
  ...storeLabels,
  ...wizardLabels,
  ...connectLabels,
  ...lifeLabels,
  ...examinationLabels,
  ...troubleLabels,
};
