// Copies a text and says so for a moment.
import { useEffect, useRef, useState } from 'preact/hooks';
import { copied } from '../model/clipboard';
import { words } from '../model/words';
import { Button } from './button';
import { Icon } from './icon';

/** Long enough to be seen. */
const SHOWN = 2_000;

interface Props {
  text: string;
  /** What is copied, for screen readers, where what the button says does not tell. */
  label?: string;
  quiet?: boolean;
  /** What the button says. */
  shown?: string;
}

export function CopyButton({ text, label, quiet, shown = words.copy }: Props) {
  const [done, setDone] = useState<'yes' | 'no' | null>(null);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    setDone((await copied(text)) ? 'yes' : 'no');
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setDone(null), SHOWN);
  };
  const said = { yes: words.copied, no: words.notCopied };
  const word = done ? said[done] : shown;
  return (
    <Button kind={quiet ? 'quiet' : 'plain'} label={label ? `${word}: ${label}` : word} testid="copy" onClick={copy}>
      <Icon name={done === 'yes' ? 'check' : 'copy'} />
      <span aria-live="polite">{word}</span>
    </Button>
  );
}
