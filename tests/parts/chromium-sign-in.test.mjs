// A real browser gets through both portals' consent pages to the landing page.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { discover, register, startPortal } from "./plain-client.mjs";

/** Runs the browser on `url`; gives its exit code. */
async function browse(url, env) {
  const script = fileURLToPath(new URL("chromium-sign-in.mjs", import.meta.url));
  const child = spawn(process.execPath, [script, url], { env: { ...process.env, ...env }, stdio: ["ignore", "inherit", "inherit"] });
  return (await once(child, "close"))[0];
}

/** A loopback listener such as keyfob's; remembers the addresses it was called at. */
async function landingPage() {
  const calls = [];
  const server = createServer((request, response) => {
    calls.push(request.url);
    response.setHeader("content-type", "text/html");
    response.end("<title>You are signed in</title><h1>You are signed in</h1>");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { redirectUri: `http://127.0.0.1:${server.address().port}/callback`, calls, server };
}

for (const script of ["cloudflare-portal.mjs", "oidc-provider-portal.mjs"]) {
  test(`chromium presses Allow at ${script} and lands with a code`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "keyfob-chromium-"));
    const portal = await startPortal(script, "--consent-page");
    const { redirectUri, calls, server } = await landingPage();
    try {
      const { server: metadata, resource, scope } = await discover(portal.mcp_url);
      const client = await register(metadata, redirectUri);
      const url = new URL(metadata.authorization_endpoint);
      url.search = new URLSearchParams({
        response_type: "code",
        client_id: client.client_id,
        redirect_uri: redirectUri,
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method: "S256",
        state: "a state",
        scope,
        resource: resource.resource,
      });
      const picture = join(folder, "landed.png");
      assert.equal(await browse(url.href, { SCREENSHOT: picture }), 0);
      const landed = calls.filter((call) => call.startsWith("/callback?"));
      assert.equal(landed.length, 1);
      assert.equal(new URL(landed[0], redirectUri).searchParams.get("state"), "a state");
      assert.ok(new URL(landed[0], redirectUri).searchParams.get("code"));
      assert.equal((await readFile(picture)).subarray(1, 4).toString(), "PNG");
    } finally {
      server.closeAllConnections();
      server.close();
      await portal.end();
      await rm(folder, { recursive: true, force: true });
    }
  });
}
