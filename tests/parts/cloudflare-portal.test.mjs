// The Cloudflare portal does what real portals on this library do, so that keyfob can be measured against it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { mcp, refresh, revoke, signIn, startPortal } from "./plain-client.mjs";

let portal;
before(async () => {
  portal = await startPortal("cloudflare-portal.mjs", "--name", "readonly", "--access-token-ttl", "90");
});
after(async () => assert.equal(await portal.end(), 0));

test("a plain client signs in, lists the tools and calls both", async () => {
  const { redirect, tokens } = await signIn(portal.mcp_url);
  assert.equal(redirect.searchParams.get("iss"), portal.issuer);
  assert.equal(tokens.status, 200);
  assert.equal(tokens.expires_in, 90);
  const opened = await mcp(portal.mcp_url, tokens.access_token, "initialize", { protocolVersion: "2025-11-25" });
  assert.equal(opened.result.serverInfo.name, "readonly");
  const { result } = await mcp(portal.mcp_url, tokens.access_token, "tools/list");
  assert.deepEqual(result.tools.map(({ name }) => name), ["whoami", "echo"]);
  const whoami = await mcp(portal.mcp_url, tokens.access_token, "tools/call", { name: "whoami" });
  assert.equal(JSON.parse(whoami.result.content[0].text).user, "ada@example.com");
  const echo = await mcp(portal.mcp_url, tokens.access_token, "tools/call", { name: "echo", arguments: { text: "hello" } });
  assert.equal(echo.result.content[0].text, "hello");
});

test("a refresh rotates, and revocation ends the sign-in", async () => {
  const session = await signIn(portal.mcp_url);
  const renewed = await refresh(session, session.tokens.refresh_token);
  assert.equal(renewed.status, 200);
  assert.notEqual(renewed.refresh_token, session.tokens.refresh_token);
  assert.equal(await revoke(session, renewed.refresh_token), 200);
  const refused = await refresh(session, renewed.refresh_token);
  assert.deepEqual([refused.status, refused.error], [400, "invalid_grant"]);
  assert.equal((await mcp(portal.mcp_url, renewed.access_token, "tools/list")).status, 401);
});

test("the record counts renewals and revocations and holds no token", async () => {
  const session = await signIn(portal.mcp_url);
  const mine = (events) => events.filter(({ endpoint, client }) => endpoint === "/token" && client === session.client.client_id);
  await refresh(session, session.tokens.refresh_token);
  await revoke(session, session.tokens.refresh_token);
  const events = await portal.events();
  assert.deepEqual(
    mine(events).map(({ grant_type, revocation }) => [grant_type, revocation]),
    [["authorization_code", false], ["refresh_token", false], [null, true]],
  );
  assert.ok(!JSON.stringify(events).includes(session.tokens.refresh_token.split(":").at(-1)));
});

test("a consent page lets nobody in before its button is pressed", async () => {
  const asking = await startPortal("cloudflare-portal.mjs", "--consent-page");
  const { tokens } = await signIn(asking.mcp_url);
  assert.equal(tokens.status, 200);
  const steps = (await asking.events()).filter(({ endpoint }) => endpoint === "/authorize");
  assert.deepEqual(steps.map(({ method, status }) => [method, status]), [["GET", 200], ["POST", 302]]);
  assert.equal(await asking.end(), 0);
});
