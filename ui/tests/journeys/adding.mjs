// Journeys: The wizard: from an address to a connected program.
import assert from 'node:assert/strict';
import { at, badges, card, focused, lookUp, tabTo } from '../window.mjs';

/** Each: what holds, the scene, the walk. */
export default [
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
      await lookUp(page, 'ftp://x');
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
      await lookUp(page, 'https://given.example.com/mcp');
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
];
