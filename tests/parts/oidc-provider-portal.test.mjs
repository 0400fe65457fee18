// The oidc-provider portal is as strict as the certified server behind it, so that keyfob can be measured against it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { follow } from "./follow-redirects.mjs";
import { MACHINE_CLIENT } from "./oidc-provider-settings.mjs";
import { authorize, discover, mcp, refresh, register, revoke, signIn, startPortal, token } from "./plain-client.mjs";

let portal;
before(async () => {
  portal = await startPortal("oidc-provider-portal.mjs", "--name", "strict", "--access-token-ttl", "90");
});
after(async () => assert.equal(await portal.end(), 0));

test("a plain client signs in, lists the tools and calls one", async () => {
  const { redirect, tokens } = await signIn(portal.mcp_url);
  assert.equal(redirect.searchParams.get("iss"), portal.issuer);
  assert.deepEqual([tokens.status, tokens.expires_in, tokens.scope], [200, 90, "read write"]);
  const opened = await mcp(portal.mcp_url, tokens.access_token, "initialize", { protocolVersion: "2025-11-25" });
  assert.equal(opened.result.serverInfo.name, "strict");
  const { result } = await mcp(portal.mcp_url, tokens.access_token, "tools/list");
  assert.deepEqual(result.tools.map(({ name }) => name), ["whoami", "echo"]);
  const whoami = await mcp(portal.mcp_url, tokens.access_token, "tools/call", { name: "whoami" });
  assert.equal(JSON.parse(whoami.result.content[0].text).user, "ada@example.com");
});

test("a refresh rotates, and revocation ends the sign-in", async () => {
  const session = await signIn(portal.mcp_url);
  const renewed = await refresh(session, session.tokens.refresh_token);
  assert.equal(renewed.status, 200);
  assert.notEqual(renewed.refresh_token, session.tokens.refresh_token);
  assert.equal(await revoke(session, renewed.refresh_token), 200);
  const refused = await refresh(session, renewed.refresh_token);
  assert.deepEqual([refused.status, refused.error], [400, "invalid_grant"]);
});

test("a refresh token used twice ends the whole sign-in", async () => {
  const session = await signIn(portal.mcp_url);
  const renewed = await refresh(session, session.tokens.refresh_token);
  const again = await refresh(session, session.tokens.refresh_token);
  assert.deepEqual([again.status, again.error], [400, "invalid_grant"]);
  assert.equal((await refresh(session, renewed.refresh_token)).error, "invalid_grant");
  assert.equal((await mcp(portal.mcp_url, renewed.access_token, "tools/list")).status, 401);
});

test("another resource is an invalid target", async () => {
  const redirectUri = "http://127.0.0.1:33033/callback";
  const { server, scope } = await discover(portal.mcp_url);
  const client = await register(server, redirectUri);
  const { redirect } = await authorize(server, client, redirectUri, "https://other.example.com/mcp", scope);
  assert.equal(redirect.searchParams.get("error"), "invalid_target");
});

test("by the provider's own rule offline_access alone brings no refresh token", async () => {
  const own = await startPortal("oidc-provider-portal.mjs", "--refresh-tokens", "own-rule");
  const { tokens } = await signIn(own.mcp_url, "read write offline_access");
  assert.equal(tokens.status, 200);
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(await own.end(), 0);
});

test("the device flow is approved on its pages", async () => {
  const { server, resource } = await discover(portal.mcp_url);
  const client = await register(server, "http://127.0.0.1:33033/callback", {
    grant_types: ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
    response_types: [],
    redirect_uris: [],
  });
  const body = new URLSearchParams({ client_id: client.client_id, scope: "read write", resource: resource.resource });
  const started = await (await fetch(server.device_authorization_endpoint, { method: "POST", body })).json();
  const poll = () =>
    token(server, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: started.device_code,
      client_id: client.client_id,
      resource: resource.resource,
    });
  assert.equal((await poll()).error, "authorization_pending");
  const { visited, status } = await follow(started.verification_uri_complete);
  assert.equal(status, 200, visited.join(" "));
  const tokens = await poll();
  assert.equal(tokens.status, 200);
  assert.equal((await mcp(portal.mcp_url, tokens.access_token, "tools/list")).status, 200);
});

test("the machine client's secret must be form-encoded in a Basic header", async () => {
  const { server, resource } = await discover(portal.mcp_url);
  const { id, secret } = MACHINE_CLIENT;
  const basic = (value) => ({ authorization: `Basic ${Buffer.from(`${id}:${value}`).toString("base64")}` });
  const fields = { grant_type: "client_credentials", resource: resource.resource, scope: "read" };
  const encoded = await token(server, fields, basic(encodeURIComponent(secret)));
  assert.equal(encoded.status, 200);
  assert.equal((await mcp(portal.mcp_url, encoded.access_token, "tools/list")).status, 200);
  assert.equal((await token(server, fields, basic(secret))).status, 401);
});

test("a consent page lets nobody in before its button is pressed", async () => {
  const asking = await startPortal("oidc-provider-portal.mjs", "--consent-page");
  const { tokens, visited } = await signIn(asking.mcp_url);
  assert.equal(tokens.status, 200);
  const steps = visited.map((url) => new URL(url).pathname.split("/")[1]);
  assert.deepEqual(steps, ["auth", "interaction", "interaction", "auth", "callback"]);
  assert.equal(await asking.end(), 0);
});

test("the record counts renewals and revocations", async () => {
  const session = await signIn(portal.mcp_url);
  await refresh(session, session.tokens.refresh_token);
  const before = (await portal.events()).filter(({ revocation }) => revocation).length;
  await revoke(session, session.tokens.refresh_token);
  const events = await portal.events();
  const mine = events.filter(({ endpoint, client }) => endpoint === "/token" && client === session.client.client_id);
  assert.deepEqual(mine.map(({ grant_type }) => grant_type), ["authorization_code", "refresh_token"]);
  assert.equal(events.filter(({ revocation }) => revocation).length, before + 1);
});
