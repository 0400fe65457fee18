// Walks the window on the made-up data as people do, by keyboard and by pointer, and holds what it shows and says.
// usage: npm run build && node tests/journeys.mjs [WORD]     a word: only the journeys whose sentence has it
import assert from 'node:assert/strict';
import adding from './journeys/adding.mjs';
import connecting from './journeys/connecting.mjs';
import list from './journeys/list.mjs';
import portal from './journeys/portal.mjs';
import settings from './journeys/settings.mjs';
import signIns from './journeys/sign-ins.mjs';
import { launch, open, serve } from './window.mjs';

const all = [...list, ...adding, ...connecting, ...signIns, ...portal, ...settings];
const journeys = all.filter(([holds]) => holds.includes(process.argv[2] ?? ''));
assert.ok(journeys.length > 0, 'no journey is called so');

const { base, end } = await serve();
const browser = await launch();
let failed = 0;
for (const [holds, scene, walk] of journeys) {
  const complaints = [];
  const context = await browser.newContext({
    viewport: { width: 900, height: 700 },
    locale: 'en-GB',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  try {
    const page = await open(context, `${base}?scene=${scene}`, complaints);
    await walk(page);
    assert.deepEqual(complaints, []);
    console.log(`ok      ${holds}`);
  } catch (error) {
    failed += 1;
    console.error(`FAILED  ${holds}\n${error.message}\n${complaints.join('\n')}`);
  }
  await context.close();
}
await browser.close();
end();
process.exitCode = failed > 0 ? 1 : 0;
