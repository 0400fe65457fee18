// What the two portals on Better Auth share: the product behind `/api/auth/`, our own routes beside it, one person, one record.
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";

const USER = "ada@example.com";
const PASSWORD = "correct horse battery";

/** Settings for a portal whose memory has these tables beside the product's own. */
export function settings(origin, tables, rest) {
  const empty = ["user", "session", "account", "verification", ...tables].map((table) => [table, []]);
  return {
    baseURL: origin,
    secret: "of a portal that lives as long as a test",
    database: memoryAdapter(Object.fromEntries(empty)),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    ...rest,
  };
}

/** Makes the one person who can sign in; gives the token of their session. */
export async function makeUser(auth) {
  const { token } = await auth.api.signUpEmail({ body: { email: USER, password: PASSWORD, name: "Ada" } });
  return token;
}

/** What a sign-in page of the application sends to the product, with the cookies that the browser brought. */
export function signInRequest(origin, cookie) {
  const body = JSON.stringify({ email: USER, password: PASSWORD });
  const headers = { "content-type": "application/json", cookie: cookie ?? "", origin };
  return new Request(`${origin}/api/auth/sign-in/email`, { method: "POST", headers, body });
}

export function page(name, text, status = 200) {
  const headers = { "content-type": "text/html; charset=utf-8" };
  return new Response(`<!doctype html><title>${name}</title>${text}`, { status, headers });
}

/** The kind of grant a form asks for; never what it is asked with. */
function grantOf(pathname, body) {
  return pathname.endsWith("/token") ? { grant_type: new URLSearchParams(body).get("grant_type") } : {};
}

/** Answers on `port` until closed: our own routes by path, everything below `/api/auth/` by the product. */
export async function serve(port, settingsOf, routesOf) {
  const origin = `http://127.0.0.1:${port}`;
  /** What clients asked of the endpoints; holds no token. */
  const events = [];
  const auth = betterAuth(settingsOf(origin));
  const routes = { ...(await routesOf(origin, auth)), "/__record": () => Response.json({ events }) };

  async function answer(request, response) {
    const url = new URL(request.url, origin);
    let body = "";
    for await (const chunk of request) body += chunk;
    const hasBody = request.method !== "GET" && request.method !== "HEAD";
    const asked = new Request(url, { method: request.method, headers: request.headers, body: hasBody ? body : undefined });
    const product = url.pathname.startsWith("/api/auth/") ? auth.handler : () => new Response(null, { status: 404 });
    const answered = await (routes[url.pathname] ?? product)(asked);
    events.push({ endpoint: url.pathname, method: request.method, status: answered.status, ...grantOf(url.pathname, body) });
    const headers = Object.fromEntries(answered.headers);
    const cookies = answered.headers.getSetCookie();
    response.writeHead(answered.status, cookies.length ? { ...headers, "set-cookie": cookies } : headers);
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
