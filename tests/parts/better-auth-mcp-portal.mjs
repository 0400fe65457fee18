#!/usr/bin/env node
// One portal on Better Auth's plugin for MCP servers, until standard input closes: both metadata documents, registration,
// authorization, tokens and the check in front of the MCP endpoint are the product's; the sign-in page is ours, as it is any
// application's. Everything is kept in memory.
// usage: better-auth-mcp-portal.mjs [--name portal] [--port 0] [--access-token-ttl 120] [--sign-in-ttl 2592000]
import { mcp, oAuthDiscoveryMetadata, oAuthProtectedResourceMetadata, withMcpAuth } from "better-auth/plugins";
import { makeUser, page, serve, settings, signInRequest } from "./better-auth-server.mjs";
import { answerMcp } from "./mcp-endpoint.mjs";
import { endWithParent, portalOptions, sayReady, startOnPort } from "./portal-process.mjs";

const options = portalOptions("better-auth-mcp");

const settingsOf = (origin) =>
  settings(origin, ["oauthApplication", "oauthAccessToken", "oauthConsent"], {
    plugins: [
      mcp({
        loginPage: "/sign-in",
        oidcConfig: { accessTokenExpiresIn: options.accessTokenTtl, refreshTokenExpiresIn: options.signInTtl },
      }),
    ],
  });

/** The portal's own routes, beside everything below `/api/auth/` that Better Auth answers. */
async function routesOf(origin, auth) {
  await makeUser(auth);

  /** What the application's own script would do: the answer of the product leads on to the client. */
  async function signIn(request) {
    if (request.method === "GET") return page(options.name, '<form method="post"><button id="allow">Sign in</button></form>');
    const answered = await auth.handler(signInRequest(origin, request.headers.get("cookie")));
    if (answered.headers.has("location")) return answered;
    const { url } = await answered.json();
    const headers = new Headers(answered.headers.getSetCookie().map((cookie) => ["set-cookie", cookie]));
    headers.set("location", url ?? "/");
    return new Response(null, { status: 302, headers });
  }

  const endpoint = withMcpAuth(auth, async (request, session) => {
    const user = await (await auth.$context).internalAdapter.findUserById(session.userId);
    return answerMcp(request, { portal: options.name, user: user.email, client: session.clientId, scope: session.scopes });
  });
  return {
    "/mcp": endpoint,
    "/sign-in": signIn,
    "/.well-known/oauth-authorization-server": oAuthDiscoveryMetadata(auth),
    "/.well-known/oauth-protected-resource": oAuthProtectedResourceMetadata(auth),
  };
}

const { port, running } = await startOnPort(options.port, (port) => serve(port, settingsOf, routesOf));
endWithParent(() => {
  running.closeAllConnections();
  return new Promise((resolve) => running.close(resolve));
});
sayReady(`http://127.0.0.1:${port}`, options.name);
