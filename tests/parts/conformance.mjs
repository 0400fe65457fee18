#!/usr/bin/env node
// Runs the official MCP client conformance suite against a client, one process per scenario, and believes neither the
// exit code nor the checks alone. Prints a table and closes with "N passed, N failed"; exit 1 unless all went as expected.
// usage: conformance.mjs [--group auth|draft|extension|all] [--scenario NAME]... [--command "CLIENT…"] [--verbose]
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const SUITE = fileURLToPath(import.meta.resolve("@modelcontextprotocol/conformance/dist/index.js"));
const OWN_CLIENT = `"${process.execPath}" "${fileURLToPath(new URL("conformance-client.mjs", import.meta.url))}"`;
/** The suite's own limit for one client, in milliseconds. */
const TIMEOUT = "30000";

/** Scenarios that keyfob refuses on purpose (docs/conformance.md): run all the same, and a failure should one of them pass. */
const REFUSED = {
  "auth/2025-03-26-oauth-metadata-backcompat": "its metadata names an issuer other than the one asked",
  "auth/2025-03-26-oauth-endpoint-fallback": "endpoints without any metadata are never guessed",
  "auth/cross-app-access-complete-flow": "needs an identity provider of the company, which keyfob does not speak to",
};

const { values: options } = parseArgs({
  options: {
    group: { type: "string", default: "auth" },
    scenario: { type: "string", multiple: true, default: [] },
    command: { type: "string", default: OWN_CLIENT },
    verbose: { type: "boolean", default: false },
  },
});

/** Runs the suite's program; gives its exit code and all it printed. */
async function suite(...parameters) {
  const child = spawn(process.execPath, [SUITE, ...parameters], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "close");
  return { code, output };
}

/** The suite's own list of authorization scenarios, each with its group. */
async function listScenarios() {
  const { code, output } = await suite("list", "--client");
  if (code !== 0) throw new Error(`the suite's list failed:\n${output}`);
  return [...output.matchAll(/- (auth\/\S+) \[([^\]]*)\]/g)].map(([, name, versions]) => ({
    name,
    group: ["draft", "extension"].find((group) => versions === group) ?? "auth",
  }));
}

async function chosenScenarios() {
  const all = await listScenarios();
  if (options.scenario.length > 0) {
    return options.scenario.map((wanted) => {
      const found = all.find(({ name }) => name === wanted || name === `auth/${wanted}`);
      if (!found) throw new Error(`the suite has no scenario ${wanted}`);
      return found.name;
    });
  }
  const inGroup = all.filter(({ group }) => options.group === "all" || group === options.group);
  if (inGroup.length === 0) throw new Error(`no such group: ${options.group}`);
  return inGroup.map(({ name }) => name);
}

/**
 * Runs one scenario. Passed means: exit code 0, no check failed or warned, and the client read the resource metadata,
 * because scenarios that a client ought to refuse are also "refused" by one that never starts.
 */
async function run(scenario) {
  const results = await mkdtemp(join(tmpdir(), "keyfob-conformance-"));
  try {
    const { code, output } = await suite("client", "--scenario", scenario, "--command", options.command, "--timeout", TIMEOUT, "-o", results);
    const checks = await readChecks(results);
    const count = (status) => checks.filter((check) => check.status === status).length;
    const counts = { passed: count("SUCCESS"), failed: count("FAILURE"), warned: count("WARNING") };
    const tookPart = checks.some(({ id, status }) => id === "prm-pathbased-requested" && status === "SUCCESS");
    return { scenario, code, output, ...counts, ok: code === 0 && tookPart && counts.failed + counts.warned === 0 };
  } finally {
    await rm(results, { recursive: true, force: true });
  }
}

/** The results folder has one folder per run, below the scenario's own path. None at all is no check passed. */
async function readChecks(results) {
  const files = await readdir(results, { recursive: true });
  const file = files.find((path) => path.endsWith("checks.json"));
  return file ? JSON.parse(await readFile(join(results, file), "utf8")) : [];
}

const scenarios = await chosenScenarios();
const width = Math.max(...scenarios.map((name) => name.length));
const outcomes = [];
for (const scenario of scenarios) {
  const started = Date.now();
  const outcome = await run(scenario);
  outcomes.push(outcome);
  const { ok, code, passed, failed, warned } = outcome;
  const refused = REFUSED[scenario];
  if (refused) {
    outcome.asExpected = !ok;
    console.log(`${ok ? "FAIL  passes now, and docs/conformance.md says that it cannot" : "refused as expected"}: ${scenario}: ${refused}`);
    continue;
  }
  outcome.asExpected = ok;
  const seconds = ((Date.now() - started) / 1000).toFixed(1).padStart(5);
  const checks = `${passed} checks passed, ${failed} failed, ${warned} warned`;
  console.log(`${ok ? "pass" : "FAIL"}  ${scenario.padEnd(width)} ${seconds} s  exit ${code}, ${checks}`);
  if (!ok || options.verbose) console.log(outcome.output.replaceAll(/^/gm, "      "));
}
const failed = outcomes.filter(({ asExpected }) => !asExpected).length;
console.log(`${outcomes.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
