// The doctor: walks a server's chain of authorization, shows each step as it goes, and gives a report to paste elsewhere.
import { useEffect, useRef } from 'preact/hooks';
import * as act from '../model/act';
import type { Examination as Open } from '../model/examination';
import { examination } from '../model/examination';
import { examinationTitle, verdictWords, words } from '../model/words';
import { Button } from '../parts/button';
import { CopyButton } from '../parts/copy-button';
import { Dialog } from '../parts/dialog';
import { Notice } from '../parts/notice';
import styles from './examination.module.css';
import { Walk } from './walk';

export function Examination() {
  const open = examination.value;
  return open && <Opened open={open} />;
}

function close(): void {
  examination.value = null;
}

function Opened({ open }: { open: Open }) {
  const end = useRef<HTMLDivElement>(null);
  const { diagnosis, refusal } = open;
  // The verdict is below everything else.
  useEffect(() => {
    if (diagnosis) end.current?.scrollIntoView({ block: 'nearest' });
  }, [diagnosis]);
  return (
    <Dialog title={examinationTitle(open.title)} onClose={close} wide>
      <div class={styles.body} data-testid="examination">
        <p class={styles.soft}>{words.examinationLine}</p>
        <Walk walk={open} />
        {refusal && <Notice tone="act" alert message={refusal.message} hint={refusal.hint} />}
        <div ref={end} class={styles.foot}>
          {diagnosis && (
            <p class={styles[diagnosis.verdict]} role="status" data-testid="verdict">
              {verdictWords(open)}
            </p>
          )}
          <div class={styles.actions}>
            {diagnosis && <CopyButton text={diagnosis.report} shown={words.copyReport} />}
            {(diagnosis || refusal) && (
              <Button testid="examine-again" onClick={() => act.examine(open.target, open.title)}>
                {words.examineAgain}
              </Button>
            )}
          </div>
        </div>
      </div>
    </Dialog>
  );
}
