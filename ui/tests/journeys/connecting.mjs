// Journeys: Programs that use a portal.
import assert from 'node:assert/strict';
import { at, card, lookUp, openDetails } from '../window.mjs';

/** Each: what holds, the scene, the walk. */
export default [
  [
    'a program is disconnected after its entry was shown',
    'daily',
    async (page) => {
      assert.match(
        await card(page, 'readonly').getByTestId('connected').textContent(),
        /Claude Code, Cursor, 1 written/,
      );
      await openDetails(page, 'readonly');
      const cursor = at(page, 'profile-details').locator('[data-client=cursor]');
      await cursor.getByTestId('unlink').click();
      assert.match(
        await cursor.getByTestId('plan').textContent(),
        /taken out of \/home\/ada\/\.cursor.*-.*keyfob-readonly/s,
      );
      await cursor.getByTestId('carry-out').click();
      await cursor.getByTestId('link').waitFor();
      await page.getByText('Cursor is no longer connected to Readonly portal.').waitFor();
    },
  ],
  [
    'an old entry makes room after both were shown, and comes back',
    'empty',
    async (page) => {
      await lookUp(page, 'mcp.acme.example/mcp');
      await at(page, 'add-submit').click();
      const cursor = page.locator('[data-client=cursor]');
      await cursor.getByText('acme holds a token in the clear.').waitFor();
      await cursor.getByRole('button', { name: 'Replace: Cursor, acme' }).click();
      assert.match(
        await cursor.getByTestId('plan').textContent(),
        /acme makes room\. This entry is added to .*- *"acme".*"…".*\+.*keyfob-acme/s,
      );
      // Another way keeps what makes room.
      await cursor.locator('input[type=radio]').nth(1).check();
      await cursor
        .getByText(/"connect"/)
        .first()
        .waitFor();
      await cursor.getByText(/- .*"acme"/).waitFor();
      await cursor.getByRole('button', { name: 'Replace now' }).click();
      await cursor.getByText('Restart Cursor.').waitFor();
      await cursor.getByText(/^acme comes back when you disconnect\. The token in it goes on working/).waitFor();
      await cursor.getByTestId('unlink').waitFor();
      assert.equal(await cursor.getByTestId('replaceable').count(), 0);
      await cursor.getByTestId('unlink').click();
      assert.match(await cursor.getByTestId('plan').textContent(), /What made room comes back\. .*\+.*"acme"/s);
      await cursor.getByTestId('carry-out').click();
      await cursor.getByText('acme holds a token in the clear.').waitFor();
    },
  ],
];
