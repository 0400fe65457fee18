// Made-up walks of the doctor: one where all is well, one with a fault that its owner must mend.
import type { Exchange, Finding } from './bindings';

const asked = (what: string, answer: string): Exchange => ({ sent: what, received: answer });

const step = (id: string, title: string, finding: string, more: Partial<Finding> = {}): Finding => ({
  id,
  title,
  verdict: 'pass',
  finding,
  spec: null,
  exchanges: [],
  for_user: null,
  for_server: null,
  ...more,
});

const document = (host: string) => `200 OK
content-type: application/json

{"resource":"https://${host}/mcp","authorization_servers":["https://login.${host}"]}`;

/** What is found at `host`. */
export function walkTo(host: string): Finding[] {
  const issuer = `https://login.${host}`;
  const begun = [
    step('reach', 'Reachability and TLS', 'The server answers over TLS 1.3.'),
    step('challenge', '401 and challenge', 'It asks for a token and names its metadata.', {
      exchanges: [asked(`GET https://${host}/mcp`, '401 Unauthorized\nwww-authenticate: Bearer resource_metadata="…"')],
    }),
    step('resource-metadata', 'Resource metadata', 'Found where the challenge says.', {
      exchanges: [asked(`GET https://${host}/.well-known/oauth-protected-resource/mcp`, document(host))],
    }),
    step('resource-match', 'Resource match', 'It speaks for this very address.'),
    step('authorization-servers', 'Authorization servers', `It names ${issuer}.`),
    step('server-metadata', 'Server metadata', 'Found at the first well-known address.'),
  ];
  if (host.startsWith('broken')) return [...begun, brokenIssuer(issuer, host)];
  return [
    ...begun,
    step('issuer', 'Issuer', 'The document names the server it was asked from.'),
    step('endpoints', 'Endpoints', 'All of them are https and lie on the issuer’s host.'),
    step('pkce', 'PKCE', 'S256 is offered.'),
    step('registration', 'Client registration', 'New clients may register themselves (RFC 7591).'),
    step('revocation', 'Revocation', 'The server offers none; copies of a token work until they run out.', {
      verdict: 'warn',
      spec: 'RFC 7009 §2',
      for_user: 'Signing out forgets the tokens here; end the session on the server’s own page as well.',
      for_server: 'Serve `"revocation_endpoint": "…/revoke"` in the authorization server’s document.',
    }),
    step('token', 'Token answer', 'Not signed in.', { verdict: 'skip' }),
  ];
}

const brokenIssuer = (issuer: string, host: string): Finding =>
  step('issuer', 'Issuer', `The document says it belongs to https://${host}, not to ${issuer}.`, {
    verdict: 'fail',
    spec: 'RFC 8414 §3.3',
    for_user: 'Nothing here can be done about it; no sign-in is safe until it is mended.',
    for_server: `Serve "issuer": "${issuer}" in the document, to the letter.`,
    exchanges: [
      asked(
        `GET ${issuer}/.well-known/oauth-authorization-server`,
        `200 OK\ncontent-type: application/json\n\n{"issuer":"https://${host}"}`,
      ),
    ],
  });
