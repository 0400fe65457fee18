// Journeys: A portal's page.
import assert from 'node:assert/strict';
import { at, card, openDetails } from '../window.mjs';

/** Each: what holds, the scene, the walk. */
export default [
  [
    'an examination shows each step as it goes, what to do, what was said, and gives a report',
    'broken',
    async (page) => {
      await openDetails(page, 'broken');
      await at(page, 'action-examine').click();
      const dialog = page.getByRole('dialog', { name: 'Examining broken' });
      await page.locator('[data-step=reach][data-verdict=pass]').waitFor();
      await at(page, 'verdict').getByText('The chain breaks at: Issuer').waitFor();
      const issuer = page.locator('[data-step=issuer]');
      assert.match(await issuer.textContent(), /For whoever runs the server.*Serve "issuer".*RFC 8414 §3\.3/s);
      await issuer.getByText('What was sent and received').click();
      assert.match(await issuer.locator('pre').first().textContent(), /^GET https:\/\/login\.broken/);
      await dialog.getByRole('button', { name: 'Copy the report' }).click();
      await dialog.getByText('Copied').waitFor();
      assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^# keyfob doctor: https:\/\/broken/);
      await at(page, 'examine-again').click();
      await at(page, 'verdict').waitFor({ state: 'detached' });
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
    },
  ],
  [
    'the details tell account, issuer, ends, deliveries and what went wrong with one',
    'daily',
    async (page) => {
      await openDetails(page, 'admin');
      const text = await at(page, 'profile-details').textContent();
      const facts = ['ada@example.com', 'https://login.mcpa.example.com', 'admin:sites', 'set by you', 'it is locked'];
      for (const fact of [...facts, 'Runs out in']) assert.ok(text.includes(fact), fact);
      assert.equal(await at(page, 'profile-details').getByRole('img').count(), 2);
    },
  ],
  [
    'a life is drawn, told in a table, and read entry by entry',
    'daily',
    async (page) => {
      await openDetails(page, 'readonly');
      const life = page.getByRole('region', { name: 'Its life' });
      await life.getByRole('table', { name: 'Its life: Week' }).waitFor();
      const drawn = () => at(page, 'time-line').locator('rect').count();
      const week = await drawn();
      assert.ok(week > 40, `${week} marks`);
      assert.match(await life.getByRole('row', { name: /Renewals/ }).textContent(), /^Renewals\d+[1-9]$/);
      await life.getByRole('button', { name: 'Day' }).click();
      await life.getByRole('table', { name: 'Its life: Day' }).waitFor();
      assert.ok((await drawn()) < week);
      assert.equal(await at(page, 'journal').getByRole('listitem').count(), 6);
      await at(page, 'journal-more').click();
      await at(page, 'journal')
        .getByText(/Renewal did not work: no connection/)
        .first()
        .waitFor();
      await at(page, 'journal')
        .getByText(/Handed out to claude/)
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'Copy: Signs in at' }).click();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'https://login.mcpr.example.com');
    },
  ],
  [
    'pausing offers to resume, and there is a place for what is only said',
    'daily',
    async (page) => {
      assert.equal(await at(page, 'spoken').getAttribute('role'), 'status');
      await openDetails(page, 'readonly');
      await at(page, 'action-pause').click();
      await at(page, 'profile-details').getByRole('button', { name: 'Resume' }).waitFor();
      assert.equal(await at(page, 'profile-details').getAttribute('data-state'), 'paused');
    },
  ],
  [
    'an unknown end is asked for once, "not known" stays an answer, and a better one can be given later',
    'daily',
    async (page) => {
      await openDetails(page, 'wiki');
      await page.getByRole('region', { name: 'When does this sign-in end?' }).waitFor();
      assert.match(await at(page, 'end-question').textContent(), /After 30 days.*Cloudflare/);
      await at(page, 'end-not-known').click();
      await at(page, 'end-question').waitFor({ state: 'detached' });
      assert.match(await at(page, 'profile-details').textContent(), /End of the sign-in not known/);
      await at(page, 'end-change').click();
      await at(page, 'end-days').fill('soon');
      await page.getByText('A whole number of days').waitFor();
      await at(page, 'end-days').fill('14');
      await page.keyboard.press('Enter');
      await page.getByText(/Sign-in ends in 10 days.*set by you/).waitFor();
      assert.equal(await at(page, 'end-question').count(), 0);
    },
  ],
  [
    'from right to left, lines and time run from the right as well',
    'daily',
    async (page) => {
      await openDetails(page, 'readonly');
      await at(page, 'time-line').waitFor();
      const sides = () =>
        page.evaluate(() => {
          const box = (one) => one.getBoundingClientRect();
          const drawing = document.querySelector('[data-testid=time-line]');
          const line = document.querySelector('[data-profile=admin] [role=img]');
          const marks = [...drawing.querySelectorAll('rect[rx]')].map((mark) => box(mark).x);
          return {
            // The only sign-in is long ago: its mark is the first one.
            old: marks[0] > box(drawing).x + box(drawing).width / 2 ? 'right' : 'left',
            left: box(line.firstElementChild).x > box(line).x + 1 ? 'right' : 'left',
          };
        });
      assert.deepEqual(await sides(), { old: 'left', left: 'left' });
      await page.evaluate(() => {
        document.documentElement.dir = 'rtl';
      });
      assert.deepEqual(await sides(), { old: 'right', left: 'right' });
    },
  ],
  [
    'removing asks first and then leaves nothing',
    'daily',
    async (page) => {
      await openDetails(page, 'readonly');
      await at(page, 'action-remove').click();
      await page.getByRole('dialog', { name: 'Remove Readonly portal?' }).waitFor();
      await at(page, 'confirm-remove').click();
      await card(page, 'readonly').waitFor({ state: 'detached' });
      assert.equal(await at(page, 'profile-details').count(), 0);
    },
  ],
];
