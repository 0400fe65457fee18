#!/usr/bin/env node
// One portal on the certified oidc-provider, with the small MCP endpoint in front, until standard input closes.
// The MCP endpoint and its resource metadata are ours and say nothing about the product behind.
// usage: oidc-provider-portal.mjs [--name strict] [--port 0] [--access-token-ttl 120] [--sign-in-ttl 2592000]
//                                 [--scopes "read write"] [--refresh-tokens always|own-rule] [--consent-page]
import { createServer } from "node:http";
import { consentPage, providerSettings } from "./oidc-provider-settings.mjs";
import { answerMcp } from "./mcp-endpoint.mjs";
import { endWithParent, portalOptions, sayReady, startOnPort } from "./portal-process.mjs";

// Standard output belongs to the ready line; the provider greets there while it loads.
console.info = console.error;
const { default: Provider, errors } = await import("oidc-provider");

const USER = "ada@example.com";
const options = portalOptions("oidc-provider");
/** What clients asked of the endpoints; holds no token. */
const events = [];

/** The portal's own routes, beside everything that the provider answers. */
function routesOf(origin, provider) {
  const resource = `${origin}/mcp`;
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`;
  const scope = options.scopes.join(" ");

  function challenge(status, error) {
    const parts = [`resource_metadata="${metadataUrl}"`, `scope="${scope}"`, ...(error ? [`error="${error}"`] : [])];
    return new Response(null, { status, headers: { "www-authenticate": `Bearer ${parts.join(", ")}` } });
  }

  async function mcp(request) {
    const [, bearer] = /^bearer (.+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
    if (!bearer) return challenge(401);
    const token = (await provider.AccessToken.find(bearer)) ?? (await provider.ClientCredentials.find(bearer));
    if (!token || token.isExpired || token.aud !== resource) return challenge(401, "invalid_token");
    const granted = token.scope?.split(" ") ?? [];
    if (!options.scopes.some((wanted) => granted.includes(wanted))) return challenge(403, "insufficient_scope");
    const user = token.accountId ?? null;
    return answerMcp(request, { portal: options.name, user, client: token.clientId, scope: token.scope });
  }

  return {
    "/mcp": mcp,
    "/__record": () => Response.json({ events }),
    "/.well-known/oauth-protected-resource/mcp": () =>
      Response.json({
        resource,
        authorization_servers: [origin],
        scopes_supported: options.scopes,
        resource_name: options.name,
      }),
  };
}

/** Answers the provider's question "who is this, and may the client in?": at once, or by a page. */
async function interact(provider, request, response) {
  const { params, grantId, session } = await provider.interactionDetails(request, response);
  if (options.consentPage && request.method === "GET") {
    const client = await provider.Client.find(params.client_id);
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(consentPage(options.name, client.clientName ?? client.clientId, params.scope));
    return;
  }
  if (options.consentPage && !(await bodyOf(request)).includes("decision=allow")) {
    await provider.interactionFinished(request, response, { error: "access_denied" });
    return;
  }
  const accountId = session?.accountId ?? USER;
  const grant = (grantId && (await provider.Grant.find(grantId))) || new provider.Grant({ accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope ?? "");
  if (params.resource) grant.addResourceScope([params.resource].flat()[0], params.scope ?? "");
  const result = { login: { accountId }, consent: { grantId: await grant.save() } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function bodyOf(request) {
  let body = "";
  for await (const chunk of request) body += chunk;
  return body;
}

/** Notes what the provider answered: enough to count renewals and revocations, nothing that could be replayed. */
async function note(context, next) {
  await next();
  const { path, method, status, body } = context;
  const event = { endpoint: path, method, status, revocation: path === "/token/revocation" };
  if (path === "/token") {
    const { grant_type = null, resource = null } = context.oidc?.params ?? {};
    Object.assign(event, { grant_type, resource, client: context.oidc?.client?.clientId ?? null });
    if (status >= 400) event.error = body?.error ?? null;
  }
  events.push(event);
}

/** Carries a web-standard answer of our own routes over to Node's response. */
async function answer(route, request, response, origin) {
  const hasBody = request.method !== "GET" && request.method !== "HEAD";
  const body = hasBody ? await bodyOf(request) : undefined;
  const answered = await route(new Request(new URL(request.url, origin), { method: request.method, headers: request.headers, body }));
  const { pathname } = new URL(request.url, origin);
  if (pathname === "/mcp") events.push({ endpoint: pathname, method: request.method, status: answered.status });
  response.writeHead(answered.status, Object.fromEntries(answered.headers));
  response.end(await answered.text());
}

function startPortal(port) {
  const origin = `http://127.0.0.1:${port}`;
  const provider = new Provider(origin, providerSettings(origin, options, () => new errors.InvalidTarget()));
  provider.use(note);
  provider.on("server_error", (_context, error) => console.error(error));
  const routes = routesOf(origin, provider);
  const fromProvider = provider.callback();

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, origin);
    const fail = (error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    };
    if (routes[pathname]) return answer(routes[pathname], request, response, origin).catch(fail);
    if (pathname.startsWith("/interaction/")) return interact(provider, request, response).catch(fail);
    return fromProvider(request, response);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

const { port, running } = await startOnPort(options.port, startPortal);
endWithParent(() => {
  running.closeAllConnections();
  return new Promise((resolve) => running.close(resolve));
});
sayReady(`http://127.0.0.1:${port}`, options.name);
