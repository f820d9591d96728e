import { mkdirSync, readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

export const SCREENSHOTS = 'test/browser/screenshots';

/** Debian's Chromium. Its sandbox needs rights that a container does not give. */
export async function startBrowser(): Promise<Browser> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface WatchedPage {
  readonly page: Page;
  /** Requests to any host but this one: all of them are cut off. */
  readonly outside: string[];
  /** Errors in the console, those of the content security policy among them. */
  readonly complaints: string[];
}

/** A page without the internet: whatever is not `origin` cannot be reached. */
export async function openOffline(
  browser: Browser,
  origin: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<WatchedPage> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  const outside: string[] = [];
  const complaints: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(origin) || url.startsWith('data:')) return route.continue();
    outside.push(url);
    return route.abort();
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
