// The address on this computer that programs speak to in place of a portal, and another port for it.
import { useState } from 'preact/hooks';
import * as act from '../model/act';
import { configuration } from '../model/state';
import { portAnswer, proxiedWords, proxyWords, relinkWords, words } from '../model/words';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Field } from '../parts/field';
import form from './form.module.css';
import { Line, Section } from './settings-section';

export function ProxySection() {
  const known = configuration.value?.proxy;
  const [changing, setChanging] = useState(false);
  if (!known) return null;
  return (
    <Section title={words.proxy} hint={words.proxyHint} testid="settings-proxy">
      <Line name={words.proxyAddress} hint={proxyWords(known)}>
        {known.port !== null && (
          <Button testid="proxy-change" label={words.proxyChange} onClick={() => setChanging(true)}>
            {words.change}
          </Button>
        )}
      </Line>
      {known.port !== null && <Line name={words.proxyPrograms} hint={proxiedWords(known.links)} />}
      {changing && <ChangePort onClose={() => setChanging(false)} />}
    </Section>
  );
}

function ChangePort({ onClose }: { onClose: () => void }) {
  const known = configuration.value?.proxy;
  const [text, setText] = useState(String(known?.port ?? ''));
  const [tried, setTried] = useState(false);
  const port = portAnswer(text);
  const submit = async () => {
    setTried(true);
    if (port !== null && (await act.changeProxyPort(port))) onClose();
  };
  return (
    <Dialog title={words.proxyChange} onClose={onClose}>
      <form
        class={form.form}
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Field
          label={words.proxyPort}
          value={text}
          mono
          hint={words.proxyPortHint}
          problem={tried && port === null ? words.proxyPortBad : null}
          onInput={setText}
          testid="proxy-port"
        />
        {known && known.links.length > 0 && <p data-testid="relinked">{relinkWords(known.links)}</p>}
        <div class={form.actions}>
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button kind="primary" type="submit" testid="proxy-set" waiting={act.isRunning('proxy-port')}>
            {words.proxyChange}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
