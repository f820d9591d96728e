import { describe, expect, it } from '@jest/globals';
import { SCREENSHOTS } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { nameOfNew, useConsole } from './console-page.ts';

const app = useConsole();
const search = () => app.page.getByLabel('Search tokens');
const rows = () => app.page.getByRole('navigation').getByRole('link');
const FOCUSED = 'document.activeElement.textContent';
const scrollToTheEnd = () => app.page.evaluate('document.querySelector(".list").scrollTo(0, 1e6)');
const reads = () => app.gateway.calls().filter((call) => call.startsWith('GET /v1/tokens?'));

describe('A search', () => {
  it('reads the rest of the list, and finds a token at its end', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    const last = app.gateway.emulator.tokensOf('demo').at(-1);
    expect(last?.name).toMatch(/-119$/);
    await search().fill(String(last?.name).toUpperCase());
    await app.page.getByRole('link', { name: last?.name ?? '' }).waitFor();
    await app.page.getByText('1 of 120 tokens', { exact: true }).waitFor();
    expect(await rows().count()).toBe(1);
    // The first page, and one that the gateway reads as large as it can.
    expect(reads().length).toBeLessThanOrEqual(3);
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-search.png` });
    await search().fill('');
    await app.page.getByText('120 tokens', { exact: true }).waitFor();
  });

  it('shows its progress, and stops on request', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    app.gateway.emulator.faults.add({ fault: 'latency-60000', operation: 'listToken' });
    const first = reads().length;
    await search().fill('nothing is called this');
    await app.page.getByText(/^Searching… 0 of 20 tokens$/).waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-searching.png` });
    await until(async () => reads().length > first);
    const before = reads().length;
    await app.page.getByRole('button', { name: 'Stop' }).click();
    await app.page.getByRole('button', { name: 'Search the rest' }).waitFor();
    app.gateway.emulator.faults.clear();
    await app.page.waitForTimeout(1_000);
    expect(reads().length).toBeLessThanOrEqual(before + 1);
    await search().fill('billing');
    await app.page.getByText(/of 120 tokens$/).waitFor();
  });

  it('that fails says so, and continues where it was', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    app.gateway.emulator.faults.add({ fault: 'status-403', operation: 'listToken' });
    await search().fill('-119');
    await app.page.getByRole('alert').getByText('You do not have permission').waitFor();
    app.gateway.emulator.faults.clear();
    await app.page.getByRole('button', { name: 'Try again' }).click();
    await app.page.getByText('1 of 120 tokens', { exact: true }).waitFor();
  });

  it('keeps its field in view however far the list is scrolled', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    for (const size of [
      { width: 1280, height: 800 },
      { width: 390, height: 844 },
    ]) {
      await app.page.setViewportSize(size);
      for (let times = 0; times < 5; times++) await app.page.mouse.wheel(0, 2_000);
      await app.page.evaluate('document.querySelector(".list").scrollTo(0, 1e6)');
      const box = await search().boundingBox();
      expect(box?.y).toBeGreaterThanOrEqual(0);
      expect((box?.y ?? 1e6) + (box?.height ?? 0)).toBeLessThan(300);
    }
  });
});

describe('A row', () => {
  it('shows the number of projects once the token has been opened', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    expect(await app.page.locator('nav .count').count()).toBe(0);
    await app.open('billing-worker');
    await app.page.getByRole('link', { name: /billing-worker.*3 projects/ }).waitFor();
    await app.open('audit-exporter');
    await app.page.getByRole('link', { name: /audit-exporter.*20\+ projects/ }).waitFor();
    await app.open('partner-portal');
    await app.page.getByRole('link', { name: /partner-portal 1 project / }).waitFor();
  });
});

describe('A value', () => {
  it.each([
    ['Copy id', /^[0-9a-f-]{36}$/],
    ['Copy ARI', /^ari:iam:::token\//],
    ['Copy owner', /^ari:iam:::user\//],
    [/^Copy key id/, /^[0-9a-f-]{36}$/],
  ] as const)('is copied by its button: %s', async (name, pattern) => {
    await app.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await app.open('billing-worker');
    await app.stopClock();
    await app.page.getByRole('button', { name }).click();
    await app.page.getByText('Copied', { exact: true }).waitFor();
    expect(await app.page.evaluate('navigator.clipboard.readText()')).toMatch(pattern);
  });
});

describe('The description of a new token', () => {
  it('is sent when there is one', async () => {
    const name = nameOfNew();
    await app.page.getByRole('button', { name: 'New token' }).click();
    await app.dialog.getByLabel('Name').fill(name);
    await app.dialog.getByLabel('Description').fill('  Nightly export of invoices ');
    await app.dialog.getByRole('button', { name: 'Create token' }).click();
    await app.dialog.getByRole('heading', { name: `${name} is ready` }).waitFor();
    const bodies = app.gateway.emulator.calls.map((call) => (call as { body?: unknown }).body);
    expect(bodies).toContainEqual(
      expect.objectContaining({ name, description: 'Nightly export of invoices' }),
    );
  });
});

describe('The title of the page', () => {
  it('says which page it is', async () => {
    await app.until('document.title', 'Tokens');
    await app.open('billing-worker');
    await app.until('document.title', 'billing-worker · Tokens');
    await app.page.goBack();
    await app.until('document.title', 'Tokens');
    await app.page.getByRole('button', { name: 'Sign out' }).click();
    await app.until('document.title', 'Sign in · Tokens');
  });
});

describe('A message', () => {
  it('leaves after a while', async () => {
    await app.stopClock();
    await app.createAndClose(nameOfNew());
    await app.page.locator('.toast', { hasText: 'was created' }).waitFor();
    await app.page.clock.runFor(7_000);
    await app.page.locator('.toast > div').waitFor({ state: 'detached' });
  });

  it('can be dismissed', async () => {
    await app.stopClock();
    await app.createAndClose(nameOfNew());
    // The pointer, which is on it then, would keep it there.
    await app.page.getByRole('button', { name: 'Dismiss' }).click();
    await app.page.locator('.toast > div').waitFor({ state: 'detached' });
  });

  it('stays as long as the pointer is on it', async () => {
    await app.stopClock();
    await app.createAndClose(nameOfNew());
    await app.page.locator('.toast > div').hover();
    await app.page.clock.runFor(7_000);
    expect(await app.page.locator('.toast > div').isVisible()).toBe(true);
  });
});

describe('The keyboard', () => {
  it('reaches the actions of the chosen token within a few Tabs, and its row again', async () => {
    await app.page.getByRole('link', { name: 'ci-deployer' }).focus();
    await app.page.keyboard.press('Enter');
    await app.page.getByRole('heading', { name: 'ci-deployer' }).waitFor();
    const reached: string[] = [];
    for (let tabs = 0; tabs < 3; tabs++) {
      await app.page.keyboard.press('Tab');
      reached.push(await app.page.evaluate<string>(FOCUSED));
    }
    expect(reached).toEqual(['Rename', 'Rotate key', 'Delete']);
    await app.page.goBack();
    await app.page.getByText('Choose a token').waitFor();
    await app.until(`${FOCUSED}.includes('ci-deployer')`, true);
  });

  it('skips the list from the top of the page', async () => {
    const [token] = app.gateway.emulator.tokensOf('demo');
    await app.page.goto(`${app.origin}/#/tokens/${token?.id}`);
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await app.page.evaluate('document.activeElement.blur()');
    await app.page.locator('.skip').focus();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-skip.png` });
    await app.page.keyboard.press('Enter');
    await app.page.keyboard.press('Tab');
    await app.until(FOCUSED, 'Rename');
  });

  it('finds the focus where it was after a rename, and on the list after a delete', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    await app.page.getByRole('heading', { name }).waitFor();
    for (const key of ['Escape', 'Enter']) {
      await app.page.getByRole('button', { name: 'Rename' }).focus();
      await app.page.keyboard.press('Enter');
      await app.page.getByRole('textbox', { name: 'Name' }).fill(`${name}-${key}`);
      await app.page.keyboard.press(key);
      await app.page.getByRole('button', { name: 'Rename' }).waitFor();
      await app.until(FOCUSED, 'Rename');
    }
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByText('This token has no access to any project.').waitFor();
    await app.dialog.getByRole('checkbox').check();
    await app.dialog.getByRole('button', { name: 'Delete token' }).click();
    await app.page.getByText('Choose a token').waitFor();
    await app.until('document.activeElement.closest("nav") !== null', true);
  });

  it('returns to the row on a telephone', async () => {
    await app.page.setViewportSize({ width: 390, height: 844 });
    await app.open('signing-service');
    await app.page.getByRole('button', { name: 'All tokens' }).click();
    await app.until('document.activeElement.querySelector(".name")?.textContent', 'signing-service');
  });
});

describe('A delete', () => {
  it('counts the projects to the end, and says what will be lost', async () => {
    await app.open('audit-exporter');
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByText('This token will lose access to 250 projects:').waitFor();
    await app.dialog.getByText('and 150 more').waitFor();
    await app.dialog
      .getByLabel('I understand that programs using this token lose access immediately')
      .waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-delete-many.png` });
  });

  it('of one project says so', async () => {
    await app.open('partner-portal');
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByText('This token will lose access to 1 project:').waitFor();
  });
});

describe('The list', () => {
  it('with tokens that cannot be read shows the others', async () => {
    await app.page.getByRole('button', { name: 'Sign out' }).click();
    await app.page.route('**/graphql', async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      json.data.tokens.edges[0].node = null;
      const path = ['tokens', 'edges', 0, 'node'];
      json.errors = [{ message: 'No.', path, extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }];
      await route.fulfill({ response, json });
    });
    await app.signIn(app.page);
    await app.page.getByText('1 token could not be read').waitFor();
    expect(await rows().count()).toBe(19);
    await scrollToTheEnd();
    await app.page.getByText('2 tokens could not be read').waitFor();
    expect(await rows().count()).toBe(38);
  });

  it('has a new token once, also when its page of the list is reached', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    await search().fill(name);
    await app.page.getByText(/^1 of \d+ tokens$/).waitFor();
    expect(await rows().count()).toBe(1);
  });

  it('begins again when the gateway no longer accepts its cursor', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    let firstPages = 0;
    await app.page.route('**/graphql', (route) => {
      if (!route.request().postDataJSON().variables.after) {
        firstPages++;
        return route.continue();
      }
      const extensions = { code: 'BAD_USER_INPUT', argument: 'after', reason: 'INVALID_CURSOR' };
      const errors = [{ message: 'No cursor.', path: ['tokens'], extensions }];
      return route.fulfill({ json: { data: { tokens: null }, errors } });
    });
    await scrollToTheEnd();
    await app.page.getByRole('button', { name: 'Try again' }).click();
    await until(async () => firstPages > 0);
  });
});
