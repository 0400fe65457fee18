#!/usr/bin/env node
// A stand-in for a browser: opens URL, follows redirects by hand, keeps cookies, presses the button `#allow` where a
// page has one, and delivers the redirect to the loopback address where keyfob listens. Exit 0 once a page came back
// that leads nowhere on, with a status below 400; it runs no script.
// usage: follow-redirects.mjs URL

import { fileURLToPath } from "node:url";

const MOST_STEPS = 20;

/** Cookies by host and port: portals on one loopback address must not see each other's. */
export class CookieJar {
  #byHost = new Map();

  keep(url, response) {
    const cookies = this.#byHost.get(url.host) ?? new Map();
    this.#byHost.set(url.host, cookies);
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";");
      const [name, ...value] = pair.trim().split("=");
      const expired = attributes.some((attribute) => /^\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(attribute));
      if (expired) cookies.delete(name);
      else cookies.set(name, value.join("="));
    }
  }

  headerFor(url) {
    return [...(this.#byHost.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

function attribute(tag, name) {
  const found = new RegExp(`\\s${name}="([^"]*)"`, "i").exec(tag);
  return found?.[1].replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code)).replace(/&amp;/g, "&");
}

/** The form a browser would send: the one of `#allow`, or one that the page's own script sends. */
export function formToPress(html) {
  const button = /<button[^>]*\sid="allow"[^>]*>/i.exec(html)?.[0];
  const forms = [...html.matchAll(/(<form[^>]*>)([\s\S]*?)<\/form>/gi)].map(([whole, open, inside]) => ({ whole, open, inside }));
  const named = button && attribute(button, "form");
  const form = button
    ? forms.find(({ open, whole }) => (named ? attribute(open, "id") === named : whole.includes(button)))
    : forms.find(() => /document\.forms\[0\]\.submit\(\)/.test(html));
  if (!form) return undefined;
  const fields = new URLSearchParams();
  for (const [input] of form.inside.matchAll(/<input[^>]*>/gi)) {
    if (attribute(input, "name")) fields.append(attribute(input, "name"), attribute(input, "value") ?? "");
  }
  if (button && attribute(button, "name")) fields.append(attribute(button, "name"), attribute(button, "value") ?? "");
  return { action: attribute(form.open, "action"), method: (attribute(form.open, "method") ?? "get").toUpperCase(), fields };
}

/** The next request after a response, or undefined where the way ends. */
async function nextStep(url, response) {
  const location = response.headers.get("location");
  if (location) return { url: new URL(location, url), method: "GET" };
  if (!response.headers.get("content-type")?.startsWith("text/html")) return undefined;
  const form = formToPress(await response.text());
  if (!form) return undefined;
  const target = new URL(form.action ?? "", url);
  if (!form.action) target.href = url.href;
  return { url: target, method: form.method, body: form.fields };
}

/** Walks from `start` to the last page; gives every address on the way and the last status. */
export async function follow(start, jar = new CookieJar(), until = () => false) {
  const visited = [];
  let step = { url: new URL(start), method: "GET" };
  for (let count = 0; count < MOST_STEPS; count += 1) {
    visited.push(step.url.href);
    if (until(step.url)) return { visited, status: 0 };
    const { url, method, body } = step;
    const response = await fetch(url, { method, body, headers: { cookie: jar.headerFor(url), accept: "text/html" }, redirect: "manual" });
    jar.keep(url, response);
    const next = await nextStep(url, response);
    if (!next) return { visited, status: response.status };
    step = next;
  }
  throw new Error(`gave up after ${MOST_STEPS} steps, the last at ${visited.at(-1)}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url] = process.argv.slice(2);
  if (!url) {
    console.error("usage: follow-redirects.mjs URL");
    process.exit(2);
  }
  const { visited, status } = await follow(url);
  if (status >= 400) {
    console.error(`${status} at ${visited.at(-1).split("?")[0]}`);
    process.exit(1);
  }
}
