#!/usr/bin/env node
// A real browser instead of the stand-in: headless Chromium opens URL, presses `#allow` where a page has it, and waits
// for the landing page on the loopback address where keyfob listens. Exit 0 once that page is shown.
// usage: [SCREENSHOT=PATH.png] [PAGE_TEXT=PATH.txt] chromium-sign-in.mjs URL
// PAGE_TEXT, what that page says, appears whole and last: whoever waits for it finds the browser closed.
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const CHROMIUM = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
/** How long a sign-in may take from page to page, in milliseconds. */
const PAGE_WITHIN = 20_000;
/** A page that asks again and again must not keep the browser forever. */
const MOST_PRESSES = 5;

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where the authorization request wants the browser back, or undefined for a page without such a wish. */
function landingOf(start) {
  const redirect = new URL(start).searchParams.get("redirect_uri");
  return redirect ? new URL(redirect) : undefined;
}

function isLanding(address, landing) {
  const url = new URL(address);
  return url.origin === landing.origin && url.pathname === landing.pathname;
}

/** Presses `#allow` as often as pages ask; comes back when a page has none, or on the landing page. */
async function pressAllow(page, landing) {
  for (let presses = 0; presses < MOST_PRESSES; presses += 1) {
    if (landing && isLanding(page.url(), landing)) return;
    const allow = page.locator("#allow");
    if ((await allow.count()) === 0) return;
    const before = page.url();
    await Promise.all([page.waitForNavigation({ timeout: PAGE_WITHIN }), allow.click()]);
    if (page.url() === before) await page.waitForLoadState("load");
  }
}

async function signIn(start) {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (!executablePath) throw new Error("no Chromium found; Debian: apt-get install chromium");
  const browser = await chromium.launch({ executablePath, headless: true, chromiumSandbox: false, args: FLAGS });
  try {
    const page = await browser.newPage();
    await page.goto(start, { timeout: PAGE_WITHIN });
    const landing = landingOf(start);
    await pressAllow(page, landing);
    if (landing) await page.waitForURL((url) => isLanding(url, landing), { timeout: PAGE_WITHIN });
    await page.waitForLoadState("load");
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
    console.error(`landed: ${await page.title()}`);
    return await page.innerText("body");
  } finally {
    await browser.close();
  }
}

function leaveText(path, text) {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}

const [url] = process.argv.slice(2);
if (!url) {
  console.error("usage: chromium-sign-in.mjs URL");
  process.exit(2);
}
try {
  const text = await signIn(url);
  if (process.env.PAGE_TEXT) leaveText(process.env.PAGE_TEXT, text);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
