#!/usr/bin/env node
// One portal on Better Auth, whose device endpoints take JSON only and whose tokens are sessions that slide with use, until
// standard input closes. The MCP endpoint, both metadata documents and the page are ours; the device flow and the sessions
// are the product's. Everything is kept in memory.
// usage: better-auth-portal.mjs [--name sessions] [--port 0] [--access-token-ttl 120] [--scopes "read write"]
import { bearer } from "better-auth/plugins/bearer";
import { deviceAuthorization } from "better-auth/plugins/device-authorization";
import { makeUser, page, serve, settings } from "./better-auth-server.mjs";
import { answerMcp } from "./mcp-endpoint.mjs";
import { endWithParent, portalOptions, sayReady, startOnPort } from "./portal-process.mjs";

const options = portalOptions("better-auth");

const settingsOf = (origin) =>
  settings(origin, ["deviceCode"], {
    // A session that is used moves its end, from two seconds of age on.
    session: { expiresIn: options.accessTokenTtl, updateAge: 2 },
    plugins: [bearer(), deviceAuthorization({ verificationUri: "/device", interval: "1s", expiresIn: "5m" })],
  });

/** The portal's own routes, beside everything below `/api/auth/` that Better Auth answers. */
async function routesOf(origin, auth) {
  const asAda = new Headers({ authorization: `Bearer ${await makeUser(auth)}` });
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
    if (request.method === "GET") return page(options.name, '<form method="post"><button id="allow">Allow</button></form>');
    await auth.api.deviceVerify({ query: { user_code: userCode }, headers: asAda });
    await auth.api.deviceApprove({ body: { userCode }, headers: asAda });
    return page(options.name, "You may close this page.");
  }

  return {
    "/mcp": mcp,
    "/device": device,
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

const { port, running } = await startOnPort(options.port, (port) => serve(port, settingsOf, routesOf));
endWithParent(() => {
  running.closeAllConnections();
  return new Promise((resolve) => running.close(resolve));
});
sayReady(`http://127.0.0.1:${port}`, options.name);
