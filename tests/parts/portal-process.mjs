// What both portals share as processes: their options, the one ready line, and an end that leaves no orphan.
import { createServer } from "node:net";
import { parseArgs } from "node:util";

/** The command line of a portal. Times are whole seconds; `0` as a port means a free one. */
export function portalOptions(defaultName) {
  const { values } = parseArgs({
    options: {
      name: { type: "string", default: defaultName },
      port: { type: "string", default: "0" },
      "access-token-ttl": { type: "string", default: "120" },
      "sign-in-ttl": { type: "string", default: "2592000" },
      scopes: { type: "string", default: "read write" },
      "refresh-tokens": { type: "string", default: "always" },
      "consent-page": { type: "boolean", default: false },
    },
  });
  return {
    name: values.name,
    port: wholeSeconds("port", values.port),
    accessTokenTtl: wholeSeconds("access-token-ttl", values["access-token-ttl"]),
    signInTtl: wholeSeconds("sign-in-ttl", values["sign-in-ttl"]),
    scopes: values.scopes.split(" ").filter(Boolean),
    refreshTokens: values["refresh-tokens"],
    consentPage: values["consent-page"],
  };
}

function wholeSeconds(option, text) {
  if (!/^\d+$/.test(text)) throw new Error(`--${option} takes a whole number, not "${text}"`);
  return Number(text);
}

/** A port of 127.0.0.1 that was free a moment ago: the issuer and the resource name it before the server listens. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Starts on the wanted port, or on free ports until one was not taken in between. */
export async function startOnPort(wanted, start) {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted || (await freePort());
    try {
      return { port, running: await start(port) };
    } catch (error) {
      if (wanted || attempt === 5 || !/address already in use|EADDRINUSE/i.test(String(error?.message))) throw error;
    }
  }
}

/** Ends the process when its parent is gone (standard input closed) or asks (SIGTERM, SIGINT). */
export function endWithParent(stop) {
  let ending = false;
  const end = async () => {
    if (ending) return;
    ending = true;
    // A server that will not stop must not outlive the test that started it.
    setTimeout(() => process.exit(1), 3000).unref();
    await stop();
    process.exit(0);
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  process.stdin.on("end", end).on("error", end).resume();
}

/** The one line on standard output: everything a test needs to begin. */
export function sayReady(origin, name) {
  const ready = { ready: true, name, mcp_url: `${origin}/mcp`, issuer: origin, record_url: `${origin}/__record`, pid: process.pid };
  process.stdout.write(`${JSON.stringify(ready)}\n`);
}
