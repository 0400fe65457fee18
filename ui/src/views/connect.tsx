// The programs on this computer and their links to one portal: what a link would change is shown before, what to restart after.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ClientShown, LinkPlan, ProfileShown, Replaceable, Via } from '../ipc/bindings';
import * as act from '../model/act';
import { connecting } from '../model/place';
import { links } from '../model/state';
import { leftWords, planWords, replaceableWords, replacedWords, sentence, VIA, VIA_HINT, words } from '../model/words';
import { Button } from '../parts/button';
import { CopyButton } from '../parts/copy-button';
import { Icon } from '../parts/icon';
import { Notice } from '../parts/notice';
import styles from './connect.module.css';

export function Connect({ profile }: { profile: ProfileShown }) {
  const [clients, setClients] = useState<ClientShown[] | null>(null);
  const made = links.value;
  // Links are read again after one was made or undone, which changes who is here and what could make room.
  useEffect(() => {
    act.clientsOf(profile.name).then(setClients);
  }, [profile.name, made]);
  const section = useRef<HTMLElement>(null);
  // Whoever asked for the programs finds the keyboard there.
  useEffect(() => {
    if (!clients || connecting.value !== profile.name) return;
    connecting.value = null;
    section.current?.scrollIntoView({ block: 'start' });
    section.current?.querySelector('button')?.focus({ preventScroll: true });
  }, [clients, profile.name, connecting.value]);
  if (!clients) return <p class={styles.soft}>{words.lookingForClients}</p>;
  return (
    <section ref={section} class={styles.connect} aria-label={words.connectTitle} data-testid="connect">
      <h3 class={styles.heading}>{words.connectTitle}</h3>
      {clients.length === 0 && <p class={styles.soft}>{words.noClients}</p>}
      <ul class={styles.clients}>
        {clients.map((client) => (
          <li key={client.id} class={styles.client} data-testid="client" data-client={client.id}>
            <Client profile={profile} client={client} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is open below a client's line. */
interface Planned {
  plan: LinkPlan;
  undo: boolean;
  /** What makes room for keyfob's entry. */
  old: Replaceable | null;
}

/** What to do after a change, and what to know. */
interface After {
  what: string;
  hint: string | null;
}

function Client({ profile, client }: { profile: ProfileShown; client: ClientShown }) {
  const [planned, setPlanned] = useState<Planned | null>(null);
  const [after, setAfter] = useState<After | null>(null);
  const look = async (undo: boolean, via: Via | null = null, old: Replaceable | null = null) => {
    setAfter(null);
    const plan = await act.planLink(profile, client, undo, via, old?.entry ?? null);
    setPlanned(plan && { plan, undo, old });
  };
  const carryOut = async () => {
    if (!planned) return;
    const { plan, undo, old } = planned;
    if (await act.carryOut(profile, client, undo, plan.via, old?.entry ?? null)) {
      setPlanned(null);
      setAfter({ what: plan.afterwards, hint: old && replacedWords(old) });
    }
  };
  return (
    <>
      <div class={styles.row}>
        <span class={styles.name}>
          {client.name}
          {client.linked && (
            <span class={styles.linked}>
              <Icon name="link" />
              {VIA[client.linked]}
            </span>
          )}
        </span>
        {!planned && (
          <Button
            label={client.linked ? `${words.unlink}: ${client.name}` : `${words.link}: ${client.name}`}
            testid={client.linked ? 'unlink' : 'link'}
            waiting={act.isRunning('plan', `${profile.name} ${client.id}`)}
            onClick={() => look(client.linked !== null)}
          >
            {client.linked ? words.unlink : words.link}
          </Button>
        )}
      </div>
      {!planned &&
        client.replaceable.map((old) => (
          <Old
            key={old.entry}
            profile={profile}
            client={client}
            old={old}
            onReplace={() => look(false, client.linked, old)}
          />
        ))}
      {after && <Notice tone="calm" message={after.what} hint={after.hint} />}
      {planned && (
        <Plan
          profile={profile}
          client={client}
          planned={planned}
          onVia={(via) => look(false, via, planned.old)}
          onYes={carryOut}
          onNo={() => setPlanned(null)}
        />
      )}
    </>
  );
}

interface OldProps {
  profile: ProfileShown;
  client: ClientShown;
  old: Replaceable;
  onReplace: () => void;
}

/** An entry that somebody wrote and that keyfob could take the place of. */
function Old({ profile, client, old, onReplace }: OldProps) {
  return (
    <div class={styles.row} data-testid="replaceable">
      <p class={styles.soft}>{replaceableWords(old)}</p>
      <Button
        label={`${words.replace}: ${client.name}, ${old.name}`}
        testid="replace"
        waiting={act.isRunning('plan', `${profile.name} ${client.id}`)}
        onClick={onReplace}
      >
        {words.replace}
      </Button>
    </div>
  );
}

interface PlanProps {
  profile: ProfileShown;
  client: ClientShown;
  planned: Planned;
  onVia: (via: Via) => void;
  onYes: () => void;
  onNo: () => void;
}

function Plan({ profile, client, planned, onVia, onYes, onNo }: PlanProps) {
  const { plan, undo, old } = planned;
  const yes = undo ? words.unlinkNow : old ? words.replaceNow : words.linkNow;
  return (
    <div class={styles.plan} data-testid="plan">
      {!undo && client.ways.length > 1 && <Ways client={client} chosen={plan.via} onVia={onVia} />}
      <p class={styles.soft}>{planWords(plan, undo, old)}</p>
      {/* What is longer than its frame is scrolled by keyboard as well. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls */}
      <pre class={styles.diff} tabIndex={0}>
        {plan.lines.map((line, index) => (
          <span key={`${index} ${line}`} class={line.startsWith('-') ? styles.out : styles.in}>
            {line}
          </span>
        ))}
      </pre>
      {plan.notes.map((note) => (
        <Notice key={note} tone="calm" message={note} />
      ))}
      {plan.left.map((left) => (
        <Notice key={left.name} tone="act" message={leftWords(left)} />
      ))}
      {plan.by_hand && <CopyButton text={plan.lines.join('\n')} label={words.snippet} />}
      <div class={styles.actions}>
        <Button onClick={onNo}>{plan.by_hand ? words.close : words.cancel}</Button>
        {!plan.by_hand && (
          <Button
            kind={undo ? 'danger' : 'primary'}
            testid="carry-out"
            waiting={act.isRunning('link', `${profile.name} ${client.id}`)}
            onClick={onYes}
          >
            {yes}
          </Button>
        )}
      </div>
    </div>
  );
}

function Ways({ client, chosen, onVia }: { client: ClientShown; chosen: Via; onVia: (via: Via) => void }) {
  return (
    <fieldset class={styles.ways}>
      <legend>{words.viaTitle}</legend>
      {client.ways.map((via) => (
        <label key={via} title={VIA_HINT[via]}>
          <input type="radio" name={`via-${client.id}`} checked={chosen === via} onChange={() => onVia(via)} />
          {sentence(VIA[via])}
        </label>
      ))}
      <p class={styles.soft}>{VIA_HINT[chosen]}</p>
    </fieldset>
  );
}
