import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import {
  findViolations,
  openOffline,
  SCREENSHOTS,
  startBrowser,
  type WatchedPage,
} from '../support/browser.ts';
import { shareGateway, startGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

/** Does what the code of Sandbox does in the page that embeds it: it adds a frame, and sends the requests of the frame. */
const STANDIN = `
window.EmbeddedSandbox = function (options) {
  window.options = options;
  const frame = document.createElement('iframe');
  frame.src = 'https://sandbox.embed.apollographql.com/';
  document.querySelector(options.target).appendChild(frame);
  const body = JSON.stringify({ query: '{ __typename }' });
  const headers = { 'content-type': 'application/json' };
  fetch(options.initialEndpoint, { method: 'POST', headers, body })
    .then((response) => response.text())
    .then((text) => { window.requested = text; });
};
`;

const gateway = shareGateway({ env: { EXPLORER: 'both' } });
let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

describe('GraphiQL without the internet', () => {
  it.each(['light', 'dark'] as const)('runs the first sample unchanged, in %s', async (colorScheme) => {
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

  it('shows the response below the operation on a telephone, as wide as that', async () => {
    const { page } = await openOffline(browser, gateway.origin);
    await page.setViewportSize({ width: 390, height: 800 });
    await page.goto(`${gateway.origin}/graphiql`);
    await page.getByText('FirstPage').first().waitFor();
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page.locator('.result-window', { hasText: 'billing-worker' }).waitFor();
    const [operation, response] = await Promise.all(
      ['.graphiql-editors', '.graphiql-response'].map((part) => page.locator(part).boundingBox()),
    );
    expect(response?.width).toBe(operation?.width);
    expect(response?.y).toBeGreaterThan(operation?.y ?? Number.NaN);
    await page.screenshot({ path: `${SCREENSHOTS}/graphiql-narrow.png` });
    await page.getByRole('button', { name: /Documentation Explorer/ }).click();
    await page.locator('.graphiql-doc-explorer', { hasText: 'Query' }).waitFor();
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    expect(await page.locator('.graphiql-sessions').isVisible()).toBe(false);
    await page.getByRole('button', { name: /Documentation Explorer/ }).click();
    await page.locator('.result-window', { hasText: 'billing-worker' }).waitFor();
    await page.context().close();
  });

  it.each([
    ['gzip, deflate, br', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['gzip;q=0, br', null],
    ['gzip; q=0.000', null],
    ['identity', null],
  ])('sends its files in a coding that the client accepts (%s)', async (accept, coding) => {
    const { headers, body } = await fetch(`${gateway.origin}/graphiql/main.css`, {
      headers: { 'accept-encoding': accept },
    });
    await body?.cancel();
    expect(headers.get('content-encoding')).toBe(coding);
  });

  it('opens the operation of a link, beside the tabs that are there, and runs it at a click only', async () => {
    const { page, complaints } = await openOffline(browser, gateway.origin);
    const run = async (link: Record<string, string>) => {
      gateway.forgetCalls();
      await page.goto(`${gateway.origin}/graphiql?${new URLSearchParams(link)}`);
      await page.locator('.graphiql-query-editor', { hasText: 'Linked' }).waitFor();
      await page.locator('.graphiql-editor-tool', { hasText: `"first":${link.first}` }).waitFor();
      expect(await page.getByRole('tab', { name: 'FirstPage' }).count()).toBe(1);
      expect(gateway.calls()).toEqual([]);
      await page.getByRole('button', { name: /Execute query/ }).click();
      await page.locator('.result-window', { hasText: 'billing-worker' }).waitFor();
      return gateway.calls();
    };
    const query = 'query Linked($first: Int) { tokens(first: $first) { nodes { name } } }';
    expect(await run({ query, variables: '{"first":1}', first: '1' })).toEqual(['GET /v1/tokens?limit=2']);
    // GraphiQL has stored its tabs now.
    await until(async () => (await page.evaluate<string>('JSON.stringify(localStorage)')).includes('Linked'));
    expect(await run({ query, variables: '{"first":2}', first: '2' })).toEqual(['GET /v1/tokens?limit=3']);
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
    const suggestion = page.locator('.suggest-widget', { hasText: 'authenticationMethod' });
    // The editor may not have the schema yet: then it has nothing to suggest.
    await until(async () => {
      await page.keyboard.press('Control+Space');
      await page.waitForTimeout(500);
      return suggestion.isVisible();
    });
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
    // GraphiQL stores its tabs a moment later.
    let kept = '';
    await until(async () => {
      kept = await page.evaluate('JSON.stringify(Object.entries(localStorage))');
      return kept.includes('FirstPage');
    });
    expect(kept).not.toContain('Bearer');
    await page.context().close();
  });
});

describe('Each sample of GraphiQL', () => {
  // Each has a tab of its own. Loading GraphiQL takes more CPU than all that is done with it.
  let opened: WatchedPage;
  beforeAll(async () => {
    opened = await openOffline(browser, gateway.origin);
    await opened.page.setViewportSize({ width: 1280, height: 1400 });
    await opened.page.goto(`${gateway.origin}/graphiql`);
  });
  afterAll(() => opened.page.context().close());

  it.each([
    ['FirstPage', 'billing-worker'],
    ['OneToken', 'billing-worker'],
    ['ProjectsOfAToken', 'Customer 100'],
    ['CreateAToken', '"userErrors": []'],
  ])('%s runs at the first click, without a complaint of the editor', async (name, expected) => {
    const { page, complaints } = opened;
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
  });

  it('says in one line that the gateway does not respond', async () => {
    const { page } = opened;
    await page.context().setOffline(true);
    await page.getByRole('button', { name: /Execute query/ }).click();
    await page
      .locator('.result-window', { hasText: 'The gateway did not respond: Failed to fetch' })
      .waitFor();
    expect(await page.locator('.result-window').textContent()).not.toContain('stack');
    await page.context().setOffline(false);
  });

  it('that creates a token creates another one each time', async () => {
    const before = gateway.emulator.tokensOf('demo').length;
    const { page } = opened;
    await page.getByRole('tab', { name: 'CreateAToken' }).click();
    for (let times = 0; times < 2; times++) {
      await Promise.all([
        page.waitForResponse((each) => each.request().postData()?.includes('CreateAToken') === true),
        page.getByRole('button', { name: /Execute query/ }).click(),
      ]);
    }
    expect(gateway.emulator.tokensOf('demo').length).toBe(before + 2);
  });
});

describe('Apollo Sandbox without the internet', () => {
  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
  ] as const)('says so, and leads to GraphiQL (%s, %i px)', async (scheme, width) => {
    const { page, outside, complaints } = await openOffline(browser, gateway.origin, scheme);
    await page.setViewportSize({ width, height: 700 });
    await page.goto(`${gateway.origin}/`);
    await page.getByRole('heading', { name: 'Apollo Sandbox cannot be reached' }).waitFor();
    expect(await page.evaluate('getComputedStyle(document.querySelector("main")).opacity')).toBe('1');
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await page.screenshot({ path: `${SCREENSHOTS}/sandbox-offline-${scheme}-${width}.png` });
    expect(await findViolations(page)).toEqual([]);
    // Only its code was asked for, and nothing was against the policy.
    expect(outside).toEqual([expect.stringContaining('embeddable-sandbox')]);
    expect(complaints).toEqual(['Failed to load resource: net::ERR_NAME_NOT_RESOLVED']);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('FirstPage').first().waitFor();
    expect(page.url()).toBe(`${gateway.origin}/graphiql`);
    await page.context().close();
  });

  it('leads to GraphiQL with the operation of a link', async () => {
    const { page } = await openOffline(browser, gateway.origin);
    await page.goto(`${gateway.url}?query={__typename}`);
    await page.getByRole('link', { name: 'Open GraphiQL' }).click();
    await page.locator('.graphiql-query-editor', { hasText: '{__typename}' }).waitFor();
    await page.context().close();
  });

  it('says how to switch GraphiQL on where it is not', async () => {
    const alone = await startGateway({ env: { EXPLORER: 'sandbox' }, emulatorOf: gateway });
    const { page } = await openOffline(browser, alone.origin);
    await page.goto(alone.url);
    await page.getByText('EXPLORER=both npm run quickstart').waitFor();
    await page.screenshot({ path: `${SCREENSHOTS}/sandbox-offline-alone.png` });
    await page.context().close();
    await alone.close();
  });
});

describe('Apollo Sandbox', () => {
  it.each([
    ['its document', 'a=1', /^# Your tokens/, { first: 5 }],
    ['the document of a link', 'query={a}&variables={"b":1}', /^\{a\}$/, { b: 1 }],
    ['the document of a link with wrong variables', 'query={a}&variables={', /^\{a\}$/, {}],
  ])(
    'gets %s, headers and the endpoint, and may put its frame into the page',
    async (_, query, document, variables) => {
      const { page, complaints } = await openOffline(browser, gateway.origin);
      await page.route('https://embeddable-sandbox.cdn.apollographql.com/**', (route) =>
        route.fulfill({ contentType: 'text/javascript', body: STANDIN }),
      );
      await page.route('https://sandbox.embed.apollographql.com/**', (route) =>
        route.fulfill({ contentType: 'text/html', body: 'the frame of Sandbox' }),
      );
      await page.goto(`${gateway.url}?${query}`);
      await page.frameLocator('iframe').getByText('the frame of Sandbox').waitFor();
      const options = JSON.parse(await page.evaluate<string>('JSON.stringify(window.options)'));
      expect(options).toMatchObject({
        initialEndpoint: gateway.url,
        initialState: {
          document: expect.stringMatching(document),
          headers: { Authorization: 'Bearer demo' },
          variables,
        },
        runTelemetry: false,
      });
      expect(await page.evaluate<string>('window.requested')).toBe('{"data":{"__typename":"Query"}}\n');
      await page.screenshot({ path: `${SCREENSHOTS}/sandbox-frame.png` });
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );
});
