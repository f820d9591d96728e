import { describe, expect, it } from '@jest/globals';
import { SCREENSHOTS } from '../support/browser.ts';
import { nameOfNew, useConsole } from './console-page.ts';

const app = useConsole();
const ready = (name: string) => app.dialog.getByRole('heading', { name: `${name} is ready` }).waitFor();

describe('A session', () => {
  it('that IAM ends leads to the sign-in, and says why', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    app.gateway.emulator.faults.add({ fault: 'status-401' });
    await app.open('signing-service');
    await app.page.getByRole('alert').getByText('You are signed out').waitFor();
    expect(await app.page.getByRole('navigation').count()).toBe(0);
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-session-ended.png` });
    app.gateway.emulator.faults.clear();
    await app.signIn(app.page);
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    expect(new URL(app.page.url()).hash).toBe('#/');
  });

  it('that IAM ends while a private key is on the screen waits until that is saved', async () => {
    const name = nameOfNew();
    app.gateway.emulator.faults.add({ fault: 'status-401', operation: 'getToken' });
    app.gateway.emulator.faults.add({ fault: 'status-401', operation: 'listProjectsOfToken' });
    await app.create(name);
    await ready(name);
    await app.page.waitForTimeout(500);
    await Promise.all([
      app.page.waitForEvent('download'),
      app.dialog.getByRole('button', { name: 'Download private key' }).click(),
    ]);
    await app.dialog.getByRole('button', { name: 'Done' }).click();
    await app.page.getByText('You are signed out').waitFor();
  });

  it('does not begin with a credential that cannot be sent', async () => {
    await app.page.getByRole('button', { name: 'Sign out' }).click();
    await app.page.getByLabel('Credential').fill('“Bearer demo”');
    await app.page.getByRole('button', { name: 'Continue' }).click();
    await app.page.locator('#credential:invalid').waitFor();
    await app.signIn(app.page);
  });

  it('does not begin over plain http', async () => {
    await app.page.addInitScript('Object.defineProperty(window, "isSecureContext", { value: false })');
    await app.page.reload();
    await app.page.getByText('Open this page at an https:// address').waitFor();
    expect(await app.page.getByLabel('Credential').count()).toBe(0);
  });

  it('of the next person starts at the list, whatever the last one looked at', async () => {
    await app.open('billing-worker');
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await app.page.getByRole('button', { name: 'Sign out' }).click();
    await app.page.getByLabel('Credential').waitFor();
    expect(app.page.url()).not.toContain('tokens/');
    await app.signIn(app.page, 'Bearer newcomer');
    await app.page.getByText('You have no tokens yet.').waitFor();
    await app.page.getByText('Choose a token').waitFor();
  });

  it('that begins with a bookmark shows its token', async () => {
    const [token] = app.gateway.emulator.tokensOf('demo');
    await app.page.goto('about:blank');
    await app.page.goto(`${app.origin}/#/tokens/${token?.id}`);
    await app.signIn(app.page);
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
  });

  it('that begins with an address without an id says that there is no such token', async () => {
    await app.page.goto('about:blank');
    await app.page.goto(`${app.origin}/#/tokens/not%20an%20id`);
    await app.signIn(app.page);
    await app.page.getByText('There is no such token').waitFor();
  });
});

describe('A limit of requests', () => {
  it('counts the seconds down, and lets its user try again after them', async () => {
    app.gateway.emulator.faults.add({ fault: '429-5', operation: 'getToken' });
    await app.stopClock();
    await app.open('billing-worker');
    const notice = app.page.locator('main .notice');
    await notice.getByText('Too many requests').waitFor();
    const button = (name: string) => notice.getByRole('button', { name, exact: true });
    expect(await button('Try again in 5 s').isDisabled()).toBe(true);
    await app.page.clock.runFor(3_000);
    await button('Try again in 2 s').waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-limited.png` });
    app.gateway.emulator.faults.clear();
    await app.page.clock.runFor(2_000);
    await button('Try again').click();
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
  });

  it('holds the button of a form back, too', async () => {
    app.gateway.emulator.faults.add({ fault: '429-4', operation: 'createToken', times: 1 });
    const name = nameOfNew();
    await app.stopClock();
    await app.create(name);
    await app.dialog.getByRole('button', { name: 'Try again in 4 s', exact: true }).waitFor();
    await app.page.clock.runFor(4_000);
    await app.dialog.getByRole('button', { name: 'Try again', exact: true }).click();
    await ready(name);
  });
});
