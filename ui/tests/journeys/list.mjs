// Journeys: The first look and the list.
import assert from 'node:assert/strict';
import { at, badges, card, focused } from '../window.mjs';

/** Each: what holds, the scene, the walk. */
export default [
  [
    'the first look has one heading and two ways on',
    'empty',
    async (page) => {
      assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), 'Keep your MCP sign-ins alive');
      assert.equal(await page.getByRole('main').getByRole('button').count(), 2);
      await page.getByRole('button', { name: 'Try the demo' }).click();
      await card(page, 'demo-notes').waitFor();
      assert.deepEqual(await badges(page), ['Signed in', 'Signed in']);
    },
  ],
  [
    'the list begins with what needs someone and says each state in words',
    'daily',
    async (page) => {
      const states = ['Sign-in needed', 'Offline', 'Ends soon', 'Signed in', 'Paused', 'Signed out'];
      assert.deepEqual(await badges(page), states);
      assert.equal(await page.getByRole('main').getByRole('listitem').count(), states.length);
      const counted = await at(page, 'overview').getByRole('listitem').allTextContents();
      assert.deepEqual(
        counted,
        states.map((state) => `1 ${state.toLowerCase()}`),
      );
      assert.match(await card(page, 'admin').textContent(), /ada@example\.com · mcpa\.example\.com/);
      assert.match(await card(page, 'admin').textContent(), /Can change things/);
    },
  ],
  [
    'two hundred portals are searched and walked by keyboard',
    'many',
    async (page) => {
      assert.equal(await at(page, 'profile-card').count(), 202);
      await page.keyboard.press('/');
      assert.equal(await focused(page), 'search');
      await page.keyboard.type('docs team1.');
      await page.getByText('1 of 202').waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.locator('[data-testid=profile-details][data-profile=docs-1]').waitFor();
      await at(page, 'search').fill('nobody');
      await page.getByText('No portal has all of these words.').waitFor();
      await page.keyboard.press('Escape');
      await page.getByText('Something needs you').waitFor();
    },
  ],
  [
    'who comes from outside arrives at the wizard, at a portal, or at its programs',
    'daily',
    async (page) => {
      const go = (place) =>
        page.evaluate((to) => {
          window.location.hash = to;
        }, place);
      await go('portal/wiki');
      await page.locator('[data-testid=profile-details][data-profile=wiki]').waitFor();
      await go('connect/readonly');
      await page.locator('[data-testid=profile-details][data-profile=readonly]').waitFor();
      await page.locator('[data-testid=connect] button:focus').waitFor();
      await go('add');
      await page.getByRole('dialog', { name: 'Add a portal' }).waitFor();
      await page.keyboard.press('Escape');
      await page.goto(`${page.url().split('?')[0]}?scene=well#connect/archive`);
      await page.locator('[data-testid=profile-details][data-profile=archive]').waitFor();
      assert.equal(new URL(page.url()).hash, '');
    },
  ],
];
