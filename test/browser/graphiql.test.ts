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
    expect(await page.locator('.graphiql-editor-tool').textContent()).toContain('Bearer');
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
    await page.locator('.graphiql-editor-tool', { hasText: 'Bearer' }).waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.result-window', { hasText: 'billing-worker' }).waitFor();
    await page.reload();
    await page.locator('.graphiql-editor-tool', { hasText: 'Bearer' }).waitFor();
    const kept = await page.evaluate<string>('JSON.stringify(Object.entries(localStorage))');
    expect(kept).toContain('FirstPage');
    expect(kept).not.toContain('Bearer');
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
