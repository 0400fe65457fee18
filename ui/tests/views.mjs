// Every view of the window on the made-up data, for whoever looks at all of them: pictures, geometry, keyboard, axe.
import { at, card, lookUp, openDetails } from './window.mjs';

/** The portal of the scene `long`. */
const wordy = 'donaudampfschifffahrtsgesellschaftskapitaen-of-the-second-fleet';
const details = (name) => (page) => openDetails(page, name);

/** Name, scene, and what to do until the view stands. */
export const views = [
  ['first-run', 'empty', async () => {}],
  ['list', 'daily', async () => {}],
  ['list-well-offer', 'well', async (page) => at(page, 'start-at-login-yes').waitFor()],
  ['list-trouble', 'trouble', async () => {}],
  [
    'details-well',
    'daily',
    async (page) => {
      await details('readonly')(page);
      await at(page, 'life').waitFor();
    },
  ],
  [
    'details-connect',
    'daily',
    async (page) => {
      await details('readonly')(page);
      await at(page, 'life').waitFor();
      await at(page, 'technical').scrollIntoViewIfNeeded();
    },
  ],
  ['details-soon', 'daily', details('admin')],
  ['details-act', 'daily', details('tracker')],
  ['details-offline', 'daily', details('wiki')],
  [
    'details-change-end',
    'daily',
    async (page) => {
      await details('admin')(page);
      await at(page, 'end-change').click();
    },
  ],
  ['details-signed-out', 'daily', details('sandbox')],
  [
    'signing-in',
    'daily',
    async (page) => {
      await card(page, 'sandbox').getByTestId('action-sign-in').click();
      await card(page, 'sandbox').getByRole('button', { name: 'Cancel sign-in' }).waitFor();
    },
  ],
  ['device', 'device', async () => {}],
  ['sign-in-failed-list', 'denied', async () => {}],
  ['sign-in-failed', 'denied', details('tracker')],
  ['other-account', 'account', details('readonly')],
  ['no-browser', 'no-browser', details('sandbox')],
  ['more-rights-list', 'more', async () => {}],
  [
    'more-rights',
    'more',
    async (page) => {
      await card(page, 'admin').getByTestId('decide').click();
      await at(page, 'more-rights').waitFor();
    },
  ],
  [
    'examination-running',
    'daily',
    async (page) => {
      await details('admin')(page);
      await at(page, 'action-examine').click();
      await page.locator('[data-step=resource-match]').waitFor();
    },
  ],
  [
    'examination-works',
    'daily',
    async (page) => {
      await details('admin')(page);
      await at(page, 'action-examine').click();
      await at(page, 'verdict').waitFor();
    },
  ],
  [
    'examination-broken',
    'broken',
    async (page) => {
      await details('broken')(page);
      await at(page, 'action-examine').click();
      await at(page, 'verdict').waitFor();
      await page.locator('[data-step=issuer] summary').click();
    },
  ],
  [
    'remove',
    'daily',
    async (page) => {
      await details('readonly')(page);
      await at(page, 'action-remove').click();
    },
  ],
  ['add-address', 'empty', async (page) => at(page, 'add-portal').click()],
  [
    'add-looking',
    'empty',
    async (page) => {
      await lookUp(page, 'mcp.acme.example/mcp');
      await page.locator('[data-step=authorization-servers]').waitFor();
    },
  ],
  [
    'add-found',
    'empty',
    async (page) => {
      await lookUp(page, 'mcp.acme.example/mcp');
      await at(page, 'found').waitFor();
    },
  ],
  [
    'add-machine',
    'empty',
    async (page) => {
      await lookUp(page, 'https://given.example.com/mcp');
      await page.locator('input[value=client-credentials]').check();
      await page.locator('input[value=key]').check();
      await at(page, 'add-submit').click();
      await at(page, 'add-submit').scrollIntoViewIfNeeded();
    },
  ],
  [
    'add-problem',
    'empty',
    async (page) => {
      await lookUp(page, 'https://broken.example.com/mcp');
      await page.getByRole('alert').waitFor();
    },
  ],
  [
    'add-device',
    'empty',
    async (page) => {
      await lookUp(page, 'https://device.example.com/mcp');
      await page.locator('input[value=device]').check();
      await at(page, 'add-name').fill('device-hall');
      await at(page, 'add-submit').click();
      await at(page, 'wizard').getByTestId('device-panel').waitFor();
    },
  ],
  [
    'add-ready',
    'empty',
    async (page) => {
      await lookUp(page, 'mcp.acme.example/mcp');
      await at(page, 'add-submit').click();
      await at(page, 'connect').waitFor();
    },
  ],
  [
    'add-connect',
    'empty',
    async (page) => {
      await lookUp(page, 'mcp.acme.example/mcp');
      await at(page, 'add-submit').click();
      await page.locator('[data-client=cursor]').getByTestId('link').click();
      await at(page, 'plan').waitFor();
    },
  ],
  [
    'add-replace',
    'empty',
    async (page) => {
      await lookUp(page, 'mcp.acme.example/mcp');
      await at(page, 'add-submit').click();
      await page.locator('[data-client=cursor]').getByTestId('replace').click();
      await at(page, 'carry-out').scrollIntoViewIfNeeded();
    },
  ],
  [
    'linked-offer',
    'well',
    async (page) => {
      await details('readonly')(page);
      await page.locator('[data-client=vscode]').getByTestId('link').click();
      await at(page, 'carry-out').click();
      await page.getByText('Programs that use its address').waitFor();
      await at(page, 'toast').waitFor();
    },
  ],
  [
    'settings',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'files-others').waitFor();
    },
  ],
  [
    'settings-move',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'store-move').click();
      await page.locator('input[value=passphrase]').check();
      await at(page, 'passphrase').fill('correct horse');
      await at(page, 'store-move-now').click();
    },
  ],
  [
    'reminders',
    'daily',
    async (page) => {
      await openDetails(page, 'readonly');
      await at(page, 'reminders-change').click();
    },
  ],
  [
    'reminders-wrong',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'reminders-change').click();
      await at(page, 'reminders-marks').fill('2 weeks');
      await at(page, 'reminders-set').click();
    },
  ],
  ['updated', 'updated', async (page) => at(page, 'restart').waitFor()],
  ['newer-beside', 'newer', async () => {}],
  ['older-beside', 'older', async () => {}],
  ['waiting', 'waiting', async (page) => at(page, 'waiting').waitFor()],
  ['refused', 'held', async (page) => at(page, 'try-again').waitFor()],
  ['locked', 'passphrase', async () => {}],
  ['locked-unlock', 'passphrase', async (page) => at(page, 'unlock').click()],
  [
    'locked-wrong',
    'passphrase',
    async (page) => {
      await at(page, 'unlock').click();
      await at(page, 'passphrase').fill('correct house');
      await at(page, 'unlock-now').click();
      await page.locator('[aria-invalid=true]').waitFor();
    },
  ],
  [
    'locked-settings',
    'passphrase',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'settings-store').scrollIntoViewIfNeeded();
    },
  ],
  [
    'settings-files',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'files-kept').scrollIntoViewIfNeeded();
    },
  ],
  [
    'settings-port',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'proxy-change').click();
      await at(page, 'proxy-port').fill('80');
      await at(page, 'proxy-set').click();
    },
  ],
  ['long-list', 'long', async () => {}],
  ['long-details', 'long', (page) => openDetails(page, wordy)],
  [
    'long-more-rights',
    'long',
    async (page) => {
      await card(page, wordy).getByTestId('decide').click();
      await at(page, 'more-rights').waitFor();
    },
  ],
  [
    'long-remove',
    'long',
    async (page) => {
      await openDetails(page, wordy);
      await at(page, 'action-remove').click();
    },
  ],
  ['many', 'many', async (page) => at(page, 'search').waitFor()],
  ['many-found', 'many', async (page) => at(page, 'search').fill('docs team1')],
  [
    'toast',
    'daily',
    async (page) => {
      await details('wiki')(page);
      await at(page, 'action-refresh').click();
      await at(page, 'toast').waitFor();
    },
  ],
];

/** Views that go on by themselves: they never look the same twice, and change while somebody walks through them. */
export const PASSING = ['examination-running', 'add-looking', 'signing-in', 'add-device'];
