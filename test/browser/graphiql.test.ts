import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { openOffline, SCREENSHOTS, startBrowser } from '../support/browser.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';

let gateway: Gateway;
let browser: Browser;
beforeAll(async () => {
  gateway = await startGateway({ env: { EXPLORER: 'both' } });
  browser = await startBrowser();
});
afterAll(async () => {
  await browser.close();
  await gateway.close();
});

describe('GraphiQL without the internet', () => {
  it.each(['light', 'dark'] as const)('runs the first sample as it stands, in %s', async (colorScheme) => {
    gateway.forgetCalls();
    const { page, outside, complaints } = await openOffline(browser, gateway.origin, colorScheme);
    await page.goto(`${gateway.origin}/graphiql`);
    await page.getByText('FirstPage').first().waitFor();
    const tools = page.locator('.graphiql-editor-tool');
    await tools.filter({ hasText: /"first":\s20/ }).waitFor();
    await page.getByRole('button', { name: 'Headers' }).click();
    await tools.filter({ hasText: 'Bearer' }).waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.result-window', { hasText: 'billing-worker' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/graphiql-${colorScheme}.png` });
    expect(gateway.calls()[0]).toBe('GET /v1/tokens?limit=21');
    expect(outside).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('completes the name of a field, and explains it', async () => {
    const { page, complaints } = await openOffline(browser, gateway.origin);
    await page.goto(`${gateway.origin}/graphiql`);
    await page.getByText('FirstPage').first().waitFor();
    await page.locator('.graphiql-query-editor .monaco-editor').first().click();
    await page.keyboard.press('ControlOrMeta+A');
    await page.keyboard.type('{ tokens { nodes { authe');
    await page.keyboard.press('Control+Space');
    await page.locator('.suggest-widget', { hasText: 'authenticationMethod' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/graphiql-completion.png` });
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('shows the documentation of the schema, and a tree to build a query by clicking', async () => {
    const { page } = await openOffline(browser, gateway.origin);
    await page.goto(`${gateway.origin}/graphiql`);
    await page.getByRole('button', { name: /Documentation Explorer/ }).click();
    await page.locator('.graphiql-doc-explorer', { hasText: 'Query' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/graphiql-docs.png` });
    await page.getByRole('button', { name: /GraphiQL Explorer/ }).click();
    await page.locator('.docExplorerWrap', { hasText: 'tokens' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/graphiql-explorer.png` });
    await page.context().close();
  });

  it('keeps no credential in the browser, and begins with the sample again after a reload', async () => {
    const { page } = await openOffline(browser, gateway.origin);
    await page.goto(`${gateway.origin}/graphiql`);
    await page.getByRole('button', { name: 'Headers' }).click();
    await page.locator('.graphiql-editor-tool', { hasText: 'Bearer' }).waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.result-window', { hasText: 'billing-worker' }).waitFor();
    await page.reload();
    await page.locator('.graphiql-editor-tool', { hasText: /"first":\s20/ }).waitFor();
    await page.getByRole('button', { name: 'Headers' }).click();
    await page.locator('.graphiql-editor-tool', { hasText: 'Bearer' }).waitFor();
    const kept = await page.evaluate<string>('JSON.stringify(Object.entries(localStorage))');
    expect(kept).toContain('FirstPage');
    expect(kept).not.toContain('Bearer');
    await page.context().close();
  });
});

describe('Each sample of GraphiQL', () => {
  it.each([
    ['FirstPage', 'billing-worker'],
    ['OneToken', 'billing-worker'],
    ['ProjectsOfAToken', 'Customer 100'],
    ['CreateAToken', '"userErrors": []'],
  ])('%s runs at the first click, without a complaint of the editor', async (name, expected) => {
    const { page, complaints } = await openOffline(browser, gateway.origin);
    await page.setViewportSize({ width: 1280, height: 1400 });
    await page.goto(`${gateway.origin}/graphiql`);
    await page.getByRole('tab', { name }).click();
    await page.locator('.graphiql-query-editor', { hasText: name }).waitFor();
    // The editor checks the variables in a worker, a moment later.
    await page.waitForTimeout(2_000);
    expect(await page.locator('.squiggly-error, .squiggly-warning').count()).toBe(0);
    gateway.forgetCalls();
    const [response] = await Promise.all([
      page.waitForResponse((each) => each.request().postData()?.includes(name) === true),
      page.getByRole('button', { name: /Execute query/ }).click(),
    ]);
    const text = JSON.stringify(await response.json(), undefined, 1);
    expect(text).toContain(expected);
    expect(text).not.toContain('"errors"');
    await page.locator('.result-window', { hasText: '"data"' }).waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/graphiql-${name}.png` });
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('that creates a token creates another one each time', async () => {
    const before = gateway.emulator.tokensOf('demo').length;
    const { page } = await openOffline(browser, gateway.origin);
    await page.goto(`${gateway.origin}/graphiql`);
    await page.getByRole('tab', { name: 'CreateAToken' }).click();
    for (let times = 0; times < 2; times++) {
      await Promise.all([
        page.waitForResponse((each) => each.request().postData()?.includes('CreateAToken') === true),
        page.getByRole('button', { name: /Execute query/ }).click(),
      ]);
    }
    expect(gateway.emulator.tokensOf('demo').length).toBe(before + 2);
    await page.context().close();
  });
});

describe('Apollo Sandbox without the internet', () => {
  it('says so, and leads to GraphiQL', async () => {
    const { page } = await openOffline(browser, gateway.origin);
    await page.goto(gateway.url);
    await page.getByText('it appears that you might be offline').waitFor();
    // It appears slowly.
    await page.evaluate(
      'Promise.all(document.getAnimations().map(({ finished }) => finished)).then(() => 0)',
    );
    await page.screenshot({ path: `${SCREENSHOTS}/sandbox-offline.png` });
    await page.getByRole('link', { name: 'GraphiQL' }).click();
    await page.getByText('FirstPage').first().waitFor();
    expect(page.url()).toBe(`${gateway.origin}/graphiql`);
    await page.context().close();
  });
});
