// Takes the pictures of the README, on the made-up portals: run again whenever the window looks different.
// usage: npm run build && npm run pictures     CHROMIUM: another browser than /usr/bin/chromium
import { join } from 'node:path';
import { at, launch, open, openDetails, serve } from './window.mjs';

const folder = new URL('../../docs/pictures/', import.meta.url).pathname;
const { base, end } = await serve();
const browser = await launch();
const complaints = [];
for (const theme of ['light', 'dark']) {
  const context = await browser.newContext({
    viewport: { width: 1120, height: 800 },
    deviceScaleFactor: 1.5,
    colorScheme: theme,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  const page = await open(context, `${base}?scene=daily`, complaints);
  await openDetails(page, 'readonly');
  await at(page, 'life').waitFor();
  await page.evaluate(() => document.fonts.ready);
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.evaluate(() => {
    for (const part of document.querySelectorAll('*')) part.scrollTop = 0;
  });
  await page.screenshot({ path: join(folder, `window-${theme}.png`) });
  await context.close();
}
await browser.close();
end();
for (const complaint of complaints) console.error(complaint);
process.exitCode = complaints.length > 0 ? 1 : 0;
