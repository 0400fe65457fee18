// Journeys: Signing in, and what is asked on the way.
import assert from 'node:assert/strict';
import { at, card, openDetails } from '../window.mjs';

/** Each: what holds, the scene, the walk. */
export default [
  [
    'a sign-in is given up without a complaint and the card is as before',
    'daily',
    async (page) => {
      await card(page, 'sandbox').getByTestId('action-sign-in').click();
      await card(page, 'sandbox').getByRole('button', { name: 'Cancel sign-in' }).click();
      await card(page, 'sandbox').getByText('Signed out', { exact: true }).waitFor();
      assert.equal(await at(page, 'toast').count(), 0);
    },
  ],
  [
    'a code to be typed is large, copied, pictured, counted down and given up',
    'no-browser',
    async (page) => {
      await card(page, 'device-tv').getByTestId('action-sign-in').click();
      const panel = at(page, 'profile-details').getByRole('region', { name: 'Enter this code' });
      await panel.getByText('WDJB-MJHT').waitFor();
      assert.match(await panel.getByTestId('countdown').textContent(), /^Ends in (10:00|9:5\d)$/);
      assert.match(await panel.textContent(), /Allow it only at login\.example\.com, and only with this very code/);
      await panel.getByRole('img', { name: /QR code/ }).waitFor();
      await panel.getByRole('button', { name: 'Copy: the code' }).click();
      await panel.getByText('Copied').waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'WDJB-MJHT');
      await at(page, 'profile-details').getByTestId('cancel-sign-in').click();
      await at(page, 'device-panel').first().waitFor({ state: 'detached' });
      assert.equal(await at(page, 'toast').count(), 0);
    },
  ],
  [
    'a sign-in that was refused says so until it is tried again or dismissed',
    'denied',
    async (page) => {
      await openDetails(page, 'tracker');
      const failed = at(page, 'profile-details').getByTestId('sign-in-failed');
      assert.match(await failed.textContent(), /declined/);
      assert.doesNotMatch(await failed.textContent(), /keyfob sign-in/);
      await failed.getByRole('button', { name: 'Try again' }).click();
      await at(page, 'toast').getByText('tracker is signed in.').waitFor();
    },
  ],
  [
    'another account than before is asked about',
    'account',
    async (page) => {
      await openDetails(page, 'readonly');
      const question = at(page, 'profile-details').getByTestId('other-account');
      assert.match(
        await question.textContent(),
        /bob@example\.com has signed in\. Until now this was ada@example\.com/,
      );
      await question.getByRole('button', { name: 'Go on as bob@example.com' }).click();
      await card(page, 'readonly').getByText('bob@example.com').waitFor();
      assert.equal(await at(page, 'other-account').count(), 0);
    },
  ],
  [
    'more rights are decided about before a browser opens',
    'more',
    async (page) => {
      await openDetails(page, 'admin');
      await at(page, 'profile-details').getByTestId('action-sign-in').click();
      const question = page.getByRole('dialog', { name: 'Claude Code and Zed need more rights' });
      assert.match(await question.textContent(), /in addition.*write.*admin:sites.*Allowed now.*read/s);
      await page.keyboard.press('Escape');
      await question.waitFor({ state: 'detached' });
      await card(page, 'admin').getByTestId('decide').click();
      await at(page, 'decline-more').click();
      await question.waitFor({ state: 'detached' });
      assert.equal(await at(page, 'decide').count(), 0);
      assert.equal(await card(page, 'admin').getAttribute('data-state'), 'active');
    },
  ],
];
