#!/usr/bin/env node
// One portal on Better Auth, whose device endpoints take JSON only and whose tokens are sessions that slide with use, until
// standard input closes. The MCP endpoint, both metadata documents and the page are ours; the device flow and the sessions
// are the product's. Everything is kept in memory.
// usage: better-auth-portal.mjs [--name sessions] [--port 0] [--access-token-ttl 120] [--scopes "read write"]
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { bearer } from "better-auth/plugins/bearer";
import { deviceAuthorization } from "better-auth/plugins/device-authorization";
import { answerMcp } from "./mcp-endpoint.mjs";
import { endWithParent, portalOptions, sayReady, startOnPort } from "./portal-process.mjs";

const USER = "ada@example.com";
const options = portalOptions("better-auth");
/** What clients asked of the endpoints; holds no token. */
const events = [];

function settings(origin) {
  return {
    baseURL: origin,
    secret: "of a portal that lives as long as a test",
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], deviceCode: [] }),
    emailAndPassword: { enabled: true },
    // A session that is used moves its end, from two seconds of age on.
    session: { expiresIn: options.accessTokenTtl, updateAge: 2 },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    plugins: [bearer(), deviceAuthorization({ verificationUri: "/device", interval: "1s", expiresIn: "5m" })],
  };
}

const html = (text, status = 200) =>
  new Response(`<!doctype html><title>${options.name}</title>${text}`, { status, headers: { "content-type": "text/html; charset=utf-8" } });

/** The portal's own routes, beside everything below `/api/auth/` that Better Auth answers. */
async function routesOf(origin, auth) {
  const { token } = await auth.api.signUpEmail({ body: { email: USER, password: "correct horse battery", name: "Ada" } });
  const asAda = new Headers({ authorization: `Bearer ${token}` });
  const metadataUrl = `${origin}/.well-known/oauth-protected-resource/mcp`;

  async function mcp(request) {
    const session = request.headers.has("authorization") ? await auth.api.getSession({ headers: request.headers }) : null;
    if (!session) return new Response(null, { status: 401, headers: { "www-authenticate": `Bearer resource_metadata="${metadataUrl}"` } });
    const ends = session.session.expiresAt;
    return answerMcp(request, { portal: options.name, user: session.user.email, client: null, scope: "", ends });
  }

  /** The person is signed in already; one button allows the device. */
  async function device(request) {
    const userCode = new URL(request.url).searchParams.get("user_code");
    if (request.method === "GET") return html('<form method="post"><button id="allow">Allow</button></form>');
    await auth.api.deviceVerify({ query: { user_code: userCode }, headers: asAda });
    await auth.api.deviceApprove({ body: { userCode }, headers: asAda });
    return html("You may close this page.");
  }

  return {
    "/mcp": mcp,
    "/device": device,
    "/__record": () => Response.json({ events }),
    "/.well-known/oauth-protected-resource/mcp": () =>
      Response.json({ resource: `${origin}/mcp`, authorization_servers: [origin], scopes_supported: options.scopes }),
    "/.well-known/oauth-authorization-server": () =>
      Response.json({
        issuer: origin,
        token_endpoint: `${origin}/api/auth/device/token`,
        device_authorization_endpoint: `${origin}/api/auth/device/code`,
        grant_types_supported: ["urn:ietf:params:oauth:grant-type:device_code"],
      }),
  };
}

async function startPortal(port) {
  const origin = `http://127.0.0.1:${port}`;
  const auth = betterAuth(settings(origin));
  const routes = await routesOf(origin, auth);

  async function answer(request, response) {
    const url = new URL(request.url, origin);
    let body = "";
    for await (const chunk of request) body += chunk;
    const hasBody = request.method !== "GET" && request.method !== "HEAD";
    const asked = new Request(url, { method: request.method, headers: request.headers, body: hasBody ? body : undefined });
    const product = url.pathname.startsWith("/api/auth/") ? auth.handler : () => new Response(null, { status: 404 });
    const answered = await (routes[url.pathname] ?? product)(asked);
    events.push({ endpoint: url.pathname, method: request.method, status: answered.status });
    response.writeHead(answered.status, Object.fromEntries(answered.headers));
    response.end(await answered.text());
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
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
