import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SCREENSHOTS } from '../support/browser.ts';
import { nameOfNew, useConsole } from './console-page.ts';

const app = useConsole();
const button = (name: string) => app.dialog.getByRole('button', { name });
const kids = () => app.page.locator('.keys .code').allTextContents();
const hasNewKey = (name: string) =>
  app.dialog.getByRole('heading', { name: `${name} has a new key` }).waitFor();

async function rotate(): Promise<void> {
  await app.page.getByRole('button', { name: 'Rotate key' }).click();
}
async function saveKey(): Promise<string> {
  const [file] = await Promise.all([
    app.page.waitForEvent('download'),
    button('Download private key').click(),
  ]);
  await button('Done').click();
  await app.dialog.waitFor({ state: 'detached' });
  return readFileSync(await file.path(), 'utf8');
}
/** A token as the emulator has it. */
function stored(name: string) {
  const token = app.gateway.emulator.tokensOf('demo').find((each) => each.name === name);
  if (!token) throw new Error(`no token is called ${name}`);
  return token;
}

describe('A key that is rotated', () => {
  it('keeps the old one working until that is removed', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    const [old] = await kids();
    await rotate();
    await app.dialog.getByText('Programs keep working').waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-rotate.png` });
    await button('Add a new key').click();
    await hasNewKey(name);
    await app.dialog.getByText('The old key and the new one both work now').waitFor();
    expect(await saveKey()).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const both = await kids();
    expect(both).toHaveLength(2);
    expect(both).toContain(old);
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-two-keys.png` });

    await app.page.getByRole('button', { name: `Remove key ${old}` }).click();
    expect(await button('Remove key').isDisabled()).toBe(true);
    await app.dialog.getByRole('checkbox').check();
    await button('Remove key').click();
    await app.dialog.waitFor({ state: 'detached' });
    expect(await kids()).toEqual(both.filter((kid) => kid !== old));
    await app.until('document.activeElement.tagName', 'MAIN');
    const info = stored(name).authenticationMethod.publicKeyInfo;
    expect(info).toMatchObject({ jwks: { keys: [{ kid: both.find((kid) => kid !== old) }] } });
  });

  it('may be replaced at once, after a warning which programs stop', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    const [old] = await kids();
    await rotate();
    await app.dialog.getByRole('radio', { name: /Replace the present key/ }).check();
    await app.dialog.getByText(`Programs that sign in with ${old} lose access immediately.`).waitFor();
    await app.dialog.getByLabel('Key', { exact: true }).selectOption('ES512');
    expect(await button('Register a new key').isDisabled()).toBe(true);
    await app.dialog.getByRole('checkbox').check();
    await button('Register a new key').click();
    await hasNewKey(name);
    await saveKey();
    expect(await kids()).not.toContain(old);
    expect(stored(name).authenticationMethod.signingAlgorithm).toBe('ES512');
  });

  it('is added to several keys of any algorithm, which stay as they are', async () => {
    const several = app.gateway.emulator
      .tokensOf('demo')
      .filter(({ authenticationMethod: { publicKeyInfo } }) => keysIn(publicKeyInfo).length > 1);
    for (const algorithm of ['RS256', 'ES256', 'RS512', 'ES512']) {
      const token = several.find(
        ({ authenticationMethod }) => authenticationMethod.signingAlgorithm === algorithm,
      );
      if (!token) continue;
      const before = keysIn(token.authenticationMethod.publicKeyInfo);
      await app.page.goto(`${app.origin}/#/tokens/${token.id}`);
      await app.page.getByRole('heading', { name: token.name, exact: true }).waitFor();
      await rotate();
      await app.dialog.getByText('Replace all 2 keys').waitFor();
      await button('Add a new key').click();
      await hasNewKey(token.name);
      await saveKey();
      const after = keysIn(stored(token.name).authenticationMethod.publicKeyInfo);
      expect(after).toHaveLength(3);
      expect(after.slice(0, 2)).toEqual(before);
    }
  });

  it('of a token with a key set URL needs nothing here, and the dialog says so', async () => {
    await app.open('partner-portal');
    await rotate();
    await app.dialog.getByText('publish the new key at that address').waitFor();
    await app.dialog.getByText('IAM does not read that address any more').waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-rotate-address.png` });
    expect(await app.dialog.getByRole('radio').count()).toBe(0);
    expect(await button('Register a new key').isDisabled()).toBe(true);
    await app.page.keyboard.press('Escape');
    await app.dialog.waitFor({ state: 'detached' });
    expect(app.writes()).toEqual([]);
  });

  it('of a token that somebody has deleted says so', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    await rotate();
    await button('Add a new key').click();
    await hasNewKey(name);
    await saveKey();
    app.gateway.emulator.faults.add({ fault: 'status-404', operation: 'getToken' });
    await app.page
      .getByRole('button', { name: /^Remove key/ })
      .first()
      .click();
    await app.dialog.getByRole('checkbox').check();
    await button('Remove key').click();
    const reason = app.dialog.getByText('This token was changed or deleted meanwhile');
    await reason.waitFor();
    app.gateway.emulator.faults.clear();
    app.gateway.emulator.faults.add({ fault: 'status-500', operation: 'getToken' });
    await button('Remove key').click();
    await app.dialog.getByText('Something went wrong').waitFor();
    expect(await reason.count()).toBe(0);
    await button('Cancel').click();
    await app.page.getByText('There is no such token').waitFor();
  });

  it('does not undo what somebody else changed meanwhile', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    await rotate();
    await app.dialog.getByText('Programs keep working').waitFor();
    const { id, authenticationMethod } = stored(name);
    const [key] = keysIn(authenticationMethod.publicKeyInfo);
    const jwks = { keys: [{ ...key, kid: 'by-somebody-else' }] };
    await fetch(`${app.gateway.emulator.url}/iam/v1/tokens/${id}`, {
      method: 'PATCH',
      headers: { authorization: 'Bearer demo', 'content-type': 'application/json' },
      body: JSON.stringify({ authenticationMethod: { ...authenticationMethod, publicKeyInfo: { jwks } } }),
    });
    await button('Add a new key').click();
    await hasNewKey(name);
    await saveKey();
    expect(await kids()).toContain('by-somebody-else');
    expect(await kids()).toHaveLength(2);
  });

  it('whose response is lost is registered once, even if its user tries again several times', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    await rotate();
    app.gateway.emulator.faults.add({ fault: 'close', operation: 'updateToken', times: 1 });
    await button('Add a new key').click();
    await app.dialog.getByText(/It may have been changed/).waitFor();
    await button('Try again').click();
    await hasNewKey(name);
    await saveKey();
    expect(await kids()).toHaveLength(2);
  });
});

function keysIn(info: object): readonly object[] {
  return 'jwks' in info ? (info.jwks as { keys: object[] }).keys : [];
}
