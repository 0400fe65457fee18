#!/usr/bin/env node
// keyfob as the conformance suite's client: prepares a profile where the scenario needs one, starts `keyfob connect URL`
// and speaks MCP through it. Exit 0 when every request was answered and the bridge ended by itself.
// Called by the suite as: conformance-client.mjs URL, with MCP_CONFORMANCE_SCENARIO and MCP_CONFORMANCE_CONTEXT set.
// KEYFOB_BIN is the binary under test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The document the suite's servers accept; it exists nowhere. */
const CLIENT_METADATA_URL = "https://conformance-test.local/client-metadata.json";
/** Shorter than the suite's own limit, so that the reason is ours to print. Milliseconds. */
const ANSWER_WITHIN = 20_000;

/** What `keyfob add` needs beside the URL for this scenario, or undefined where `connect` alone must do. */
function preparation(scenario, context, home) {
  const named = ["--client-id", context.client_id];
  switch (scenario) {
    case "auth/pre-registration":
      return { options: [...named, "--client-secret-stdin"], stdin: context.client_secret };
    case "auth/client-credentials-basic":
      return { options: ["--grant", "client-credentials", ...named, "--client-secret-stdin"], stdin: context.client_secret };
    case "auth/client-credentials-jwt": {
      const key = join(home, "conformance-key.pem");
      return { options: ["--grant", "client-credentials", ...named, "--private-key", key], key, pem: context.private_key_pem };
    }
    case "auth/basic-cimd":
      return { options: ["--client-metadata-url", CLIENT_METADATA_URL] };
    default:
      return undefined;
  }
}

async function prepare(keyfob, url, { options, stdin, key, pem }, env) {
  if (key) await writeFile(key, pem, { mode: 0o600 });
  const child = spawn(keyfob, ["add", "conformance", url, ...options, "--offline"], { env, stdio: ["pipe", "inherit", "inherit"] });
  child.stdin.end(stdin ? `${stdin}\n` : "");
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`keyfob add ended with ${code}`);
}

/** JSON-RPC over the bridge's standard input and output, one message a line. */
function speak(child) {
  const waiting = new Map();
  let last = 0;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line);
    if (message.method) return; // notifications, and requests this client never invited
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return {
    notify: (method) => send({ method }),
    async request(method, params) {
      const id = (last += 1);
      const answered = new Promise((resolve) => waiting.set(id, resolve));
      send({ id, method, params });
      const message = await within(ANSWER_WITHIN, `no answer to ${method}`, answered, ended(child, method));
      if (message.error) throw new Error(`${method}: ${JSON.stringify(message.error)}`);
      return message.result;
    },
  };
}

async function ended(child, during) {
  const code = child.exitCode ?? (await once(child, "close"))[0];
  throw new Error(`keyfob connect ended with ${code} during ${during}`);
}

async function within(milliseconds, complaint, ...promises) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${complaint} within ${milliseconds / 1000} s`)), milliseconds);
  });
  try {
    return await Promise.race([...promises, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function useServer(keyfob, url, env) {
  const child = spawn(keyfob, ["connect", url], { env, stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.on("error", () => {}); // a bridge that ended is reported by `ended`
  try {
    const bridge = speak(child);
    const clientInfo = { name: "conformance", version: "1.0.0" };
    await bridge.request("initialize", { protocolVersion: "2025-11-25", capabilities: {}, clientInfo });
    bridge.notify("notifications/initialized");
    const { tools } = await bridge.request("tools/list", {});
    if (!tools.some(({ name }) => name === "test-tool")) throw new Error("tools/list does not name test-tool");
    const result = await bridge.request("tools/call", { name: "test-tool", arguments: {} });
    if (result.isError) throw new Error(`test-tool failed: ${JSON.stringify(result.content)}`);
    child.stdin.end();
    await within(ANSWER_WITHIN, "keyfob connect did not end when its standard input did", once(child, "close"));
    if (child.exitCode !== 0) throw new Error(`keyfob connect ended with ${child.exitCode ?? child.signalCode}`);
  } finally {
    if (child.exitCode === null) child.kill("SIGKILL");
  }
}

const url = process.argv[2];
const keyfob = process.env.KEYFOB_BIN;
if (!url || !keyfob) {
  console.error("usage: KEYFOB_BIN=PATH conformance-client.mjs URL");
  process.exit(2);
}
const home = await mkdtemp(join(tmpdir(), "keyfob-conformance-home-"));
const env = {
  ...process.env,
  HOME: home,
  KEYFOB_HOME: join(home, "keyfob"),
  KEYFOB_STORE: "key-file",
  BROWSER: `'${process.execPath}' '${fileURLToPath(new URL("follow-redirects.mjs", import.meta.url))}'`,
};
try {
  const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
  const needed = preparation(process.env.MCP_CONFORMANCE_SCENARIO, context, home);
  if (needed) await prepare(keyfob, url, needed, env);
  await useServer(keyfob, url, env);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await rm(home, { recursive: true, force: true });
}
