// Walks the window on the made-up data as people do, by keyboard and by pointer, and holds what it shows and says.
// usage: npm run build && node tests/journeys.mjs
import assert from 'node:assert/strict';
import { at, card, launch, open, openDetails, serve } from './window.mjs';

const { base, end } = await serve();
const browser = await launch();
const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute('data-testid'));
const badges = (page) => page.getByTestId('state-badge').allTextContents();

/** Presses Tab until the keyboard is on `id`. */
async function tabTo(page, id) {
  for (let presses = 0; presses < 40; presses += 1) {
    if ((await focused(page)) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`the keyboard cannot reach ${id}`);
}

/** Each: what holds, the scene, the walk. */
const journeys = [
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
      assert.equal(await page.getByRole('listitem').count(), states.length);
      assert.match(await card(page, 'admin').textContent(), /ada@example\.com · mcpa\.example\.com/);
      assert.match(await card(page, 'admin').textContent(), /Can change things/);
    },
  ],
  [
    'a portal is added, signed in and connected by keyboard alone',
    'empty',
    async (page) => {
      await tabTo(page, 'add-portal');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Add a portal' }).waitFor();
      assert.equal(await focused(page), 'add-url');
      await page.keyboard.type('mcp.acme.example/mcp');
      await page.keyboard.press('Enter');
      await page.locator('[data-step=issuer]').waitFor();
      await page.getByRole('dialog', { name: 'What was found' }).waitFor();
      assert.match(await at(page, 'found').textContent(), /https:\/\/login\.mcp\.acme\.example/);
      assert.equal(await at(page, 'add-name').inputValue(), 'acme');
      await tabTo(page, 'add-submit');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog', { name: 'Sign in' }).getByText('Finish signing in in your browser.').waitFor();
      await at(page, 'wizard-done').getByText('Signed in as ada@example.com').waitFor();
      await tabTo(page, 'link');
      await page.keyboard.press('Enter');
      await at(page, 'plan').waitFor();
      assert.match(await at(page, 'plan').textContent(), /claude mcp add-json.*\+ {3}"keyfob-acme"/s);
      await tabTo(page, 'carry-out');
      await page.keyboard.press('Enter');
      await at(page, 'client').first().getByText('Restart Claude Code.').waitFor();
      await tabTo(page, 'wizard-close');
      await page.keyboard.press('Enter');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.match(await card(page, 'acme').getByTestId('connected').textContent(), /Claude Code/);
      assert.deepEqual(await badges(page), ['Signed in']);
    },
  ],
  [
    'a wrong address and a taken name are said beside their fields, and Escape leaves the dialog',
    'daily',
    async (page) => {
      await at(page, 'add-portal').click();
      await at(page, 'add-url').fill('ftp://x');
      await at(page, 'look-up').click();
      await page.getByText('This is not the address of a server.').waitFor();
      await at(page, 'add-url').fill('mcp.acme.example/mcp');
      await at(page, 'look-up').click();
      await at(page, 'add-name').fill('admin');
      await page.getByText('There is a portal with this name already.').waitFor();
      await at(page, 'add-submit').click();
      assert.equal(await at(page, 'wizard').getAttribute('data-stage'), 'describe');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      assert.equal(await focused(page), 'add-portal');
    },
  ],
  [
    'what a program has already is picked, and what is broken names its step and what its owner must serve',
    'empty',
    async (page) => {
      await at(page, 'add-portal').click();
      await at(page, 'found-here')
        .getByRole('button', { name: /billing.*Claude Code/ })
        .click();
      await at(page, 'found').waitFor();
      await at(page, 'wizard-back').click();
      await at(page, 'add-url').fill('https://broken.example.com/mcp');
      await at(page, 'look-up').click();
      assert.match(await page.getByRole('alert').textContent(), /names another server/);
      assert.match(await page.locator('[data-step=issuer]').textContent(), /For whoever runs the server/);
    },
  ],
  [
    'a sign-in of another program is taken over, and what must be done about that program is said',
    'empty',
    async (page) => {
      await at(page, 'add-portal').click();
      const list = at(page, 'importable');
      await list.getByRole('button', { name: /gone.*mcp-remote: until its token ends/ }).click();
      await page.getByRole('alert').getByText('This server no longer takes these tokens.').waitFor();
      await list.getByRole('button', { name: /docs\.example\.org.*Codex/ }).click();
      await at(page, 'wizard-done').getByText('Signed in as ada@example.com').waitFor();
      await page.getByText('Two programs that renew one sign-in end it').waitFor();
      await at(page, 'wizard-close').click();
      assert.deepEqual(await badges(page), ['Signed in']);
    },
  ],
  [
    'a machine proves itself by a secret or by a key file, and is asked for what is missing',
    'empty',
    async (page) => {
      await at(page, 'add-portal').click();
      await at(page, 'add-url').fill('https://given.example.com/mcp');
      await at(page, 'look-up').click();
      await page.getByRole('radio', { name: /As a machine/ }).check();
      await at(page, 'add-submit').click();
      assert.equal(await page.locator('[aria-invalid=true]').count(), 2);
      assert.equal(await at(page, 'add-secret').getAttribute('type'), 'password');
      await page.getByRole('radio', { name: 'By a private key' }).check();
      await at(page, 'add-key').setInputFiles({ name: 'key.pem', mimeType: 'text/plain', buffer: Buffer.from('PEM') });
      await page.getByText('key.pem: read').waitFor();
      await at(page, 'add-client-id').fill('robot');
      await at(page, 'add-submit').click();
      await at(page, 'wizard-done').waitFor();
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
      await at(page, 'add-portal').click();
      await at(page, 'add-url').fill('mcp.acme.example/mcp');
      await at(page, 'look-up').click();
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
      await at(page, 'toast').getByText('another program uses port 8080').waitFor();
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
      // In the dialog: what lies outside of it is read to nobody.
      await dialog.getByTestId('toast').getByText('This is not the passphrase').waitFor();
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
      await page.goto(`${base}?scene=well#connect/archive`);
      await page.locator('[data-testid=profile-details][data-profile=archive]').waitFor();
      assert.equal(new URL(page.url()).hash, '');
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
