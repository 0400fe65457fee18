// Made-up programs on a made-up computer, and their links.
import type { ClientShown, Ipc, LinkPlan, LinkShown, Via } from './bindings';

const CLIENTS: Omit<ClientShown, 'linked'>[] = [
  { id: 'claude-code', name: 'Claude Code', ways: ['helper', 'proxy', 'bridge'] },
  { id: 'vscode', name: 'VS Code', ways: ['proxy', 'bridge'] },
  { id: 'cursor', name: 'Cursor', ways: ['proxy', 'bridge'] },
  { id: 'zed', name: 'Zed', ways: ['proxy'] },
];

const SHORT_TIME = 250;
const after = (milliseconds: number) => new Promise<void>((done) => setTimeout(done, milliseconds));

const named = (id: string) => CLIENTS.find((client) => client.id === id) ?? CLIENTS[0];

function planOf(name: string, id: string, wanted: Via | null, sign: '+' | '-'): LinkPlan {
  const client = named(id);
  const via = wanted ?? client?.ways[0] ?? 'bridge';
  const entry = {
    helper: { type: 'http', url: `https://${name}.example.com/mcp`, headersHelper: `keyfob headers ${name}` },
    proxy: { url: `http://127.0.0.1:41177/c/KEY/${name}/mcp` },
    bridge: { command: '/usr/bin/keyfob', args: ['connect', name] },
  }[via];
  const lines = JSON.stringify({ [`keyfob-${name}`]: entry }, null, 2).split('\n');
  return {
    via,
    file: id === 'claude-code' ? null : `/home/ada/.${id}/mcp.json`,
    command: id === 'claude-code' ? 'claude mcp add-json' : null,
    lines: lines.map((line) => `${sign} ${line}`),
    by_hand: false,
    replaces: false,
    afterwards: `Restart ${client?.name}.`,
  };
}

/** Programs and links; some are there already. */
export function fakeLinks(
  first: LinkShown[],
): Pick<Ipc, 'links' | 'clients' | 'planLink' | 'planUnlink' | 'link' | 'unlink' | 'serversHere'> {
  let links = first;
  const without = (name: string, id: string) => links.filter((link) => link.profile !== name || link.client !== id);
  return {
    links: async () => links,
    clients: async (name) =>
      CLIENTS.map((client) => ({
        ...client,
        linked: links.find((link) => link.profile === name && link.client === client.id)?.via ?? null,
      })),
    planLink: async (name, id, via) => planOf(name, id, via, '+'),
    planUnlink: async (name, id) => planOf(name, id, null, '-'),
    link: async (name, id, via) => {
      await after(SHORT_TIME);
      links = [...without(name, id), { profile: name, client: id, client_name: named(id)?.name ?? id, via }];
      return null;
    },
    unlink: async (name, id) => {
      await after(SHORT_TIME);
      links = without(name, id);
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
