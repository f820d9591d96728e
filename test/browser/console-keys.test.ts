import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SCREENSHOTS } from '../support/browser.ts';
import { nameOfNew, useConsole } from './console-page.ts';

const app = useConsole();
const ready = (name: string) => app.dialog.getByRole('heading', { name: `${name} is ready` }).waitFor();
const button = (name: string) => app.dialog.getByRole('button', { name });
const question = () => app.dialog.getByText('The private key is not saved yet.');

/** The dialog still has the private key: it is the one that belongs to the registered public key. */
async function expectKeyIsThere(): Promise<void> {
  const [file] = await Promise.all([
    app.page.waitForEvent('download'),
    button('Download private key').click(),
  ]);
  expect(readFileSync(await file.path(), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n$/);
}

describe('A private key that is not saved', () => {
  it.each([1, 2, 5])('is still there after Escape was pressed %i times', async (times) => {
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    for (let pressed = 0; pressed < times; pressed++) await app.page.keyboard.press('Escape');
    await question().waitFor();
    await app.page.waitForTimeout(100);
    expect(await question().isVisible()).toBe(true);
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-key-question.png` });
    await expectKeyIsThere();
  });

  it('is still there after a click beside the dialog', async () => {
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    await app.page.mouse.click(10, 400);
    await app.page.mouse.click(1200, 780);
    await expectKeyIsThere();
  });

  it('is still there after the back button, which asks', async () => {
    await app.open('billing-worker');
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    const { page } = app;
    const address = page.url();
    await page.evaluate('history.back()');
    await question().waitFor();
    await page.evaluate('history.back()');
    await page.waitForTimeout(200);
    expect(page.url()).toBe(address);
    await expectKeyIsThere();
  });

  it('is still there after the address was changed to another token', async () => {
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    const other = app.gateway.emulator.tokensOf('demo').find((token) => token.name === 'billing-worker');
    await app.page.evaluate(`location.hash = '#/tokens/${other?.id}'`);
    await question().waitFor();
    await expectKeyIsThere();
  });

  it.each(['reload', 'close'] as const)('makes the browser ask before the page does a %s', async (action) => {
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    const asked = app.page.waitForEvent('dialog');
    const leaving =
      action === 'reload'
        ? app.page.reload({ timeout: 2_000 }).catch(() => undefined)
        : app.page.close({ runBeforeUnload: true });
    const prompt = await asked;
    expect(prompt.type()).toBe('beforeunload');
    await prompt.dismiss();
    await leaving;
    await expectKeyIsThere();
  });

  it('of a rotation is still there after Escape and the back button', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    await app.page.getByRole('button', { name: 'Rotate key' }).click();
    await button('Add a new key').click();
    await app.dialog.getByRole('heading', { name: `${name} has a new key` }).waitFor();
    await app.page.keyboard.press('Escape');
    await question().waitFor();
    await app.page.evaluate('history.back()');
    await app.page.waitForTimeout(200);
    await expectKeyIsThere();
  });

  it('goes only when its owner says so, and then the focus is where it was', async () => {
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    await button('Close without the key').click();
    await question().waitFor();
    await app.until('document.activeElement.textContent', 'Go back');
    await button('Go back').click();
    await ready(name);
    await button('Close without the key').click();
    await button('Discard the key').click();
    await app.dialog.waitFor({ state: 'detached' });
    await app.until('document.activeElement.textContent', 'New token');
    await app.page.reload();
  });
});

describe('A private key that is saved', () => {
  it('by a copy lets the dialog close, and the page reload, without a question', async () => {
    await app.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    await button('Copy private key').click();
    await app.dialog.getByText('Copied.').waitFor();
    expect(await app.page.evaluate('navigator.clipboard.readText()')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const prompts: string[] = [];
    app.page.on('dialog', (prompt) => {
      prompts.push(prompt.type());
      void prompt.accept();
    });
    await app.page.keyboard.press('Escape');
    await app.dialog.waitFor({ state: 'detached' });
    await app.page.reload();
    expect(prompts).toEqual([]);
  });

  it('does not count as saved when the browser refuses to copy', async () => {
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    await app.page.evaluate(
      'navigator.clipboard.writeText = () => Promise.reject(new DOMException("", "NotAllowedError"))',
    );
    await button('Copy private key').click();
    await app.dialog.getByText('did not allow copying').waitFor();
    await app.page.keyboard.press('Escape');
    await question().waitFor();
  });

  it('from within the question leads back to the token', async () => {
    const name = nameOfNew();
    await app.create(name);
    await ready(name);
    await app.page.keyboard.press('Escape');
    await question().waitFor();
    await expectKeyIsThere();
    await ready(name);
    await button('Done').click();
    await app.dialog.waitFor({ state: 'detached' });
  });
});

describe('A private key whose public half may be registered', () => {
  it('keeps the dialog open while the request is running', async () => {
    const name = nameOfNew();
    app.gateway.emulator.faults.add({ fault: 'latency-60000', operation: 'createToken', times: 1 });
    await app.create(name);
    await button('Creating…').waitFor();
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Escape');
    await app.page.waitForTimeout(100);
    expect(await app.dialog.isVisible()).toBe(true);
    app.gateway.emulator.faults.clear();
    await ready(name);
  });

  it('makes the dialog ask after a lost response, and can be saved', async () => {
    const name = nameOfNew();
    app.gateway.emulator.faults.add({ fault: 'close', operation: 'createToken', times: 1 });
    await app.create(name);
    await app.dialog.getByText(/It may have been created/).waitFor();
    expect(await app.dialog.getByLabel('Name').isDisabled()).toBe(true);
    await app.page.keyboard.press('Escape');
    await question().waitFor();
    await expectKeyIsThere();
    await app.tryAgainUntil(app.dialog.getByRole('heading', { name: `${name} is ready` }));
    expect(app.gateway.emulator.tokensOf('demo').filter((token) => token.name === name)).toHaveLength(1);
  });

  it('makes the dialog ask after a lost response and a rejection', async () => {
    app.gateway.emulator.faults.add({ fault: 'close', operation: 'createToken', times: 1 });
    await app.create(nameOfNew());
    await app.dialog.getByText(/It may have been created/).waitFor();
    const userErrors = [
      { __typename: 'UserError', code: 'CONFLICT', message: 'The outcome cannot be found out.', field: null },
    ];
    const createToken = { __typename: 'CreateTokenPayload', token: null, userErrors };
    await app.page.route('**/graphql', (route) => route.fulfill({ json: { data: { createToken } } }));
    await app.dialog.getByRole('button', { name: /^Try again/ }).click();
    await app.dialog.getByText('The outcome cannot be found out.').waitFor();
    await app.page.keyboard.press('Escape');
    await question().waitFor();
    await expectKeyIsThere();
  });

  it('lets the dialog close without a question when IAM certainly rejected it', async () => {
    app.gateway.emulator.faults.add({ fault: 'status-403', operation: 'createToken', times: 1 });
    await app.create(nameOfNew());
    await app.dialog.getByRole('alert').getByText('permission').waitFor();
    await app.page.keyboard.press('Escape');
    await app.dialog.waitFor({ state: 'detached' });
  });
});
