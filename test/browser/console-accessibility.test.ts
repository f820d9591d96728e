import { describe, expect, it } from '@jest/globals';
import { findViolations, openOffline, SCREENSHOTS } from '../support/browser.ts';
import { nameOfNew, useConsole } from './console-page.ts';

const app = useConsole();

describe.each([
  ['light', 1280],
  ['dark', 390],
] as const)('In %s at %i px, axe finds nothing wrong', (scheme, width) => {
  const look = async () => {
    const { page } = await openOffline(app.browser, app.origin, scheme);
    await page.setViewportSize({ width, height: 900 });
    await page.goto(app.origin);
    const dialog = page.getByRole('dialog');
    const button = (name: string) => page.getByRole('button', { name, exact: true });
    const check = async (step: string) => {
      expect([step, await findViolations(page)]).toEqual([step, []]);
      expect([step, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([
        step,
        true,
      ]);
      await page.screenshot({ path: `${SCREENSHOTS}/console-${scheme}-${width}-${step}.png` });
    };
    const create = async (name: string) => {
      await button('New token').click();
      await dialog.getByLabel('Name').fill(name);
      await button('Create token').click();
      await button('Close without the key').waitFor();
    };
    return { page, dialog, button, check, create };
  };

  it('on the sign-in, the list, a token, and the dialogs of create and delete', async () => {
    const { page, button, check } = await look();
    await check('sign-in');
    await app.signIn(page);
    await check('list');
    await page.getByRole('link', { name: 'billing-worker' }).first().click();
    await page.locator('.projects > li').first().waitFor();
    await check('token');
    await button('Delete').click();
    await page.getByText(/will lose access to/).waitFor();
    await check('delete');
    await page.keyboard.press('Escape');
    await button('New token').click();
    await check('create');
    await page.context().close();
  });

  it('on a new key, the question before it is lost, a rotation, and the removal of a key', async () => {
    const { page, dialog, button, check, create } = await look();
    const name = nameOfNew();
    await app.signIn(page);
    await create(name);
    await check('new-key');
    await button('Close without the key').click();
    await button('Discard the key').waitFor();
    await check('question');
    await button('Discard the key').click();

    await button('Rotate key').click();
    await check('rotate-add');
    await dialog.getByRole('radio', { name: /Replace the present key/ }).check();
    await check('rotate-replace');
    await dialog.getByRole('radio', { name: /keep the present one/ }).check();
    await button('Add a new key').click();
    await dialog.getByText('The old key and the new one both work now').waitFor();
    await check('rotated');
    await button('Close without the key').click();
    await button('Discard the key').click();
    await dialog.waitFor({ state: 'detached' });
    await check('two-keys');
    await page
      .getByRole('button', { name: /^Remove key / })
      .first()
      .click();
    await dialog.getByRole('checkbox').check();
    await check('remove-key');
    app.gateway.emulator.faults.add({ fault: '429-8', operation: 'updateToken' });
    await dialog.getByRole('button', { name: 'Remove key' }).click();
    await dialog.getByText('Too many requests').waitFor();
    await check('remove-key-failed');
    await page.context().close();
  });

  it('on a token whose keys are read from an address', async () => {
    const { page, dialog, button, check } = await look();
    await app.signIn(page);
    const token = app.gateway.emulator
      .tokensOf('demo')
      .find(({ authenticationMethod }) => 'jwksUri' in authenticationMethod.publicKeyInfo);
    await page.goto(`${app.origin}/#/tokens/${token?.id}`);
    await button('Rotate key').click();
    await dialog.getByText('IAM reads the keys of this token from').waitFor();
    await check('rotate-address');
    await page.context().close();
  });

  it('on a session that has ended, and on what failed or is not there', async () => {
    const { page, check } = await look();
    await app.signIn(page);
    app.gateway.emulator.faults.add({ fault: '429-8', operation: 'getToken' });
    await page.getByRole('link', { name: 'billing-worker' }).first().click();
    await page.locator('main .notice').getByText('Too many requests').waitFor();
    await check('limited');
    app.gateway.emulator.faults.clear();
    app.gateway.emulator.faults.add({ fault: 'status-401' });
    await page.goto(`${app.origin}/#/tokens/unknown`);
    await page.getByRole('alert').getByText('You are signed out').waitFor();
    await check('session-ended');
    app.gateway.emulator.faults.clear();
    await app.signIn(page);
    await page.goto(`${app.origin}/#/tokens/00000000-0000-4000-8000-000000000000`);
    await page.getByText('There is no such token').waitFor();
    await check('no-such-token');
    await page.context().close();
  });
});
