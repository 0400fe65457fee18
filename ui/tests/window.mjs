// The built window in a browser, under the app's content security policy and, stricter than it, frozen prototypes.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const dist = new URL('../dist/', import.meta.url).pathname;
const settings = new URL('../../src-tauri/tauri.conf.json', import.meta.url);
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Serves the built window on loopback; answers with its address and how to end it. */
export async function serve() {
  const { app } = JSON.parse(await readFile(settings, 'utf8'));
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname).replace(/\/$/, '/index.html');
    try {
      const body = await readFile(join(dist, path));
      response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream');
      response.setHeader('content-security-policy', app.security.csp);
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { base: `http://127.0.0.1:${server.address().port}/`, end: () => server.close() };
}

/** A browser; CHROMIUM names another one than the system's. */
export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });

/** Opens the window on a scene; whatever goes wrong inside is put into `complaints`. */
export async function open(context, url, complaints) {
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.setDefaultTimeout(8_000);
  // What `freezePrototype` would do; the app may set it whenever it likes.
  await page.addInitScript(() => Object.freeze(Object.prototype));
  await page.goto(url);
  await page.locator('h1:visible').first().waitFor();
  return page;
}

export const at = (page, id) => page.getByTestId(id);
export const card = (page, name) => page.locator(`[data-testid="profile-card"][data-profile="${name}"]`);
export const openDetails = (page, name) => card(page, name).getByRole('heading').getByRole('button').click();

/** Asks the wizard for what is at an address. */
export async function lookUp(page, url) {
  await at(page, 'add-portal').click();
  await at(page, 'add-url').fill(url);
  await at(page, 'look-up').click();
}

export const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
export const badges = (page) => page.getByTestId('state-badge').allTextContents();

/** Presses Tab until the keyboard is on `id`. */
export async function tabTo(page, id) {
  for (let presses = 0; presses < 40; presses += 1) {
    if ((await focused(page)) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard cannot reach ${id}`);
}
