// Made-up programs on a made-up computer, and their links.
import type { ClientShown, Ipc, LinkPlan, LinkShown, Replaceable, Via } from './bindings';

const CLIENTS: Omit<ClientShown, 'linked' | 'replaceable'>[] = [
  { id: 'claude-code', name: 'Claude Code', ways: ['helper', 'proxy', 'bridge'] },
  { id: 'vscode', name: 'VS Code', ways: ['proxy', 'bridge'] },
  { id: 'cursor', name: 'Cursor', ways: ['proxy', 'bridge'] },
  { id: 'zed', name: 'Zed', ways: ['proxy'] },
];

/** What somebody wrote for a portal's server before keyfob came: the portal, the program, the entry. */
const OLD_ENTRIES: [string, string, Replaceable][] = [
  ['acme', 'cursor', { entry: 'acme', name: 'acme', why: 'plain-token' }],
  ['acme', 'claude-code', { entry: 'acme-remote', name: 'acme-remote', why: 'mcp-remote' }],
];

/** What of an old entry goes on, and what does not, as the app says it. */
const carried = (via: Via) => [
  via === 'bridge'
    ? 'The bridge goes on with what was there: the header X-Tenant.'
    : 'This way does not go on with what was there: the header X-Tenant. The bridge does.',
  'Not taken over: `timeout`, the variable NODE_EXTRA_CA_CERTS.',
];

const SHORT_TIME = 250;
const after = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

const named = (id: string) => CLIENTS.find((client) => client.id === id) ?? CLIENTS[0];

const linesOf = (sign: '+' | '-', entry: object) =>
  JSON.stringify(entry, null, 2)
    .split('\n')
    .map((line) => `${sign} ${line}`);

/** An old entry as it may be shown. */
const oldLines = (sign: '+' | '-', name: string) =>
  linesOf(sign, { [name]: { url: 'https://mcp.acme.example/mcp', headers: { Authorization: '…', 'X-Tenant': '…' } } });

function planOf(name: string, id: string, wanted: Via | null, sign: '+' | '-'): LinkPlan {
  const client = named(id);
  const via = wanted ?? client?.ways[0] ?? 'bridge';
  const entry = {
    helper: { type: 'http', url: `https://${name}.example.com/mcp`, headersHelper: `keyfob headers ${name}` },
    proxy: { url: `http://127.0.0.1:41177/c/KEY/${name}/mcp` },
    bridge: { command: '/usr/bin/keyfob', args: ['connect', name] },
  }[via];
  return {
    via,
    file: id === 'claude-code' ? null : `/home/ada/.${id}/mcp.json`,
    command: id === 'claude-code' ? 'claude mcp add-json' : null,
    lines: linesOf(sign, { [`keyfob-${name}`]: entry }),
    by_hand: false,
    replaces: false,
    left: [],
    notes: [],
    afterwards: `Restart ${client?.name}.`,
  };
}

/** Programs and links; some are there already. */
export function fakeLinks(
  first: LinkShown[],
): Pick<Ipc, 'links' | 'clients' | 'planLink' | 'planUnlink' | 'link' | 'unlink' | 'serversHere'> {
  let links = first;
  /** Old entries that made room, each as `portal program entry`. */
  const gone = new Set<string>();
  const oldOnes = (name: string, id: string) =>
    OLD_ENTRIES.filter(([portal, client]) => portal === name && client === id).map(([, , old]) => old);
  const key = (name: string, id: string, entry: string) => `${name} ${id} ${entry}`;
  const without = (name: string, id: string) => links.filter((link) => link.profile !== name || link.client !== id);
  return {
    links: async () => links,
    clients: async (name) =>
      CLIENTS.map((client) => ({
        ...client,
        linked: links.find((link) => link.profile === name && link.client === client.id)?.via ?? null,
        replaceable: oldOnes(name, client.id).filter((old) => !gone.has(key(name, client.id, old.entry))),
      })),
    planLink: async (name, id, via, replace) => {
      if (!replace) return planOf(name, id, via, '+');
      // The bridge alone goes on with what was there, so it comes first.
      const plan = planOf(name, id, via ?? 'bridge', '+');
      return { ...plan, lines: [...oldLines('-', replace), ...plan.lines], notes: carried(plan.via) };
    },
    planUnlink: async (name, id) => {
      const plan = planOf(name, id, null, '-');
      const back = oldOnes(name, id).filter((old) => gone.has(key(name, id, old.entry)));
      return { ...plan, lines: [...plan.lines, ...back.flatMap((old) => oldLines('+', old.name))] };
    },
    link: async (name, id, via, replace) => {
      await after(SHORT_TIME);
      if (replace) gone.add(key(name, id, replace));
      links = [...without(name, id), { profile: name, client: id, client_name: named(id)?.name ?? id, via }];
      return null;
    },
    unlink: async (name, id) => {
      await after(SHORT_TIME);
      links = without(name, id);
      for (const old of oldOnes(name, id)) gone.delete(key(name, id, old.entry));
    },
    serversHere: async () => [
      { client_name: 'Cursor', name: 'acme', url: 'https://mcp.acme.example/mcp' },
      { client_name: 'Claude Code', name: 'billing', url: 'https://billing.example.net/mcp' },
    ],
  };
}

const link = (profile: string, client: string, via: Via): LinkShown => ({
  profile,
  client,
  client_name: named(client)?.name ?? client,
  via,
});

/** As on a computer in use. */
export const USUAL_LINKS: LinkShown[] = [
  link('readonly', 'claude-code', 'helper'),
  link('readonly', 'cursor', 'proxy'),
  link('admin', 'claude-code', 'helper'),
];
