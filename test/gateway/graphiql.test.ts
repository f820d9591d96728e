import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { startGateway } from '../support/gateway.ts';
import { startProcess } from '../support/process.ts';

const isBuilt = () => existsSync('dist/graphiql/main.js');
const wasBuilt = isBuilt();

describe('GraphiQL', () => {
  it('is not served unless it is configured', async () => {
    const gateway = await startGateway();
    const { status } = await fetch(`${gateway.origin}/graphiql`);
    await gateway.close();
    expect(status).toBe(404);
  });

  it('is served, or the start fails with the command that builds it', async () => {
    const gateway = startProcess({
      EXPLORER: 'graphiql',
      EMULATOR: 'true',
      PORT: '0',
      PATH: process.env.PATH ?? '',
    });
    // The browser suite, which builds it, may run at the same time.
    const [, origin] = (await gateway.until(/Explorer\s+(http:\S+)\/graphiql/).catch(() => undefined)) ?? [];
    if (origin !== undefined) {
      expect(isBuilt()).toBe(true);
      const page = await fetch(`${origin}/graphiql`);
      gateway.child.kill();
      expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
      expect(await page.text()).toContain('"authorization":"Bearer demo"');
      expect(await gateway.ended).toBe(0);
    } else {
      expect(wasBuilt).toBe(false);
      expect(await gateway.ended).toBe(1);
      expect(gateway.output()).toBe(
        'EXPLORER=graphiql and both need the files of GraphiQL: run `node tools/graphiql/build.mjs` first\n',
      );
    }
  });
});
