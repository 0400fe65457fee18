// The Worker of the Cloudflare portal: Cloudflare's own OAuth library in front of the small MCP endpoint.
// Bundled and started by cloudflare-portal.mjs. Consent is immediate unless a page is asked for.
import { AuthorizationError, OAuthProvider } from "@cloudflare/workers-oauth-provider";
import { answerMcp } from "./mcp-endpoint.mjs";

const USER = "ada@example.com";
/** What clients asked of the token, registration and MCP endpoints; holds no token. */
const events = [];
let provider;

/** The library's provider; built at the first request because the origin comes with the environment. */
function providerFor(env) {
  return new OAuthProvider({
    apiRoute: "/mcp",
    apiHandler: { fetch: answerSignedIn },
    defaultHandler: { fetch: answerAnyone },
    authorizeEndpoint: "/authorize",
    tokenEndpoint: "/token",
    clientRegistrationEndpoint: "/register",
    scopesSupported: [...env.SETTINGS.scopes, "offline_access"],
    requiredScopes: env.SETTINGS.scopes,
    accessTokenTTL: env.SETTINGS.accessTokenTtl,
    refreshTokenTTL: env.SETTINGS.signInTtl,
    clientIdMetadataDocumentEnabled: true,
    resourceMetadata: {
      resource: `${env.SETTINGS.origin}/mcp`,
      authorization_servers: [env.SETTINGS.origin],
      resource_name: env.SETTINGS.name,
    },
  });
}

function answerSignedIn(request, env, context) {
  const { auth, props } = context;
  return answerMcp(request, {
    portal: env.SETTINGS.name,
    user: props.user,
    client: auth.clientId,
    scope: auth.scope.join(" "),
  });
}

async function answerAnyone(request, env) {
  const { pathname } = new URL(request.url);
  if (pathname !== "/authorize") return new Response("not found", { status: 404 });
  try {
    if (request.method === "POST") return await decide(request, env);
    return await (env.SETTINGS.consentPage ? askConsent(request, env) : consentAtOnce(request, env));
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    if (error.redirectTo) return Response.redirect(error.redirectTo, 302);
    return new Response(error.description, { status: 400 });
  }
}

async function consentAtOnce(request, env) {
  const asked = await env.OAUTH_PROVIDER.parseAuthRequest(request);
  return Response.redirect(await complete(asked, env), 302);
}

async function complete(asked, env) {
  const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
    request: asked,
    userId: USER,
    metadata: {},
    scope: asked.scope,
    props: { user: USER },
  });
  return redirectTo;
}

async function askConsent(request, env) {
  const asked = await env.OAUTH_PROVIDER.parseAuthRequest(request);
  const client = await env.OAUTH_PROVIDER.describeConsent(asked);
  const consent = await env.OAUTH_PROVIDER.beginConsent(asked);
  consent.headers.set("content-type", "text/html; charset=utf-8");
  return new Response(consentPage(env.SETTINGS.name, client, consent.handle), { headers: consent.headers });
}

function consentPage(portal, client, handle) {
  const text = (value) => String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<!doctype html><meta charset="utf-8"><title>Sign in to ${text(portal)}</title>
<h1>Let ${text(client.clientName)} into ${text(portal)}?</h1>
<p>It asks for: ${text(client.scope.join(", ") || "nothing in particular")}.</p>
<form method="post">
<input type="hidden" name="handle" value="${text(handle)}">
<button id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button>
</form>`;
}

async function decide(request, env) {
  const form = await request.formData();
  const handle = String(form.get("handle"));
  if (form.get("decision") !== "allow") {
    const denied = await env.OAUTH_PROVIDER.denyConsent(request, handle);
    denied.headers.set("location", denied.redirectTo);
    return new Response(null, { status: 302, headers: denied.headers });
  }
  const approved = await env.OAUTH_PROVIDER.approveConsent(request, handle);
  approved.headers.set("location", await complete(approved.request, env));
  return new Response(null, { status: 302, headers: approved.headers });
}

/** Notes one finished request: enough to count renewals and revocations, nothing that could be replayed. */
async function note(pathname, method, form, response) {
  const event = { endpoint: pathname, method, status: response.status };
  if (pathname === "/token") {
    event.grant_type = form.get("grant_type");
    // The library revokes at its token endpoint: a request with `token` and no `grant_type`.
    event.revocation = event.grant_type === null && form.has("token");
    event.client = form.get("client_id");
    event.resource = form.get("resource");
    if (!response.ok) event.error = (await response.clone().json().catch(() => null))?.error ?? null;
  }
  events.push(event);
}

const RECORDED = ["/mcp", "/token", "/register", "/authorize"];

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (pathname === "/__record") return Response.json({ events });
    provider ??= providerFor(env);
    if (!RECORDED.includes(pathname)) return provider.fetch(request, env, context);
    const isForm = request.headers.get("content-type")?.startsWith("application/x-www-form-urlencoded");
    const form = pathname === "/token" && isForm ? await request.clone().formData() : new FormData();
    const response = await provider.fetch(request, env, context);
    await note(pathname, request.method, form, response);
    return response;
  },
};
