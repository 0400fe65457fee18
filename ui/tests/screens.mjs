// Takes pictures of every view on the made-up data, light and dark, narrow and wide, for a person to look at.
// usage: npm run build && node tests/screens.mjs [FOLDER [VIEW...]]     CHROMIUM: another browser than /usr/bin/chromium
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { at, card, launch, open, openDetails, serve } from './window.mjs';

const folder = process.argv[2] ?? join(tmpdir(), 'keyfob-screens');
const details = (name) => (page) => openDetails(page, name);
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
  [
    'details-change-end',
    'daily',
    async (page) => {
      await details('admin')(page);
      await at(page, 'end-change').click();
    },
  ],
  ['details-signed-out', 'daily', details('sandbox')],
  [
    'signing-in',
    'daily',
    async (page) => {
      await card(page, 'sandbox').getByTestId('action-sign-in').click();
      await card(page, 'sandbox').getByRole('button', { name: 'Cancel sign-in' }).waitFor();
    },
  ],
  ['device', 'device', async () => {}],
  ['sign-in-failed-list', 'denied', async () => {}],
  ['sign-in-failed', 'denied', details('tracker')],
  ['no-browser', 'no-browser', details('sandbox')],
  ['more-rights-list', 'more', async () => {}],
  [
    'more-rights',
    'more',
    async (page) => {
      await card(page, 'admin').getByTestId('decide').click();
      await at(page, 'more-rights').waitFor();
    },
  ],
  [
    'examination-running',
    'daily',
    async (page) => {
      await details('admin')(page);
      await at(page, 'action-examine').click();
      await page.locator('[data-step=resource-match]').waitFor();
    },
  ],
  [
    'examination-works',
    'daily',
    async (page) => {
      await details('admin')(page);
      await at(page, 'action-examine').click();
      await at(page, 'verdict').waitFor();
    },
  ],
  [
    'examination-broken',
    'broken',
    async (page) => {
      await details('broken')(page);
      await at(page, 'action-examine').click();
      await at(page, 'verdict').waitFor();
      await page.locator('[data-step=issuer] summary').click();
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

const wanted = process.argv.slice(3);
const taken = views.filter(([name]) => wanted.length === 0 || wanted.includes(name));

const sizes = [
  { width: 420, height: 640 },
  { width: 900, height: 700 },
];

const { base, end } = await serve();
const browser = await launch();
await mkdir(folder, { recursive: true });
const complaints = [];
for (const colorScheme of ['light', 'dark']) {
  for (const viewport of sizes) {
    const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' });
    for (const [name, scene, act] of taken) {
      const where = `${name}-${colorScheme}-${viewport.width}`;
      const inside = [];
      const page = await open(context, `${base}?scene=${scene}`, inside);
      await act(page);
      await page.screenshot({ path: join(folder, `${where}.png`) });
      for (const width of [360, viewport.width, 1600]) {
        await page.setViewportSize({ width, height: viewport.height });
        const beyond = await page.evaluate(tooWide);
        if (beyond > 0) complaints.push(`${where}: ${beyond} px too wide at ${width} px`);
      }
      await page.close();
      complaints.push(...inside.map((text) => `${where}: ${text}`));
    }
    await context.close();
  }
}
await browser.close();
end();
console.log(`${taken.length * sizes.length * 2} pictures in ${folder}`);
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;
