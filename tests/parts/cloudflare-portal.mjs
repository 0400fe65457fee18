#!/usr/bin/env node
// One portal on Cloudflare's own OAuth library, run by workerd on 127.0.0.1, until standard input closes.
// usage: cloudflare-portal.mjs [--name readonly] [--port 0] [--access-token-ttl 120] [--sign-in-ttl 2592000]
//                              [--scopes "read write"] [--consent-page]
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";
import { endWithParent, portalOptions, sayReady, startOnPort } from "./portal-process.mjs";

const options = portalOptions("cloudflare");

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("cloudflare-worker.mjs", import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    external: ["cloudflare:*"],
    logLevel: "error",
  });
  return outputFiles[0].text;
}

async function startWorker(port, script) {
  const origin = `http://127.0.0.1:${port}`;
  const worker = new Miniflare({
    modules: true,
    script,
    host: "127.0.0.1",
    port,
    // Old enough for every workerd of this line. `global_fetch_strictly_public` is what the library wants before it
    // advertises client metadata documents.
    compatibilityDate: "2025-11-01",
    compatibilityFlags: ["nodejs_compat", "global_fetch_strictly_public"],
    kvNamespaces: ["OAUTH_KV"],
    bindings: { SETTINGS: { ...options, origin } },
    // Nothing of this may reach out: workerd otherwise asks for the `cf` object of a real request.
    cf: false,
    log: new Log(LogLevel.ERROR),
    // Standard output belongs to the ready line.
    handleRuntimeStdio: (stdout, stderr) => {
      stdout.pipe(process.stderr);
      stderr.pipe(process.stderr);
    },
  });
  await worker.ready;
  return worker;
}

const script = await bundle();
const { port, running } = await startOnPort(options.port, (free) => startWorker(free, script));
endWithParent(() => running.dispose());
sayReady(`http://127.0.0.1:${port}`, options.name);
