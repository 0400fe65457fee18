// Adding a portal, from its address to the first program that uses it; one question after the other.
import { useRef } from 'preact/hooks';
import * as act from '../model/act';
import { wizard } from '../model/wizard';
import { wizardTitle } from '../model/words';
import { Dialog } from '../parts/dialog';
import styles from './wizard.module.css';
import { Address } from './wizard-address';
import { Describe } from './wizard-describe';
import { Done } from './wizard-done';
import { SigningIn } from './wizard-sign-in';

const STAGES = ['address', 'describe', 'sign-in', 'connect'] as const;

export function AddWizard() {
  const body = useRef<HTMLDivElement>(null);
  const open = wizard.value;
  if (!open) return null;
  const { stage } = open;
  return (
    <Dialog title={wizardTitle(stage)} onClose={act.closeWizard} wide>
      <div ref={body} class={styles.body} data-testid="wizard" data-stage={stage}>
        <ol class={styles.way} aria-hidden="true">
          {STAGES.map((one) => (
            <li key={one} class={STAGES.indexOf(one) <= STAGES.indexOf(stage) ? styles.passed : undefined} />
          ))}
        </ol>
        {stage === 'address' && <Address open={open} />}
        {stage === 'describe' && <Describe open={open} />}
        {stage === 'sign-in' && <SigningIn open={open} />}
        {stage === 'connect' && <Done open={open} />}
      </div>
    </Dialog>
  );
}
