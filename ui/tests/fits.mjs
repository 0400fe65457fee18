// Every view of the window at every width, zoomed, from right to left and in each palette: nothing beyond the window, cut off
// or overlapping, nothing that axe-core calls serious, every action in the keyboard's reach, and stillness where it is wished.
// usage: npm run build && node tests/fits.mjs [VIEW...]     CHROMIUM: another browser than /usr/bin/chromium
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { focusedNow, geometry, layoutFaults, moving, reachable } from './geometry.mjs';
import { PASSING, views } from './views.mjs';
import { launch, open, serve } from './window.mjs';

const HEIGHT = 700;
/** Where each view is brought about. */
const USUAL = { width: 1024, height: HEIGHT };
/** In CSS pixels: the widths of windows, and what a zoom of 200 % leaves of them. */
const WIDTHS = [360, 640, 1024, 1600];
const ZOOMED = [180, 320, 512, 800];

/** Palettes, as a person's system wishes for them. */
const PALETTES = {
  dark: { colorScheme: 'dark', forcedColors: 'none', contrast: 'no-preference' },
  'forced colours': { colorScheme: 'dark', forcedColors: 'active', contrast: 'no-preference' },
};

/** Views that have every kind of part between them, for the palette that the system chooses; two hundred cards are no kind. */
const OF_EACH_KIND = ['list', 'details-well', 'device', 'add-found', 'add-connect', 'more-rights', 'settings', 'toast'];

/** All rules look at the usual palette, and those that a palette changes at each other one. */
const ALL_RULES = { rules: { 'target-size': { enabled: true } } };
const COLOUR_RULES = { runOnly: ['color-contrast', 'link-in-text-block'] };

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe-core calls serious or worse. */
async function axeFaults(page, options) {
  const found = await page.evaluate(async (wish) => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ['violations'], ...wish });
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, any }) => `${id}: ${html.slice(0, 120)} ${any[0]?.message ?? ''}`),
      );
  }, options);
  return found;
}

/** The layout at every width, from both sides; the window is left as it was found. */
async function fitsEverywhere(page, complain) {
  for (const direction of ['ltr', 'rtl']) {
    await page.evaluate((dir) => {
      document.documentElement.dir = dir;
    }, direction);
    for (const width of direction === 'ltr' ? [...ZOOMED, ...WIDTHS] : WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      for (const fault of await page.evaluate(layoutFaults)) complain(`${width} px, ${direction}: ${fault}`);
    }
  }
  await page.evaluate(() => {
    document.documentElement.dir = 'ltr';
  });
  await page.setViewportSize(USUAL);
}

/** Tab goes once through everything, in an order for reading, and can be seen wherever it is. */
async function isWalkedByKeyboard(page, complain) {
  const count = await page.evaluate(reachable);
  const seen = new Set();
  let before = null;
  await page.evaluate(() => document.activeElement?.blur());
  // What scrolls is a stop, too, and so is the browser's own bar.
  for (let presses = 0; presses < 2 * count + 5 && seen.size < count; presses += 1) {
    await page.keyboard.press('Tab');
    const now = await page.evaluate(focusedNow);
    if (!now) continue;
    if (!now.ring) complain(`keyboard: nothing shows that it is on "${now.name}"`);
    if (!now.isSeen) complain(`keyboard: it is on "${now.name}", out of sight`);
    const isOn = before && before.region === now.region && now.place > before.place;
    if (isOn && now.bottom <= before.top) complain(`keyboard: from "${before.name}" it goes up to "${now.name}"`);
    if (now.place !== null) seen.add(now.place);
    before = now;
  }
  const missed = await page.evaluate(
    (places) =>
      [...document.querySelectorAll('[data-reach]')]
        .filter((one) => !places.includes(Number(one.dataset.reach)))
        .map((one) => one.outerHTML.slice(0, 100)),
    [...seen],
  );
  for (const one of missed) complain(`keyboard: it does not reach ${one}`);
}

/** Escape leaves a dialog, and the keyboard is where it was. */
async function isLeftByEscape(page, complain) {
  const dialogs = page.getByRole('dialog');
  if ((await dialogs.count()) === 0) return;
  await page.keyboard.press('Escape');
  await dialogs
    .first()
    .waitFor({ state: 'detached', timeout: 2_000 })
    .catch(() => complain('Escape does not close it'));
  await page
    .waitForFunction(() => document.activeElement !== document.body, null, { timeout: 2_000 })
    .catch(() => complain('after Escape the keyboard is nowhere'));
}

async function examine(context, base, [name, scene, act], complaints) {
  const complain = (words) => complaints.push(`${name}: ${words}`);
  const inside = [];
  const page = await open(context, `${base}?scene=${scene}`, inside);
  await act(page);
  await page.evaluate(axe);
  await page.evaluate(geometry);
  for (const fault of await axeFaults(page, ALL_RULES)) complain(`axe: ${fault}`);
  for (const [palette, wish] of Object.entries(PALETTES)) {
    if (name === 'many' || (palette === 'forced colours' && !OF_EACH_KIND.includes(name))) continue;
    await page.emulateMedia(wish);
    for (const fault of await axeFaults(page, COLOUR_RULES)) complain(`axe, ${palette}: ${fault}`);
  }
  await page.emulateMedia({ colorScheme: 'light', forcedColors: 'none', contrast: 'no-preference' });
  await fitsEverywhere(page, complain);
  const still = await page.evaluate(moving);
  if (still.length > 0) complain(`it moves although nothing should: ${still.join(', ')}`);
  if (name !== 'many' && !PASSING.includes(name)) await isWalkedByKeyboard(page, complain);
  await isLeftByEscape(page, complain);
  await page.close();
  for (const text of inside) complain(text);
}

/** A wrong look of one element, and the words that must come of it. */
const SPOILT = [
  ['[data-testid=add-portal]', { minWidth: '2000px' }, 'is outside the window'],
  ['[data-testid=add-portal]', { marginInlineEnd: '-40px', position: 'relative', left: '-60px' }, 'overlap'],
  ['main h1', { height: '6px', overflow: 'hidden' }, 'is cut off by'],
  ['main h1', { marginBottom: '-18px' }, 'lie over each other'],
  ['main h1', { width: '2000px' }, 'px sideways'],
  ['main h1', { color: '#dddddd' }, 'color-contrast'],
  ['[data-testid=add-portal]', { outline: 'none' }, 'nothing shows that it is on'],
];

/** That the eyes of this test see: what is spoilt is complained of, and where motion is welcome, something moves. */
async function theEyesSee(browser, base, complaints) {
  const context = await browser.newContext({ viewport: USUAL, locale: 'en-GB', reducedMotion: 'no-preference' });
  const waiting = await open(context, `${base}?scene=device`, complaints);
  if ((await waiting.evaluate(moving)).length === 0) complaints.push('nothing moves even where motion is welcome');
  await waiting.close();
  const page = await open(context, `${base}?scene=daily`, complaints);
  await page.evaluate(axe);
  await page.evaluate(geometry);
  for (const [selector, wrong, words] of SPOILT) {
    const spoilt = page.locator(selector).first();
    await spoilt.evaluate((one, how) => Object.assign(one.style, how), wrong);
    const seen = await page.evaluate(layoutFaults);
    if (wrong.color) seen.push(...(await axeFaults(page, COLOUR_RULES)));
    if (wrong.outline) await isWalkedByKeyboard(page, (fault) => seen.push(fault));
    if (!seen.some((fault) => fault.includes(words))) complaints.push(`not seen: ${words}; but ${seen.join('; ')}`);
    await spoilt.evaluate((one) => one.removeAttribute('style'));
  }
  await context.close();
}

const wanted = process.argv.slice(2);
const taken = views.filter(([name]) => wanted.length === 0 || wanted.includes(name));
const { base, end } = await serve();
const browser = await launch();
const complaints = [];
await theEyesSee(browser, base, complaints);
const scenes = await readFile(new URL('../src/ipc/scenes.ts', import.meta.url), 'utf8');
for (const [, scene] of scenes.matchAll(/^ {2}'?([a-z-]+)'?: \(\) =>/gm)) {
  if (!views.some(([, shown]) => shown === scene)) complaints.push(`no view shows the scene ${scene}`);
}
const queue = [...taken];
const walkers = Array.from({ length: Math.max(3, Math.min(4, cpus().length)) }, async () => {
  const context = await browser.newContext({ viewport: USUAL, locale: 'en-GB', reducedMotion: 'reduce' });
  for (let view = queue.shift(); view; view = queue.shift()) {
    const [name] = view;
    await examine(context, base, view, complaints).catch((error) => complaints.push(`${name}: ${error.message}`));
  }
  await context.close();
});
await Promise.all(walkers);
await browser.close();
end();
for (const complaint of [...new Set(complaints)]) console.error(complaint);
console.log(`${taken.length} views looked at, ${complaints.length} complaints`);
process.exitCode = complaints.length > 0 ? 1 : 0;
