// A plain OAuth and MCP client made of `fetch`, for proving the portals: no part of keyfob, and nothing lenient.
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { CookieJar, follow } from "./follow-redirects.mjs";

/** Starts a portal script beside this file; gives its ready line and a way to end it. */
export async function startPortal(script, ...parameters) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...parameters], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line"),
    exited.then(([code]) => {
      throw new Error(`${script} ended with ${code} before it was ready`);
    }),
  ]);
  const ready = JSON.parse(line);
  return {
    ...ready,
    child,
    events: async () => (await (await fetch(ready.record_url)).json()).events,
    /** Ends the portal as a dying test does, by closing its standard input; gives its exit code. */
    end: async () => {
      child.stdin.end();
      return (await exited)[0];
    },
  };
}

/** The addresses a client finds from the MCP URL: the challenge, its resource metadata, the server's metadata. */
export async function discover(mcpUrl) {
  const refused = await fetch(mcpUrl, { method: "POST", body: "{}" });
  const challenge = refused.headers.get("www-authenticate") ?? "";
  const member = (name) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
  const resource = await (await fetch(member("resource_metadata"))).json();
  const wellKnown = new URL("/.well-known/oauth-authorization-server", resource.authorization_servers[0]);
  return { status: refused.status, scope: member("scope"), resource, server: await (await fetch(wellKnown)).json() };
}

export async function register(server, redirectUri, more = {}) {
  const response = await fetch(server.registration_endpoint, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "a plain client",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      application_type: "native",
      ...more,
    }),
  });
  return { status: response.status, ...(await response.json()) };
}

/** Walks the authorization request to the redirect; gives the redirect's parameters and the verifier. */
export async function authorize(server, client, redirectUri, resource, scope, jar = new CookieJar()) {
  const verifier = randomBytes(32).toString("base64url");
  const state = randomBytes(16).toString("base64url");
  const url = new URL(server.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: client.client_id,
    redirect_uri: redirectUri,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    state,
    scope,
    resource,
  });
  const { visited } = await follow(url, jar, (step) => step.href.startsWith(redirectUri));
  return { redirect: new URL(visited.at(-1)), state, verifier, visited };
}

/** One request to the token endpoint; gives the status beside the body's members. */
export async function token(server, fields, headers = {}) {
  const response = await fetch(server.token_endpoint, { method: "POST", headers, body: new URLSearchParams(fields) });
  const text = await response.text();
  return { status: response.status, ...(text ? JSON.parse(text) : {}) };
}

/** The whole way from the MCP URL to tokens, asking for `scope` or else for what the challenge names. */
export async function signIn(mcpUrl, scope) {
  const redirectUri = "http://127.0.0.1:33033/callback";
  const { resource, server, scope: challenged } = await discover(mcpUrl);
  const client = await register(server, redirectUri);
  const walked = await authorize(server, client, redirectUri, resource.resource, scope ?? challenged);
  const { redirect, verifier, state, visited } = walked;
  if (redirect.searchParams.get("state") !== state) throw new Error(`no state in ${redirect}`);
  const tokens = await token(server, {
    grant_type: "authorization_code",
    code: redirect.searchParams.get("code"),
    redirect_uri: redirectUri,
    client_id: client.client_id,
    code_verifier: verifier,
    resource: resource.resource,
  });
  return { server, resource, client, redirect, visited, tokens };
}

export function refresh({ server, client, resource }, refreshToken) {
  return token(server, {
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    client_id: client.client_id,
    resource: resource.resource,
  });
}

export async function revoke({ server, client }, refreshToken) {
  const body = new URLSearchParams({ token: refreshToken, token_type_hint: "refresh_token", client_id: client.client_id });
  return (await fetch(server.revocation_endpoint, { method: "POST", body })).status;
}

/** One MCP request; gives the status, and the `result` where there is one. */
export async function mcp(url, accessToken, method, params) {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const text = await response.text();
  return { status: response.status, result: text ? JSON.parse(text).result : undefined };
}
