import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { openOffline, SCREENSHOTS, startBrowser } from '../support/browser.ts';
import { type ServedConsole, serveConsole } from '../support/console.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';

const MANIFEST = 'examples/console/src/gql/persisted-documents.json';
const AXE = readFileSync('examples/console/node_modules/axe-core/axe.min.js', 'utf8');

let gateway: Gateway;
let served: ServedConsole;
let browser: Browser;
let page: Page;
let complaints: string[];
beforeAll(async () => {
  // Enforced: what the console sends is what its manifest says.
  gateway = await startGateway({
    env: { TRUSTED_DOCUMENTS: MANIFEST },
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  [served, browser] = await Promise.all([serveConsole(gateway.origin), startBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await served?.close();
  await gateway.close();
});
beforeEach(async () => {
  gateway.emulator.faults.clear();
  ({ page, complaints } = await openOffline(browser, served.origin));
  page.setDefaultTimeout(10_000);
  await signIn(page);
});
afterEach(() => page.context().close());

async function signIn(on: Page, credential = 'Bearer demo'): Promise<void> {
  await on.goto(served.origin);
  await on.getByLabel('Credential').fill(credential);
  gateway.forgetCalls();
  await on.getByRole('button', { name: 'Continue' }).click();
}
const open = (name: string) => page.getByRole('link', { name }).first().click();
const dialog = () => page.getByRole('dialog');
const writes = () => gateway.calls().filter((call) => !call.startsWith('GET'));
const nameOfNew = () => `made-by-console-${Math.random().toString(36).slice(2, 8)}`;

async function create(name: string): Promise<void> {
  await page.getByRole('button', { name: 'New token' }).click();
  await dialog().getByLabel('Name').fill(name);
  await dialog().getByRole('button', { name: 'Create token' }).click();
}

/** What axe finds wrong, as a line each. */
async function violations(on: Page): Promise<string[]> {
  await on.evaluate(AXE);
  const found = await on.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
  );
  return found as string[];
}

describe('The list of tokens', () => {
  it('is there at once, and goes on as it is scrolled, to its end', async () => {
    await page.getByRole('link', { name: 'billing-worker' }).waitFor();
    expect(gateway.calls()[0]).toBe('GET /v1/tokens?limit=21');
    const list = page.getByRole('navigation', { name: 'Tokens' });
    while (await page.getByText('more to come').isVisible()) {
      await page.evaluate('document.querySelector("nav").scrollTo(0, 1e6)');
      await page.waitForTimeout(50);
    }
    await page.getByText('120 tokens', { exact: true }).waitFor();
    expect(await list.getByRole('link').count()).toBe(120);
    expect(complaints).toEqual([]);
  });

  it('is searched as far as it is loaded', async () => {
    await page.getByRole('link', { name: 'billing-worker' }).waitFor();
    await page.getByLabel('Search tokens').fill('BILLING');
    await page.getByText(/^1 of 20/).waitFor();
    expect(await page.getByRole('navigation').getByRole('link').count()).toBe(1);
  });

  it('of somebody without tokens says how to begin', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Credential').fill('Bearer newcomer');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('You have no tokens yet.').waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/console-empty.png` });
  });
});

describe('A token', () => {
  it('shows its key, its projects page by page, and what it may do there', async () => {
    await page.getByLabel('Search tokens').waitFor();
    await open('billing-worker');
    await page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await page.getByText('Projects').waitFor();
    await page.locator('.projects summary').first().click();
    await page.locator('.projects details[open]').waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/console.png` });
    expect(await page.locator('.keys li').count()).toBeGreaterThan(0);
  });

  it('with many projects loads more of them when asked', async () => {
    const { id } = gateway.emulator.tokensOf('demo').find(({ name }) => name === 'audit-exporter') ?? {};
    await page.goto(`${served.origin}/#/tokens/${id}`);
    await page.getByRole('button', { name: 'Load more projects' }).click();
    await page.getByText(/Projects (?!20\+)\d+/).waitFor();
    expect(await page.locator('.projects > li').count()).toBeGreaterThan(20);
  });

  it('is renamed in place', async () => {
    const name = nameOfNew();
    await create(name);
    await dialog().getByRole('button', { name: 'Close without the key' }).click();
    gateway.forgetCalls();
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill(`${name}-renamed`);
    await page.keyboard.press('Enter');
    await page.getByText(`Renamed to ${name}-renamed`).waitFor();
    await page.getByRole('link', { name: `${name}-renamed` }).waitFor();
    expect(writes()).toHaveLength(1);
  });

  it('that is renamed badly keeps its name, and the reason is beside the field', async () => {
    await open('billing-worker');
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('x');
    await page.keyboard.press('Enter');
    await page.locator('.refusal').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    expect(gateway.emulator.tokensOf('demo')[0]?.name).toBe('billing-worker');
  });
});

describe('A new token', () => {
  it('gets its key pair in the browser: the public half is sent, the private half downloaded', async () => {
    const name = nameOfNew();
    await create(name);
    await dialog()
      .getByRole('heading', { name: `${name} is ready` })
      .waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/console-key.png` });
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      dialog().getByRole('button', { name: 'Download private key' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe(`${name}.pem`);
    expect(readFileSync(await file.path(), 'utf8')).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[\s\S]+-----END PRIVATE KEY-----\n$/,
    );
    const post = gateway.emulator.calls.find(({ method }) => method === 'POST');
    const { authenticationMethod } = (post as { body: unknown }).body as {
      authenticationMethod: { publicKeyInfo: { jwks: { keys: object[] } } };
    };
    const [key] = authenticationMethod.publicKeyInfo.jwks.keys;
    expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    await dialog().getByRole('button', { name: 'Done' }).click();
    await page.getByRole('link', { name }).waitFor();
  });

  it('whose answer is lost is made once, however often its user tries again', async () => {
    const name = nameOfNew();
    gateway.emulator.faults.add({ fault: 'close', operation: 'createToken', times: 1 });
    await create(name);
    await dialog()
      .getByText(/It may have been created/)
      .waitFor();
    await dialog().getByRole('button', { name: 'Try again' }).click();
    await dialog()
      .getByRole('heading', { name: `${name} is ready` })
      .waitFor();
    expect(gateway.emulator.tokensOf('demo').filter((token) => token.name === name)).toHaveLength(1);
  });
});

describe('A key that is rotated', () => {
  it('is replaced by a new one, whose private half is downloaded', async () => {
    const name = nameOfNew();
    await create(name);
    await dialog().getByRole('button', { name: 'Close without the key' }).click();
    const kid = await page.locator('.keys .code').first().textContent();
    await page.getByRole('button', { name: 'Rotate key' }).click();
    await dialog().getByRole('button', { name: 'Register a new key' }).click();
    await dialog()
      .getByRole('heading', { name: `${name} has a new key` })
      .waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('.keys .code').first().textContent()).not.toBe(kid);
  });
});

describe('A token that is deleted', () => {
  it('says first which projects lose access, and is gone after', async () => {
    const target = gateway.emulator.tokensOf('demo').find(({ name }) => name === 'signing-service');
    await page.goto(`${served.origin}/#/tokens/${target?.id}`);
    await page.getByRole('button', { name: 'Delete' }).click();
    await dialog()
      .getByText(/projects? loses? access:/)
      .waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/console-delete.png` });
    expect(await dialog().getByRole('button', { name: 'Delete token' }).isDisabled()).toBe(true);
    await dialog().getByRole('checkbox').check();
    gateway.forgetCalls();
    await dialog().getByRole('button', { name: 'Delete token' }).click();
    await page.getByText('signing-service was deleted').waitFor();
    expect(writes()).toEqual([`DELETE /v1/tokens/${target?.id}`]);
    expect(await page.getByRole('link', { name: 'signing-service' }).count()).toBe(0);
  });

  it('stays where it was when that fails', async () => {
    await open('billing-worker');
    gateway.emulator.faults.add({ fault: 'status-403', operation: 'deleteToken' });
    await page.getByRole('button', { name: 'Delete' }).click();
    await dialog().getByRole('checkbox').check();
    await dialog().getByRole('button', { name: 'Delete token' }).click();
    await dialog().getByText('You may not do this').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'billing-worker' }).waitFor();
  });
});

describe('When something fails', () => {
  it('of IAM, it is said with a way on, and the rest stays', async () => {
    gateway.emulator.faults.add({ fault: 'status-500', operation: 'listProjectsOfToken' });
    await open('billing-worker');
    await page.getByRole('alert').getByText('Something went wrong').waitFor();
    await page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/console-fault.png` });
    gateway.emulator.faults.clear();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.projects > li').first().waitFor();
  });

  it('of the connection, what was written is kept', async () => {
    await page.getByRole('link', { name: 'billing-worker' }).waitFor();
    await page.getByRole('button', { name: 'New token' }).click();
    const name = nameOfNew();
    await dialog().getByLabel('Name').fill(name);
    await page.context().setOffline(true);
    await dialog().getByRole('button', { name: 'Create token' }).click();
    await dialog().getByText('You are offline').waitFor();
    expect(await dialog().getByLabel('Name').inputValue()).toBe(name);
    await page.context().setOffline(false);
    await dialog().getByRole('button', { name: 'Try again' }).click();
    await dialog()
      .getByRole('heading', { name: `${name} is ready` })
      .waitFor();
  });
});

describe('Everybody can use it', () => {
  it('with the keyboard alone', async () => {
    await page.getByRole('link', { name: 'billing-worker' }).waitFor();
    await page.getByLabel('Search tokens').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await page.getByRole('button', { name: 'Rotate key' }).focus();
    await page.keyboard.press('Enter');
    await dialog().waitFor();
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Rotate key');
  });

  it.each(['light', 'dark'] as const)(
    'in %s: axe finds nothing wrong on any of its pages',
    async (scheme) => {
      const other = await openOffline(browser, served.origin, scheme);
      await other.page.goto(served.origin);
      expect(await violations(other.page)).toEqual([]);
      await signIn(other.page);
      await other.page.getByRole('link', { name: 'billing-worker' }).first().click();
      await other.page.locator('.projects > li').first().waitFor();
      expect(await violations(other.page)).toEqual([]);
      await other.page.getByRole('button', { name: 'Delete' }).click();
      await other.page.getByText(/loses? access:/).waitFor();
      expect(await violations(other.page)).toEqual([]);
      await other.page.keyboard.press('Escape');
      await other.page.getByRole('button', { name: 'New token' }).click();
      expect(await violations(other.page)).toEqual([]);
      await other.page.screenshot({ path: `${SCREENSHOTS}/console-${scheme}.png` });
      await other.page.context().close();
    },
  );

  it('on a telephone: one thing at a time, and nothing wider than the screen', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.getByRole('link', { name: 'billing-worker' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/console-narrow-list.png` });
    await open('billing-worker');
    await page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    expect(await page.getByRole('navigation').isVisible()).toBe(false);
    await page.screenshot({ path: `${SCREENSHOTS}/console-narrow.png` });
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await page.getByRole('button', { name: 'All tokens' }).click();
    await page.getByRole('link', { name: 'billing-worker' }).waitFor();
  });
});
