import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { openOffline, startBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { startGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';
import { nameOfNew } from './console-page.ts';

interface Started {
  readonly child: ChildProcess;
  readonly port: number;
  readonly url: string;
  output(): string;
  /** Resolves to the exit code. */
  readonly ended: Promise<number | null>;
  /** Ids of the processes that are left of all that it started. */
  remains(): readonly string[];
}

let started: Started | undefined;
afterEach(async () => {
  for (const pid of started?.remains() ?? []) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
  await started?.ended;
  started = undefined;
});

/** `npm run console`, as somebody types it. */
async function startConsole(env: Record<string, string> = {}): Promise<Started> {
  const marker = randomUUID();
  const port = Number(env.PORT ?? (await freePort()));
  const consolePort = await freePort();
  const child = spawn('npm', ['run', 'console'], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: String(port),
      CONSOLE_PORT: String(consolePort),
      CONSOLE_MARKER: marker,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += chunk));
  started = {
    child,
    port,
    url: `http://localhost:${consolePort}`,
    output: () => text,
    ended: once(child, 'exit').then(([code]) => code as number | null),
    remains: () => readdirSync('/proc').filter((pid) => hasInEnvironment(pid, marker)),
  };
  return started;
}

/** What does not end: a process that got a signal to end may need some time on a busy machine. */
async function leftOf({ remains }: Started): Promise<readonly string[]> {
  await until(() => remains().length === 0, 50).catch(() => undefined);
  return remains();
}

function hasInEnvironment(pid: string, text: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(text);
  } catch {
    return false;
  }
}

async function untilServed({ url, child, output }: Started): Promise<void> {
  while (!(await ask(url))) {
    if (child.exitCode !== null) throw new Error(output());
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
/** What the gateway says to the console's page, or undefined as long as something is not there. */
async function ask(url: string): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer demo' },
    body: '{"query":"{ tokens(first: 1) { nodes { name } } }"}',
  }).catch(() => undefined);
  return response?.ok ? response.json() : undefined;
}

describe('npm run console', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'starts a gateway where none is, and ends all that it started on %s',
    async (signal) => {
      const one = await startConsole();
      await untilServed(one);
      expect(await ask(one.url)).toEqual({ data: { tokens: { nodes: [{ name: 'billing-worker' }] } } });
      expect(await ask(`http://127.0.0.1:${one.port}`)).toBeDefined();
      // npm, the script, the gateway, Vite.
      expect(one.remains().length).toBeGreaterThanOrEqual(4);
      one.child.kill(signal);
      await one.ended;
      expect(await leftOf(one)).toEqual([]);
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)('ends all that it started when %s comes early', async (signal) => {
    for (const afterMs of [400, 1_500]) {
      const one = await startConsole();
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      one.child.kill(signal);
      await one.ended;
      expect(await leftOf(one)).toEqual([]);
    }
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'starts nothing more when %s comes while the gateway starts',
    async (signal) => {
      const one = await startConsole();
      await until(() => fetch(`http://127.0.0.1:${one.port}/livez`).catch(() => undefined));
      one.child.kill(signal);
      await one.ended;
      expect(one.output()).not.toContain('VITE');
      expect(await leftOf(one)).toEqual([]);
    },
  );

  it('uses a gateway that is already there, and leaves it running', async () => {
    const port = await freePort();
    const gateway = await startGateway({ env: { PORT: String(port) } });
    const one = await startConsole({ PORT: String(port) });
    await untilServed(one);
    expect(one.output()).toContain(`Using the gateway that runs on http://127.0.0.1:${port}.`);
    expect(gateway.calls()).toContain('GET /v1/tokens?limit=2');
    one.child.kill('SIGTERM');
    await one.ended;
    expect(await leftOf(one)).toEqual([]);
    expect((await fetch(`${gateway.origin}/livez`)).status).toBe(200);
    await gateway.close();
  });

  it('says what to do when something else has the port', async () => {
    const port = await freePort();
    const other = createServer((_request, response) => response.end('hello')).listen(port, '127.0.0.1');
    await once(other, 'listening');
    const one = await startConsole({ PORT: String(port) });
    expect(await one.ended).toBe(1);
    expect(one.output()).toContain(
      `Port ${port} is in use, and not by this gateway. Set PORT, or stop what uses it.`,
    );
    expect(await leftOf(one)).toEqual([]);
    other.closeAllConnections();
    other.close();
  });
});

describe('The console in development', () => {
  it('gives its developers no warning, whatever is done with it', async () => {
    const one = await startConsole();
    await untilServed(one);
    const browser = await startBrowser();
    const { page } = await openOffline(browser, one.url);
    const warnings: string[] = [];
    page.on('console', (message) => {
      if (['warning', 'error'].includes(message.type())) warnings.push(message.text());
    });
    await page.goto(one.url);
    await page.getByRole('button', { name: 'Continue' }).click();
    for (const name of ['billing-worker', 'partner-portal', 'audit-exporter']) {
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, exact: true }).waitFor();
    }
    await page.getByRole('button', { name: 'Load more projects' }).click();
    await page.locator('.projects > li').nth(25).waitFor();
    const name = nameOfNew();
    await page.getByRole('button', { name: 'New token' }).click();
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByRole('button', { name: 'Download private key' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Rotate key' }).click();
    await page.getByRole('button', { name: 'Add a new key' }).click();
    await page.getByRole('button', { name: 'Download private key' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill(`${name}-renamed`);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: `${name}-renamed` }).waitFor();
    // From keys that are registered to an address, and back: the two members of a union.
    await page.getByRole('link', { name: 'partner-portal' }).click();
    await page.getByRole('button', { name: 'Rotate key' }).click();
    await page.getByRole('checkbox').check();
    await page.getByRole('button', { name: 'Register a new key' }).click();
    await page.getByRole('button', { name: 'Download private key' }).click();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByLabel('Search tokens').fill('-119');
    await page.getByText(/^1 of 12\d tokens$/).waitFor();
    expect(warnings).toEqual([]);
    await browser.close();
    one.child.kill('SIGTERM');
    await one.ended;
  });
});
