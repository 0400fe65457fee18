// Takes pictures of every view on the made-up data, light and dark, narrow and wide, for a person to look at.
// usage: npm run build && node tests/screens.mjs [FOLDER]     CHROMIUM: another browser than /usr/bin/chromium
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';

const dist = new URL('../dist/', import.meta.url).pathname;
const folder = process.argv[2] ?? join(tmpdir(), 'keyfob-screens');
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** The built window under the app's own content security policy. */
const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, 'http://x').pathname).replace(/\/$/, '/index.html');
  try {
    const body = await readFile(join(dist, path));
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream');
    response.setHeader('content-security-policy', "default-src 'self'; form-action 'none'; base-uri 'none'");
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const base = `http://127.0.0.1:${server.address().port}/`;

const at = (page, id) => page.getByTestId(id);
const card = (page, name) => page.locator(`[data-testid="profile-card"][data-profile="${name}"]`);
const details = (name) => async (page) => {
  await card(page, name).getByRole('heading').getByRole('button').click();
};
const fillIn = async (page, url) => {
  await at(page, 'add-portal').click();
  await at(page, 'add-url').fill(url);
  await at(page, 'look-up').click();
};

/** Name, scene, and what to do before the picture. */
const views = [
  ['first-run', 'empty', async () => {}],
  ['list', 'daily', async () => {}],
  ['list-well-offer', 'well', async (page) => at(page, 'start-at-login-yes').waitFor()],
  ['list-trouble', 'trouble', async () => {}],
  ['details-well', 'daily', details('readonly')],
  ['details-soon', 'daily', details('admin')],
  ['details-act', 'daily', details('tracker')],
  ['details-offline', 'daily', details('wiki')],
  ['details-signed-out', 'daily', details('sandbox')],
  [
    'signing-in',
    'daily',
    async (page) => {
      await card(page, 'sandbox').getByTestId('action-sign-in').click();
      await card(page, 'sandbox').getByRole('button', { name: 'Cancel sign-in' }).waitFor();
    },
  ],
  [
    'remove',
    'daily',
    async (page) => {
      await details('readonly')(page);
      await at(page, 'action-remove').click();
    },
  ],
  ['add-empty', 'daily', async (page) => at(page, 'add-portal').click()],
  [
    'add-found',
    'empty',
    async (page) => {
      await fillIn(page, 'mcp.acme.example/mcp');
      await at(page, 'found').waitFor();
    },
  ],
  [
    'add-options',
    'empty',
    async (page) => {
      await fillIn(page, 'https://given.example.com/mcp');
      await at(page, 'found').waitFor();
      await at(page, 'add-submit').scrollIntoViewIfNeeded();
    },
  ],
  [
    'add-problem',
    'empty',
    async (page) => {
      await fillIn(page, 'https://down.example.com/mcp');
      await page.getByRole('alert').waitFor();
      await at(page, 'add-name').fill('No Good');
    },
  ],
  [
    'toast',
    'daily',
    async (page) => {
      await details('wiki')(page);
      await at(page, 'action-refresh').click();
      await at(page, 'toast').waitFor();
    },
  ],
  [
    'added-and-signed-in',
    'empty',
    async (page) => {
      await fillIn(page, 'mcp.acme.example/mcp');
      await at(page, 'add-submit').click();
      await at(page, 'toast').waitFor();
    },
  ],
];

/** How far anything reaches beyond the window or the box that scrolls it. */
function tooWide() {
  const boxes = [document.documentElement, ...document.querySelectorAll('main, aside, dialog')];
  return Math.max(...boxes.map((box) => box.scrollWidth - box.clientWidth));
}

const sizes = [
  { width: 420, height: 640 },
  { width: 900, height: 700 },
];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
await mkdir(folder, { recursive: true });
const complaints = [];
for (const colorScheme of ['light', 'dark']) {
  for (const viewport of sizes) {
    const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' });
    for (const [name, scene, act] of views) {
      const page = await context.newPage();
      const where = `${name}-${colorScheme}-${viewport.width}`;
      page.on('console', (message) => message.type() === 'error' && complaints.push(`${where}: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(`${where}: ${error.message}`));
      page.setDefaultTimeout(8_000);
      await page.goto(`${base}?scene=${scene}`);
      await page.locator('h1').first().waitFor();
      await act(page);
      await page.screenshot({ path: join(folder, `${where}.png`) });
      for (const width of [360, viewport.width, 1600]) {
        await page.setViewportSize({ width, height: viewport.height });
        const beyond = await page.evaluate(tooWide);
        if (beyond > 0) complaints.push(`${where}: ${beyond} px too wide at ${width} px`);
      }
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
server.close();
console.log(`${views.length * sizes.length * 2} pictures in ${folder}`);
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;
