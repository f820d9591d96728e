import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import type * as Playwright from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

export const SCREENSHOTS = 'test/browser/screenshots';

// Node.js loads its 7 MB of code once for each worker. An import would make Jest load it for each file.
const { chromium }: typeof Playwright = process
  .getBuiltinModule('node:module')
  .createRequire(import.meta.url)('playwright-core');

const HEADLESS_SHELL = '/usr/bin/chromium-headless-shell';

/**
 * Debian's Chromium: the one without windows where it is installed, because it needs a fifth less CPU. Its sandbox needs
 * rights that a container does not give. It resolves no name but `localhost`, so that no page reaches the internet;
 * intercepting all requests instead would switch off its cache.
 */
export async function startBrowser(): Promise<Browser> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const executablePath =
    process.env.CHROMIUM ?? (existsSync(HEADLESS_SHELL) ? HEADLESS_SHELL : '/usr/bin/chromium');
  const offline = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1';
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', offline],
  });
}

export interface WatchedPage {
  readonly page: Page;
  /** Requests to any other host, none of which can be reached. */
  readonly outside: string[];
  /** Errors in the console, those of the content security policy among them. */
  readonly complaints: string[];
}

/** A page of its own session, without the internet, at home on `origin`. */
export async function openOffline(
  browser: Browser,
  origin: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<WatchedPage> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const outside: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) outside.push(url);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { page, outside, complaints };
}

/** What axe finds wrong on a page, as a line each. The example console has installed it. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync('examples/console/node_modules/axe-core/axe.min.js', 'utf8'));
  const found = await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes[0].html))',
  );
  return found as string[];
}
