import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SCREENSHOTS } from '../support/browser.ts';
import { nameOfNew, useConsole } from './console-page.ts';

const app = useConsole();

describe('The list of tokens', () => {
  it('appears at once, and loads more as it is scrolled, to its end', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    expect(app.gateway.calls()[0]).toBe('GET /v1/tokens?limit=21');
    const list = app.page.getByRole('navigation', { name: 'Tokens' });
    while (!(await app.page.getByText('120 tokens', { exact: true }).isVisible())) {
      await app.page.evaluate('document.querySelector(".list").scrollTo(0, 1e6)');
      await app.page.waitForTimeout(50);
    }
    expect(await list.getByRole('link').count()).toBe(120);
    expect(app.complaints).toEqual([]);
  });

  it('of somebody without tokens says how to begin', async () => {
    await app.page.getByRole('button', { name: 'Sign out' }).click();
    await app.page.getByLabel('Credential').fill('Bearer newcomer');
    await app.page.getByRole('button', { name: 'Continue' }).click();
    await app.page.getByText('You have no tokens yet.').waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-empty.png` });
  });
});

describe('A token', () => {
  it('shows its key, its projects page by page, and what it may do there', async () => {
    await app.page.getByLabel('Search tokens').waitFor();
    await app.open('billing-worker');
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await app.page.getByRole('heading', { name: 'Projects' }).waitFor();
    await app.page.locator('.projects summary').first().click();
    await app.page.locator('.projects details[open]').waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console.png` });
    expect(await app.page.locator('.keys li').count()).toBeGreaterThan(0);
  });

  it('with many projects loads more of them when asked', async () => {
    const { id } = app.gateway.emulator.tokensOf('demo').find(({ name }) => name === 'audit-exporter') ?? {};
    await app.page.goto(`${app.origin}/#/tokens/${id}`);
    await app.page.getByRole('button', { name: 'Load more projects' }).click();
    await app.page.getByText(/Projects (?!20\+)\d+/).waitFor();
    expect(await app.page.locator('.projects > li').count()).toBeGreaterThan(20);
  });

  it('with a project that cannot be read shows the others of its page', async () => {
    await app.open('audit-exporter');
    const more = app.page.getByRole('button', { name: 'Load more projects' });
    await more.waitFor();
    await app.page.route('**/graphql', async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      json.data.token.projects.edges[0].node = null;
      const path = ['token', 'projects', 'edges', 0, 'node'];
      json.errors = [{ message: 'No.', path, extensions: { code: 'UPSTREAM_INVALID_RESPONSE' } }];
      await route.fulfill({ response, json });
    });
    await more.click();
    await app.page.getByText('This project could not be read').waitFor();
    expect(await app.page.locator('.projects > li').count()).toBe(40);
  });

  it('shows how much each policy allows, without what it denies and what could not be read', async () => {
    const statement = (effect: string, ...actions: string[]) => ({
      __typename: 'PolicyStatement',
      effect,
      actions,
      resources: ['*'],
    });
    await app.page.route('**/graphql', async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      const [denied, mixed, unread] = json.data?.token?.projects.edges ?? [];
      if (denied) {
        denied.policy.statements = [statement('Deny', '*'), statement('Audit', '*')];
        mixed.policy.statements = [statement('Allow', 'read'), statement('Allow', 'read')];
        Object.assign(unread, { node: null, policy: null });
      }
      await route.fulfill({ response, json });
    });
    await app.open('billing-worker');
    await app.page.getByText('This project could not be read').waitFor();
    expect(await app.page.locator('.projects .tag').allTextContents()).toEqual(['0 actions', '1 action']);
  });

  it('has the whole text of a long policy name inside its frame', async () => {
    await app.page.setViewportSize({ width: 390, height: 844 });
    await app.page.route('**/graphql', async (route) => {
      const response = await route.fetch();
      const json = await response.json();
      const [first] = json.data?.token?.projects.edges ?? [];
      if (first) first.policy.name = 'LongName'.repeat(40);
      await route.fulfill({ response, json });
    });
    await app.open('billing-worker');
    await app.page.getByText('LongName').waitFor();
    const isInside = await app.page.evaluate(`(() => {
      const tag = document.querySelector('.projects .tag');
      const box = tag.getBoundingClientRect();
      const radius = Math.min(parseFloat(getComputedStyle(tag).borderRadius), box.width / 2, box.height / 2);
      const range = document.createRange();
      range.selectNodeContents(tag);
      const [line] = range.getClientRects();
      return Math.hypot(box.left + radius - line.left, box.top + radius - line.top) <= radius;
    })()`);
    expect(isInside).toBe(true);
  });

  it('stays when IAM fails while more of its projects load, and tries again', async () => {
    await app.open('credential-issuer');
    const more = app.page.getByRole('button', { name: 'Load more projects' });
    await more.waitFor();
    app.gateway.emulator.faults.add({ fault: 'status-500' });
    await more.click();
    await app.page.getByRole('alert').getByText('Something went wrong').waitFor();
    expect(await app.page.locator('.projects > li').count()).toBe(20);
    app.gateway.emulator.faults.clear();
    await app.page.getByRole('button', { name: 'Try again' }).click();
    await app.page.locator('.projects > li').nth(39).waitFor();
  });

  it('is renamed in place', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    app.gateway.forgetCalls();
    await app.page.getByRole('button', { name: 'Rename' }).click();
    await app.page.getByRole('textbox', { name: 'Name' }).fill(`${name}-renamed`);
    await app.page.keyboard.press('Enter');
    await app.page.getByText(`Renamed to ${name}-renamed`).waitFor();
    await app.page.getByRole('link', { name: `${name}-renamed` }).waitFor();
    expect(app.writes()).toHaveLength(1);
  });

  it('whose new name is rejected keeps its name, and the reason is beside the field', async () => {
    await app.open('billing-worker');
    await app.page.getByRole('button', { name: 'Rename' }).click();
    await app.page.getByRole('textbox', { name: 'Name' }).fill('x');
    await app.page.keyboard.press('Enter');
    await app.page.locator('.rejection').waitFor();
    app.gateway.emulator.faults.add({ fault: 'status-500', operation: 'updateToken' });
    await app.page.getByRole('textbox', { name: 'Name' }).fill('billing-worker-2');
    await app.page.keyboard.press('Enter');
    await app.page.getByText('It may have been renamed').waitFor();
    expect(await app.page.locator('.rejection').count()).toBe(0);
    await app.page.keyboard.press('Escape');
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    expect(app.gateway.emulator.tokensOf('demo')[0]?.name).toBe('billing-worker');
  });
});

describe('A new token', () => {
  it('gets its key pair in the browser: the public half is sent, the private half downloaded', async () => {
    const name = nameOfNew();
    await app.create(name);
    await app.dialog.getByRole('heading', { name: `${name} is ready` }).waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-key.png` });
    const [file] = await Promise.all([
      app.page.waitForEvent('download'),
      app.dialog.getByRole('button', { name: 'Download private key' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe(`${name}.pem`);
    expect(readFileSync(await file.path(), 'utf8')).toMatch(
      /^-----BEGIN PRIVATE KEY-----\n[\s\S]+-----END PRIVATE KEY-----\n$/,
    );
    const post = app.gateway.emulator.calls.find(({ method }) => method === 'POST');
    const { authenticationMethod } = (post as { body: unknown }).body as {
      authenticationMethod: { publicKeyInfo: { jwks: { keys: object[] } } };
    };
    const [key] = authenticationMethod.publicKeyInfo.jwks.keys;
    expect(Object.keys(key ?? {}).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    await app.dialog.getByRole('button', { name: 'Done' }).click();
    await app.page.getByRole('link', { name }).waitFor();
  });

  it('whose response is lost is created once, even if its user tries again several times', async () => {
    const name = nameOfNew();
    app.gateway.emulator.faults.add({ fault: 'close', operation: 'createToken', times: 1 });
    await app.create(name);
    await app.dialog.getByText(/It may have been created/).waitFor();
    await app.tryAgainUntil(app.dialog.getByRole('heading', { name: `${name} is ready` }));
    expect(app.gateway.emulator.tokensOf('demo').filter((token) => token.name === name)).toHaveLength(1);
  });
});

describe('A slow request', () => {
  it('of a rename keeps its field until the end, and what was typed when it fails', async () => {
    let fail = () => {};
    const isOver = new Promise<void>((resolve) => {
      fail = resolve;
    });
    let sent = 0;
    await app.page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('UpdateToken')) return route.continue();
      sent++;
      await isOver;
      return route.abort();
    });
    await app.open('billing-worker');
    await app.page.getByRole('button', { name: 'Rename' }).click();
    await app.page.getByLabel('Name').fill('never-renamed');
    await app.page.getByRole('button', { name: 'Save' }).dblclick();
    await app.page.getByLabel('Name').press('Escape');
    await app.page.getByRole('button', { name: 'Saving…' }).waitFor();
    fail();
    await app.page.getByText('The connection was lost').waitFor();
    expect(await app.page.getByLabel('Name').inputValue()).toBe('never-renamed');
    expect(sent).toBe(1);
  });

  it('of a delete keeps its dialog, and does not take its user away from another token', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    await app.page.getByRole('heading', { name }).waitFor();
    app.gateway.emulator.faults.add({ fault: 'latency-60000', operation: 'deleteToken' });
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByRole('checkbox').check();
    await app.dialog.getByRole('button', { name: 'Delete token' }).click();
    await app.page.keyboard.press('Escape');
    await app.page.keyboard.press('Escape');
    await app.page.waitForTimeout(100);
    // Chromium closes it at the second Escape, and the console opens it again.
    await app.dialog.waitFor();
    const other = app.gateway.emulator.tokensOf('demo')[0];
    await app.page.evaluate(`location.hash = '#/tokens/${other?.id}'`);
    await app.page.getByRole('heading', { name: other?.name ?? '' }).waitFor();
    app.gateway.emulator.faults.clear();
    await app.page.getByText(`${name} was deleted`).waitFor();
    expect(app.page.url()).toContain(other?.id);
  });

  it('of a create that was discarded does not take its user to another page', async () => {
    const name = nameOfNew();
    app.gateway.emulator.faults.add({ fault: 'latency-60000', operation: 'createToken' });
    await app.create(name);
    await app.page.keyboard.press('Escape');
    await app.page.getByRole('button', { name: 'Discard the key' }).click();
    await app.open('billing-worker');
    const address = app.page.url();
    app.gateway.emulator.faults.clear();
    await app.page.getByRole('link', { name }).waitFor();
    expect(app.page.url()).toBe(address);
  });

  it('that is tried again does not say that there is no such token', async () => {
    app.gateway.emulator.faults.add({ fault: 'status-403', operation: 'getToken' });
    await app.open('billing-worker');
    const again = app.page.getByRole('button', { name: 'Try again' });
    await again.waitFor();
    app.gateway.emulator.faults.clear();
    app.gateway.emulator.faults.add({ fault: 'latency-60000', operation: 'getToken' });
    await again.click();
    await again.waitFor({ state: 'detached' });
    expect(await app.page.getByText('There is no such token').count()).toBe(0);
    app.gateway.emulator.faults.clear();
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
  });
});

describe('A token that could not be read', () => {
  it('is read again when its user comes back', async () => {
    app.gateway.emulator.faults.add({ fault: 'status-403', operation: 'getToken' });
    await app.open('partner-portal');
    await app.page.getByText('You do not have permission').waitFor();
    app.gateway.emulator.faults.clear();
    await app.open('billing-worker');
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await app.open('partner-portal');
    await app.page.getByRole('heading', { name: 'partner-portal' }).waitFor();
  });
});

describe('A token that is deleted', () => {
  it('says first which projects lose access, and is gone after', async () => {
    const target = app.gateway.emulator.tokensOf('demo').find(({ name }) => name === 'signing-service');
    await app.page.goto(`${app.origin}/#/tokens/${target?.id}`);
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByText(/^This token will lose access to 2 projects:/).waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-delete.png` });
    expect(await app.dialog.getByRole('button', { name: 'Delete token' }).isDisabled()).toBe(true);
    await app.dialog.getByRole('checkbox').check();
    app.gateway.forgetCalls();
    await app.dialog.getByRole('button', { name: 'Delete token' }).click();
    await app.page.getByText('signing-service was deleted').waitFor();
    expect(app.writes()).toEqual([`DELETE /v1/tokens/${target?.id}`]);
    expect(await app.page.getByRole('link', { name: 'signing-service' }).count()).toBe(0);
  });

  it('is gone from the list and from the history, also when somebody else was faster', async () => {
    const name = nameOfNew();
    await app.createAndClose(name);
    app.gateway.emulator.faults.add({ fault: 'after-404', operation: 'deleteToken' });
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByRole('checkbox').check();
    await app.dialog.getByRole('button', { name: 'Delete token' }).click();
    await app.page.getByText(`${name} was deleted`).waitFor();
    expect(await app.page.getByRole('link', { name }).count()).toBe(0);
    await app.page.goBack();
    await app.page.getByText('There is no such token').waitFor();
  });

  it('and whose name has a right-to-left override does not turn the words behind it', async () => {
    const created = await fetch(`${app.gateway.emulator.url}/iam/v1/tokens`, {
      method: 'POST',
      headers: { authorization: 'Bearer demo', 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'invoice\u202egnp.exe',
        authenticationMethod: {
          type: 'PRIVATE_KEY',
          signingAlgorithm: 'ES256',
          publicKeyInfo: { jwksUri: 'https://keys.example/' },
        },
      }),
    });
    const { id } = (await created.json()) as { id: string };
    /** Whether the last character of an element is the rightmost one. */
    const endsOnTheRight = (selector: string) =>
      app.page.evaluate(`(() => {
        const element = document.querySelector('${selector}');
        const { lastChild } = element;
        const all = document.createRange();
        all.selectNodeContents(element);
        const last = document.createRange();
        last.setStart(lastChild, lastChild.length - 1);
        last.setEnd(lastChild, lastChild.length);
        return last.getBoundingClientRect().right > all.getBoundingClientRect().right - 1;
      })()`);
    await app.page.goto(`${app.origin}/#/tokens/${id}`);
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByRole('checkbox').check();
    expect(await endsOnTheRight('dialog h2')).toBe(true);
    await app.dialog.getByRole('button', { name: 'Delete token' }).click();
    await app.page.getByText('was deleted').waitFor();
    expect(await endsOnTheRight('.toast span')).toBe(true);
  });

  it('stays where it was when that fails', async () => {
    await app.open('billing-worker');
    app.gateway.emulator.faults.add({ fault: 'status-403', operation: 'deleteToken' });
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await app.dialog.getByRole('checkbox').check();
    await app.dialog.getByRole('button', { name: 'Delete token' }).click();
    await app.dialog.getByText('You do not have permission to do this').waitFor();
    await app.page.keyboard.press('Escape');
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
  });
});

describe('When something fails', () => {
  it('in IAM, an error says what to do, and the rest stays', async () => {
    app.gateway.emulator.faults.add({ fault: 'status-500', operation: 'listProjectsOfToken' });
    await app.open('billing-worker');
    await app.page.getByRole('alert').getByText('Something went wrong').waitFor();
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-fault.png` });
    app.gateway.emulator.faults.clear();
    await app.page.getByRole('button', { name: 'Try again' }).click();
    await app.page.locator('.projects > li').first().waitFor();
  });

  it('in the connection, the typed input is kept', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    await app.page.getByRole('button', { name: 'New token' }).click();
    const name = nameOfNew();
    await app.dialog.getByLabel('Name').fill(name);
    await app.page.context().setOffline(true);
    await app.dialog.getByRole('button', { name: 'Create token' }).click();
    await app.dialog.getByText('The connection was lost').waitFor();
    expect(await app.dialog.getByLabel('Name').inputValue()).toBe(name);
    await app.page.context().setOffline(false);
    await app.dialog.getByRole('button', { name: 'Try again' }).click();
    await app.dialog.getByRole('heading', { name: `${name} is ready` }).waitFor();
  });
});

describe('Everybody can use it', () => {
  it('with the keyboard alone', async () => {
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    await app.page.getByLabel('Search tokens').focus();
    await app.page.keyboard.press('Tab');
    await app.page.keyboard.press('Enter');
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    await app.page.getByRole('button', { name: 'Rotate key' }).focus();
    await app.page.keyboard.press('Enter');
    await app.dialog.waitFor();
    await app.page.keyboard.press('Escape');
    await app.dialog.waitFor({ state: 'detached' });
    await app.until('document.activeElement.textContent', 'Rotate key');
  });

  it('on a telephone: one thing at a time, and nothing wider than the screen', async () => {
    await app.page.setViewportSize({ width: 390, height: 844 });
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-narrow-list.png` });
    await app.open('billing-worker');
    await app.page.getByRole('heading', { name: 'billing-worker' }).waitFor();
    expect(await app.page.getByRole('navigation').isVisible()).toBe(false);
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-narrow.png` });
    expect(await app.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    await app.page.getByRole('button', { name: 'All tokens' }).click();
    await app.page.getByRole('link', { name: 'billing-worker' }).waitFor();
  });

  it('with names that are longer than the screen is wide: all of each can be read', async () => {
    await app.page.setViewportSize({ width: 320, height: 640 });
    const token = app.gateway.emulator.tokensOf('demo').find(({ name }) => name === 'retired-importer');
    await fetch(`${app.gateway.emulator.url}/_emulator/tokens/${token?.id}/projects`, {
      method: 'POST',
      body: JSON.stringify({ name: 'VeryLong'.repeat(20) }),
    });
    await app.open('retired-importer');
    const expectNothingCut = async (part: string) => {
      await app.page.locator(part).getByText('VeryLong').waitFor();
      const widths = `(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])(document.querySelector('${part}'))`;
      const [content, visible] = (await app.page.evaluate(widths)) as [number, number];
      expect(content).toBe(visible);
    };
    await expectNothingCut('main');
    await app.page.screenshot({ path: `${SCREENSHOTS}/console-long-names.png` });
    await app.page.getByRole('button', { name: 'Delete' }).click();
    await expectNothingCut('dialog .lost');
  });
});
