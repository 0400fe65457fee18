// Compares every view of the window, light and dark, with the picture of it that somebody approved (docs/adr/0018).
// usage: npm run build && npm run looks                    compares; what differs is put into a folder that is named
//        npm run build && npm run looks -- --approve [VIEW...]   takes the pictures anew; look at each before you commit it
// CHROMIUM: another browser than /usr/bin/chromium. Approving needs ImageMagick's convert.
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pixelmatch from 'pixelmatch';
import { PNG } from 'pngjs';
import { PASSING, views } from './views.mjs';
import { launch, open, serve } from './window.mjs';

const approved = new URL('looks/', import.meta.url).pathname;
const differing = join(tmpdir(), 'keyfob-looks');

/** The window's usual size; a picture has one pixel for nine of it. */
const SIZE = { width: 900, height: 639 };
const PART = 3;
const COLOURS = 256;
/** Finer differences come from the 256 colours, and from one Chromium to the next. */
const THRESHOLD = 0.05;
/** Three times what one machine was seen to differ from itself; a changed word is more. */
const TOLERATED = 20;

/** Every pixel the mean of nine: letters become shades, which do not depend on how their edges were smoothed. */
function shrunk(large) {
  const small = new PNG({ width: large.width / PART, height: large.height / PART });
  for (let at = 0; at < small.data.length; at += 1) {
    const [pixel, channel] = [Math.floor(at / 4), at % 4];
    const [x, y] = [(pixel % small.width) * PART, Math.floor(pixel / small.width) * PART];
    let sum = 0;
    for (let part = 0; part < PART * PART; part += 1) {
      const [right, down] = [part % PART, Math.floor(part / PART)];
      sum += large.data[((y + down) * large.width + x + right) * 4 + channel];
    }
    small.data[at] = Math.round(sum / (PART * PART));
  }
  return small;
}

/** Takes one view's pictures, light and dark. */
async function pictured(context, base, [name, scene, act], complaints) {
  const page = await open(context, `${base}?scene=${scene}`, complaints);
  // The one font that is not the window's own: the one that scripts/setup.sh installs.
  await page.evaluate(() => document.documentElement.style.setProperty('--font-mono', '"DejaVu Sans Mono"'));
  await act(page);
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.fonts.ready);
  const pictures = [];
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const screenshot = await page.screenshot({ animations: 'disabled' });
    pictures.push([`${name}-${colorScheme}.png`, shrunk(PNG.sync.read(screenshot))]);
  }
  await page.close();
  return pictures;
}

async function approve(file, picture) {
  const words = [
    '-',
    '+dither',
    '-strip',
    '-define',
    'png:exclude-chunks=date,time',
    '-colors',
    String(COLOURS),
    'png8:-',
  ];
  await writeFile(join(approved, file), execFileSync('convert', words, { input: PNG.sync.write(picture) }));
}

/** What differs, in words; nothing where it looks as approved. */
async function difference(file, picture) {
  const known = await readFile(join(approved, file)).then(PNG.sync.read, () => null);
  if (!known) return `${file} was never approved`;
  const { width, height } = picture;
  if (known.width !== width || known.height !== height) return `${file} has another size`;
  const marked = new PNG({ width, height });
  const options = { threshold: THRESHOLD, includeAA: true };
  const count = pixelmatch(known.data, picture.data, marked.data, width, height, options);
  if (count <= TOLERATED) return null;
  await mkdir(differing, { recursive: true });
  await writeFile(join(differing, file), PNG.sync.write(picture));
  await writeFile(join(differing, `difference-${file}`), PNG.sync.write(marked));
  return `${file} looks different in ${count} places: ${join(differing, file)} and, marked, difference-${file}`;
}

/** That the eye of this test sees: one title set wider is another look. */
async function theEyeSees(browser, base, complaints) {
  const context = await browser.newContext({
    viewport: SIZE,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  const [name, scene] = views.find(([view]) => view === 'first-run');
  const widen = (page) => page.locator('h1').evaluate((title) => title.style.setProperty('letter-spacing', '0.02em'));
  const [[file, picture]] = await pictured(context, base, [name, scene, widen], complaints);
  if ((await difference(file, picture)) === null) complaints.push('a changed look is not seen');
  await context.close();
}

const words = process.argv.slice(2);
const approves = words.includes('--approve');
const wanted = words.filter((word) => word !== '--approve');
const taken = views.filter(([name]) => !PASSING.includes(name) && (wanted.length === 0 || wanted.includes(name)));
const { base, end } = await serve();
const browser = await launch();
const complaints = [];
await mkdir(approved, { recursive: true });
const queue = [...taken];
const painters = Array.from({ length: 3 }, async () => {
  const wishes = { viewport: SIZE, locale: 'en-GB', timezoneId: 'UTC', reducedMotion: 'reduce' };
  const context = await browser.newContext(wishes);
  // A Saturday in summer, so that no date of the made-up world ever changes.
  await context.clock.setFixedTime(new Date('2026-06-20T12:00:00Z'));
  for (let view = queue.shift(); view; view = queue.shift()) {
    const pictures = await pictured(context, base, view, complaints).catch((error) => {
      complaints.push(`${view[0]}: ${error.message}`);
      return [];
    });
    for (const [file, picture] of pictures) {
      if (approves) await approve(file, picture);
      else complaints.push(await difference(file, picture));
    }
  }
  await context.close();
});
await Promise.all(painters);
if (!approves) await theEyeSees(browser, base, complaints);
await browser.close();
end();
for (const file of await readdir(approved)) {
  const name = file.replace(/-(light|dark)\.png$/, '');
  if (!views.some(([view]) => view === name)) complaints.push(`${file} is of no view: delete it`);
}
const said = complaints.filter((complaint) => complaint !== null);
for (const complaint of said) console.error(complaint);
if (said.length > 0 && !approves)
  console.error('As it should be? npm run looks -- --approve VIEW…, look at it, commit it.');
console.log(`${taken.length} views ${approves ? 'approved' : 'compared'} in light and dark, ${said.length} complaints`);
process.exitCode = said.length > 0 ? 1 : 0;
