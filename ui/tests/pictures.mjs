// Takes the pictures of README and docs, on the made-up portals: run again whenever the window looks different.
// usage: npm run build && npm run pictures     CHROMIUM: another browser than /usr/bin/chromium
import { join } from 'node:path';
import { at, launch, lookUp, open, openDetails, serve } from './window.mjs';

const folder = new URL('../../docs/pictures/', import.meta.url).pathname;

/** The window with a portal's page open. */
const asWindow = {
  scene: 'daily',
  size: { width: 1120, height: 800 },
  scale: 1.5,
  act: async (page) => {
    await openDetails(page, 'readonly');
    await at(page, 'life').waitFor();
    await page.evaluate(() => {
      for (const part of document.querySelectorAll('*')) part.scrollTop = 0;
    });
    return page;
  },
};

/** The wizard's dialog, at one step. */
const asDialog = (act) => ({
  scene: 'empty',
  size: { width: 780, height: 820 },
  scale: 1,
  act: async (page) => {
    await act(page);
    await page.mouse.move(0, 0);
    return page.getByRole('dialog');
  },
});

const found = async (page) => {
  await lookUp(page, 'mcp.acme.example/mcp');
  await at(page, 'found').waitFor();
};

const pictures = {
  window: asWindow,
  'add-address': asDialog((page) => at(page, 'add-portal').click()),
  'add-found': asDialog(found),
  'add-connect': asDialog(async (page) => {
    await found(page);
    await at(page, 'add-submit').click();
    await page.locator('[data-client=cursor]').getByTestId('link').click();
    await at(page, 'plan').waitFor();
  }),
};

const { base, end } = await serve();
const browser = await launch();
const complaints = [];
for (const colorScheme of ['light', 'dark']) {
  for (const [name, { scene, size, scale, act }] of Object.entries(pictures)) {
    const wishes = { viewport: size, deviceScaleFactor: scale, colorScheme, locale: 'en-GB', reducedMotion: 'reduce' };
    const context = await browser.newContext(wishes);
    const page = await open(context, `${base}?scene=${scene}`, complaints);
    const pictured = await act(page);
    await page.evaluate(() => document.fonts.ready);
    await pictured.screenshot({ path: join(folder, `${name}-${colorScheme}.png`) });
    await context.close();
  }
}
await browser.close();
end();
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;
