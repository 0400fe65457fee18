// Adding a portal, step by step, against the app's twin: what is wrong is said, what is not wanted is not sent.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Examined, Ipc } from '../ipc/bindings';
import { fake } from '../ipc/fake';
import * as act from './act';
import { links, snapshot, toasts } from './state';
import { BEGIN, changeDraft, changeWizard, faultsOf, profileOf, wizard } from './wizard';

const draft = (part: Partial<typeof BEGIN.draft>) => ({ ...BEGIN.draft, ...part });
const found = (part: Partial<Examined>) => part as Examined;

describe('a draft', () => {
  it('wants an address, a free name, and from a machine its id and its proof', () => {
    expect(faultsOf(draft({ url: 'ftp://x' }), null, []).url).toBe(true);
    const acme = draft({ url: 'mcp.acme.example' });
    expect(faultsOf(acme, null, [])).toEqual({ url: false, name: null, clientId: false, proof: false });
    expect(faultsOf({ ...acme, name: 'acme' }, null, ['acme']).name).toBe('taken');
    expect(faultsOf({ ...acme, name: 'No' }, null, []).name).toBe('bad');
    expect(faultsOf(acme, found({ client_id_needed: true }), []).clientId).toBe(true);
    const machine = { ...acme, grant: 'client-credentials' as const };
    expect(faultsOf(machine, null, [])).toMatchObject({ clientId: true, proof: true });
    const keyed = { ...machine, clientId: 'robot', proof: 'key' as const, key: { file: 'k', text: 'PEM' } };
    expect(faultsOf(keyed, null, [])).toMatchObject({ clientId: false, proof: false });
  });
  it('sends a secret or a key, never both, and no secret without its id', () => {
    const both = draft({ clientId: 'robot', secret: 's', key: { file: 'k', text: 'PEM' } });
    const made = (part: Partial<typeof BEGIN.draft>) => profileOf({ ...both, ...part }, 'https://a.example', 'a');
    expect(made({ grant: 'client-credentials' })).toMatchObject({ client_secret: 's', private_key: null });
    expect(made({ grant: 'client-credentials', proof: 'key' })).toMatchObject({
      client_secret: null,
      private_key: 'PEM',
    });
    expect(made({ clientId: '' })).toMatchObject({ client_id: null, client_secret: null, private_key: null });
  });
});

describe('the wizard', () => {
  let ipc: Ipc;
  const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);
  beforeEach(async () => {
    vi.useFakeTimers();
    toasts.value = [];
    wizard.value = null;
    ipc = fake('empty');
    await act.begin(ipc);
    act.openWizard();
    await pass(1);
  });

  it('offers what programs have already and goes from the address to the first connected program', async () => {
    expect(wizard.value?.here.map((server) => server.name)).toEqual(['acme', 'billing']);
    changeDraft({ url: 'mcp.acme.example/mcp' });
    act.lookUp();
    await pass(300);
    expect(wizard.value?.walk.steps.length).toBeGreaterThan(0);
    expect(wizard.value?.stage).toBe('address');
    await pass(4_000);
    expect(wizard.value).toMatchObject({ stage: 'describe', busy: null });
    changeDraft({ secret: 'left over' });
    act.addFromWizard();
    await pass(500);
    expect(wizard.value).toMatchObject({ stage: 'sign-in', made: 'acme', draft: { secret: '' } });
    await pass(4_000);
    expect(wizard.value?.stage).toBe('connect');
    // The wizard itself says so.
    expect(toasts.value).toEqual([]);
    const profile = snapshot.value?.profiles[0];
    const client = (await act.clientsOf('acme'))[0];
    if (!profile || !client) throw new Error('nothing to connect');
    const made = act.carryOut(profile, client, false, 'helper', null);
    await pass(500);
    expect(await made).toBe(true);
    expect(links.value).toEqual([
      { profile: 'acme', client: 'claude-code', client_name: 'Claude Code', via: 'helper' },
    ]);
  });
  it('forgets what it found once the address is another one, also while it looks', async () => {
    changeDraft({ url: 'mcp.acme.example/mcp' });
    act.lookUp();
    await pass(300);
    changeDraft({ url: 'mcp.other.example/mcp' });
    await pass(5_000);
    expect(wizard.value).toMatchObject({ stage: 'address', found: null, busy: null });
    expect(wizard.value?.walk.steps).toEqual([]);
  });
  it('says why a look-up failed and stays', async () => {
    changeDraft({ url: 'https://broken.example.com/mcp' });
    act.lookUp();
    await pass(5_000);
    expect(wizard.value).toMatchObject({ stage: 'address', problem: { hint: 'Ask whoever runs it.' } });
  });
  it('is told nothing once it is closed', async () => {
    changeDraft({ url: 'mcp.acme.example/mcp' });
    act.lookUp();
    await pass(300);
    act.closeWizard();
    await pass(5_000);
    expect(wizard.value).toBeNull();
    changeWizard({ stage: 'connect' });
    expect(wizard.value).toBeNull();
  });
});
