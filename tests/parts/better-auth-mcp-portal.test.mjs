// Better Auth's plugin for MCP servers does here what it does in an application, so that keyfob can be measured against it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { discover, mcp, refresh, signIn, startPortal } from "./plain-client.mjs";

let portal;
before(async () => {
  portal = await startPortal("better-auth-mcp-portal.mjs", "--name", "plugin", "--access-token-ttl", "90");
});
after(async () => assert.equal(await portal.end(), 0));

test("its resource is the bare origin, and its scopes stand in the metadata alone", async () => {
  const { status, scope, resource } = await discover(portal.mcp_url);
  assert.deepEqual([status, scope, resource.resource], [401, undefined, portal.issuer]);
  assert.ok(resource.scopes_supported.includes("offline_access"));
});

test("a plain client signs in, and each renewal gives a new refresh token", async () => {
  const session = await signIn(portal.mcp_url, "openid email offline_access");
  assert.deepEqual([session.tokens.status, session.tokens.expires_in], [200, 90]);
  const { result } = await mcp(portal.mcp_url, session.tokens.access_token, "tools/call", { name: "whoami" });
  assert.equal(JSON.parse(result.content[0].text).user, "ada@example.com");
  const renewed = await refresh(session, session.tokens.refresh_token);
  assert.deepEqual([renewed.status, renewed.token_type], [200, "bearer"]);
  assert.notEqual(renewed.refresh_token, session.tokens.refresh_token);
  assert.equal((await mcp(portal.mcp_url, renewed.access_token, "tools/list")).status, 200);
});

test("without offline_access there is no refresh token, and a refused one is 401", async () => {
  const session = await signIn(portal.mcp_url, "openid");
  assert.equal(session.tokens.refresh_token, undefined);
  const refused = await refresh(session, "none of ours");
  assert.deepEqual([refused.status, refused.error], [401, "invalid_grant"]);
});
