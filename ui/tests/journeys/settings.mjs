// Journeys: The settings, the key and its locks, and an update.
import assert from 'node:assert/strict';
import { at, focused, openDetails, tabTo } from '../window.mjs';

/** Each: what holds, the scene, the walk. */
export default [
  [
    'the settings are opened, used and left by keyboard, and a theme is worn at once',
    'daily',
    async (page) => {
      await tabTo(page, 'open-settings');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
      const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const light = await back();
      await page.getByRole('radio', { name: 'Dark' }).check();
      assert.notEqual(await back(), light);
      await page.keyboard.press('ArrowLeft');
      await page.getByRole('radio', { name: 'Light', checked: true }).waitFor();
      assert.equal(await back(), light);
      const start = page.getByRole('switch', { name: 'Start at login' });
      assert.equal(await start.getAttribute('aria-checked'), 'false');
      await start.focus();
      await page.keyboard.press('Space');
      await page.getByRole('switch', { name: 'Start at login', checked: true }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('heading', { level: 1, name: 'Portals' }).waitFor();
      assert.equal(await focused(page), 'open-settings');
    },
  ],
  [
    'another port says who is connected again, refuses what is taken, and every file can be copied',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      const reminders = at(page, 'settings-reminders');
      assert.match(
        await reminders.textContent(),
        /14 days and 2 days before.*All other portals7 days, 1 day and 2 hours before/,
      );
      await page.getByRole('button', { name: 'Change the port' }).click();
      const dialog = page.getByRole('dialog', { name: 'Change the port' });
      assert.match(
        await at(page, 'relinked').textContent(),
        /Cursor \(readonly\) and Zed \(admin\) are connected again/,
      );
      await at(page, 'proxy-port').fill('80');
      await page.keyboard.press('Enter');
      await dialog.getByText('A number from 1024 to 65535.').waitFor();
      await at(page, 'proxy-port').fill('8080');
      await page.keyboard.press('Enter');
      // In the dialog: what lies outside of it is read to nobody.
      await dialog.getByTestId('toast').getByText('another program uses port 8080').waitFor();
      await at(page, 'proxy-port').fill('24200');
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      await at(page, 'settings-proxy').getByText('127.0.0.1:24200 · answers').waitFor();
      await page.getByRole('button', { name: 'Copy: Journal' }).click();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '/home/ada/.local/state/keyfob/journal');
      assert.equal(await at(page, 'files-others').locator('[data-kind=client-config]').count(), 3);
    },
  ],
  [
    'reminders are changed on a portal’s page by keyboard, and in the settings, and edited back',
    'daily',
    async (page) => {
      await openDetails(page, 'readonly');
      const details = at(page, 'profile-details');
      await at(page, 'reminders-change').focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog', { name: 'Reminders of Readonly portal' });
      await dialog.getByRole('radio', { name: /As usual/, checked: true }).waitFor();
      await page.keyboard.press('ArrowDown');
      await at(page, 'reminders-marks').fill('2 weeks');
      await page.keyboard.press('Enter');
      await dialog.getByText('“2 weeks” is no length of time. Write such as 7 d').waitFor();
      await at(page, 'reminders-marks').fill('14 days, 3 d');
      await dialog.getByText('14 days and 3 days before').waitFor();
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      await details.getByText('14 days and 3 days before').waitFor();
      assert.equal(await focused(page), 'reminders-change');
      await at(page, 'open-settings').click();
      const line = page.getByRole('button', { name: 'Change… Reminders of Readonly portal' });
      await line.click();
      await dialog.getByRole('radio', { name: /As usual/ }).check();
      await at(page, 'reminders-set').click();
      await line.waitFor({ state: 'detached' });
      assert.match(
        await at(page, 'settings-reminders').textContent(),
        /^((?!Readonly).)*Admin portal14 days and 2 days/,
      );
    },
  ],
  [
    'the key is moved after its new place was explained, and a passphrase is typed twice',
    'daily',
    async (page) => {
      await at(page, 'open-settings').click();
      await at(page, 'settings-store').getByText('In the desktop keyring').waitFor();
      await at(page, 'store-move').click();
      const dialog = page.getByRole('dialog', { name: 'Move the key' });
      assert.ok(await dialog.getByRole('radio', { name: /In the desktop keyring \(now\)/ }).isDisabled());
      await dialog.getByRole('radio', { name: /The weakest place/ }).check();
      await dialog.getByRole('radio', { name: /made from a passphrase/ }).check();
      await at(page, 'passphrase').fill('correct horse');
      assert.equal(await at(page, 'passphrase').getAttribute('type'), 'password');
      await page.keyboard.press('Enter');
      await dialog.getByText('These are two different ones.').waitFor();
      await at(page, 'passphrase-again').fill('correct horse');
      await page.keyboard.press('Enter');
      await dialog.getByText('Every sign-in is sealed anew…').waitFor();
      await dialog.waitFor({ state: 'detached' });
      await at(page, 'toast').getByText('The key is moved: 6 sign-ins sealed anew.').waitFor();
      await at(page, 'settings-store').getByText('Nowhere: made from a passphrase').waitFor();
    },
  ],
  [
    'a locked keyring is opened by the desktop, on request',
    'trouble',
    async (page) => {
      await at(page, 'unlock-keyring').click();
      await at(page, 'toast').getByText('Your sign-ins are unlocked.').waitFor();
      assert.equal(await at(page, 'unlock-keyring').count(), 0);
    },
  ],
  [
    'a store that waits for its passphrase is unlocked from the list, and a wrong one is told',
    'passphrase',
    async (page) => {
      await at(page, 'unlock').click();
      const dialog = page.getByRole('dialog', { name: 'Unlock your sign-ins' });
      await dialog.locator('[data-testid=passphrase]:focus').waitFor();
      await page.keyboard.type('correct house');
      await page.keyboard.press('Enter');
      await dialog.getByText('This is not the passphrase.').waitFor();
      assert.equal(await at(page, 'passphrase').getAttribute('aria-invalid'), 'true');
      await at(page, 'passphrase').fill('correct horse');
      await page.keyboard.press('Enter');
      await dialog.waitFor({ state: 'detached' });
      assert.equal(await at(page, 'unlock').count(), 0);
    },
  ],
  [
    'an update on the disk is told, with the button that runs it',
    'updated',
    async (page) => {
      await page.getByText('keyfob was updated to 0.2.0').waitFor();
      await page.getByRole('button', { name: 'Restart keyfob' }).click();
      assert.equal(await at(page, 'toast').count(), 0);
    },
  ],
];
