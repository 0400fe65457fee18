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
  [
    'details-well',
    'daily',
    async (page) => {
      await details('readonly')(page);
      await at(page, 'life').waitFor();
    },
  ],
  [
    'details-connect',
    'daily',
    async (page) => {
      await details('readonly')(page);
      await at(page, 'life').waitFor();
      await at(page, 'technical').scrollIntoViewIfNeeded();
    },
  ],
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
  ['other-account', 'account', details('readonly')],
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
  ['add-address', 'empty', async (page) => at(page, 'add-portal').click()],
  [
    'add-looking',
    'empty',
    async (page) => {
      await fillIn(page, 'mcp.acme.example/mcp');
      await page.locator('[data-step=authorization-servers]').waitFor();
    },
  ],
  [
    'add-found',
    'empty',
    async (page) => {
      await fillIn(page, 'mcp.acme.example/mcp');
      await at(page, 'found').waitFor();
    },
  ],
  [
    'add-machine',
    'empty',
    async (page) => {
      await fillIn(page, 'https://given.example.com/mcp');
      await page.locator('input[value=client-credentials]').check();
      await page.locator('input[value=key]').check();
      await at(page, 'add-submit').click();
      await at(page, 'add-submit').scrollIntoViewIfNeeded();
    },
  ],
  [
    'add-problem',
    'empty',
    async (page) => {
      await fillIn(page, 'https://broken.example.com/mcp');
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'add-device',
    'empty',
    async (page) => {
      await fillIn(page, 'https://device.example.com/mcp');
      await page.locator('input[value=device]').check();
      await at(page, 'add-name').fill('device-hall');
      await at(page, 'add-submit').click();
      await at(page, 'wizard').getByTestId('device-panel').waitFor();
    },
  ],
  [
    'add-ready',
    'empty',
    async (page) => {
      await fillIn(page, 'mcp.acme.example/mcp');
      await at(page, 'add-submit').click();
      await at(page, 'connect').waitFor();
    },
  ],
  [
    'add-connect',
    'empty',
    async (page) => {
      await fillIn(page, 'mcp.acme.example/mcp');
      await at(page, 'add-submit').click();
      await page.locator('[data-client=cursor]').getByTestId('link').click();
      await at(page, 'plan').waitFor();
    },
  ],
  [
    'settings',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'files-others').waitFor();
    },
  ],
  [
    'settings-move',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'store-move').click();
      await page.locator('input[value=passphrase]').check();
      await at(page, 'passphrase').fill('correct horse');
      await at(page, 'store-move-now').click();
    },
  ],
  ['locked', 'passphrase', async () => {}],
  ['locked-unlock', 'passphrase', async (page) => at(page, 'unlock').click()],
  [
    'locked-settings',
    'passphrase',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'settings-store').scrollIntoViewIfNeeded();
    },
  ],
  [
    'settings-files',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'files-kept').scrollIntoViewIfNeeded();
    },
  ],
  [
    'settings-port',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'proxy-change').click();
      await at(page, 'proxy-port').fill('80');
      await at(page, 'proxy-set').click();
    },
  ],
  ['many', 'many', async (page) => at(page, 'search').waitFor()],
  ['many-found', 'many', async (page) => at(page, 'search').fill('docs team1')],
  [
    'toast',
    'daily',
    async (page) => {
      await details('wiki')(page);
      await at(page, 'action-refresh').click();
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
      // A language that is written from right to left.
      await page.evaluate(() => {
        document.documentElement.dir = 'rtl';
      });
      for (const width of [360, 1600]) {
        await page.setViewportSize({ width, height: viewport.height });
        const beyond = await page.evaluate(tooWide);
        if (beyond > 0) complaints.push(`${where}: ${beyond} px too wide at ${width} px from right to left`);
      }
      await page.close();
      complaints.push(...inside.map((text) => `${where}: ${text}`));
    }
    await context.close();
  }
}
// For whoever needs stronger lines: the system's own palette, and more contrast.
for (const [kind, wish] of [
  ['forced', { forcedColors: 'active' }],
  ['contrast', { contrast: 'more' }],
]) {
  const context = await browser.newContext({ ...wish, viewport: sizes[1], locale: 'en-GB', reducedMotion: 'reduce' });
  for (const [name, scene, act] of taken.filter(([name]) => ['list', 'details-well', 'more-rights'].includes(name))) {
    const page = await open(context, `${base}?scene=${scene}`, complaints);
    await act(page);
    await page.screenshot({ path: join(folder, `${name}-${kind}.png`) });
    await page.close();
  }
  await context.close();
}
await browser.close();
end();
console.log(`${taken.length * sizes.length * 2} pictures in ${folder}`);
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;
