// Takes pictures of every view on the made-up data, light and dark, narrow and wide, for a person to look at.
// usage: npm run build && node tests/screens.mjs [FOLDER [VIEW...]]     CHROMIUM: another browser than /usr/bin/chromium
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { views } from './views.mjs';
import { launch, open, serve } from './window.mjs';

const folder = process.argv[2] ?? join(tmpdir(), 'keyfob-screens');

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
