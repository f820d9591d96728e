import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { openOffline, startBrowser } from '../support/browser.ts';
import { type ServedConsole, serveConsole } from '../support/console.ts';
import { type Gateway, shareGateway } from '../support/gateway.ts';

/** No promise: a machine may be slow. */
const PATIENCE_MS = 30_000;

const MANIFEST = 'examples/console/src/gql/persisted-documents.json';

/** The console in a browser, over a gateway that accepts the console's own documents only. */
export interface ConsolePage {
  readonly gateway: Gateway;
  readonly browser: Browser;
  readonly origin: string;
  /** Signed in as `Bearer demo`, and new for each test. */
  readonly page: Page;
  /** Errors that the page wrote to the browser's console. */
  readonly complaints: readonly string[];
  readonly dialog: Locator;
  signIn(on: Page, credential?: string): Promise<void>;
  /** Opens the token of this name, which has to be in the list. */
  open(name: string): Promise<void>;
  /** Fills in the form of a new token and sends it. */
  create(name: string): Promise<void>;
  /** Creates a token and leaves its dialog without the key. */
  createAndClose(name: string): Promise<void>;
  /** Tries again until IAM's list has settled what became of a create whose response was lost. */
  tryAgainUntil(done: Locator): Promise<void>;
  /** Stops the time of the page until `page.clock.runFor`: what leaves after a while stays, however busy the machine is. */
  stopClock(): Promise<void>;
  /** Waits until an expression in the page has this value. `waitForFunction` needs what the page's policy forbids. */
  until(expression: string, value: unknown): Promise<void>;
  /** The requests to IAM that changed something. */
  writes(): readonly string[];
}

/** Starts everything before the tests of a file, and gives each test a page of its own. */
export function useConsole(): ConsolePage {
  const gateway = shareGateway({
    // For this time, a create whose response was lost may still be carried out, and is not sent again.
    env: { TRUSTED_DOCUMENTS: MANIFEST, REQUEST_DEADLINE_MS: '10000' },
    readFile: (path) => readFileSync(path, 'utf8'),
  });
  let served: ServedConsole;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  beforeAll(async () => {
    [served, browser] = await Promise.all([serveConsole(gateway.origin), startBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });
  beforeEach(async () => {
    ({ page, complaints } = await openOffline(browser, served.origin));
    page.setDefaultTimeout(PATIENCE_MS);
    await signIn(page);
  });
  afterEach(() => page.context().close());

  async function signIn(on: Page, credential = 'Bearer demo'): Promise<void> {
    if (!on.url().startsWith(served.origin)) await on.goto(served.origin);
    await on.getByLabel('Credential').fill(credential);
    gateway.forgetCalls();
    await on.getByRole('button', { name: /Continue|Sign in again/ }).click();
    await on.getByRole('button', { name: 'Sign out' }).waitFor();
  }
  async function create(name: string): Promise<void> {
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByRole('dialog').getByLabel('Name').fill(name);
    await page.getByRole('dialog').getByRole('button', { name: 'Create token' }).click();
  }
  return {
    gateway,
    get browser() {
      return browser;
    },
    get origin() {
      return served.origin;
    },
    get page() {
      return page;
    },
    get complaints() {
      return complaints;
    },
    get dialog() {
      return page.getByRole('dialog');
    },
    signIn,
    create,
    async createAndClose(name) {
      await create(name);
      await page.getByRole('button', { name: 'Close without the key' }).click();
      await page.getByRole('button', { name: 'Discard the key' }).click();
    },
    async tryAgainUntil(done) {
      const again = page.getByRole('dialog').getByRole('button', { name: 'Try again', exact: true });
      const isDone = () => done.isVisible();
      for (let times = 0; times < 150 && !(await isDone()); times++) {
        if (await again.isEnabled({ timeout: 100 }).catch(() => false)) await again.click();
        await page.waitForTimeout(200);
      }
      await done.waitFor();
    },
    async stopClock() {
      await page.clock.install();
      await page.clock.pauseAt(Date.now() + 60_000);
    },
    async until(expression, value) {
      let last: unknown;
      const giveUpAt = performance.now() + PATIENCE_MS;
      while (last !== value && performance.now() < giveUpAt) {
        last = await page.evaluate(expression);
        await page.waitForTimeout(50);
      }
      expect(last).toBe(value);
    },
    open: (name) => page.getByRole('link', { name }).first().click(),
    writes: () => gateway.calls().filter((call) => !call.startsWith('GET')),
  };
}

export function nameOfNew(): string {
  return `made-by-console-${Math.random().toString(36).slice(2, 8)}`;
}
