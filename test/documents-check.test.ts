import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';

const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
afterAll(() => rmSync(folder, { recursive: true }));

function check(manifest: string, env: Record<string, string> = {}, more: readonly string[] = []) {
  const file = join(folder, 'manifest.json');
  writeFileSync(file, manifest);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['tools/documents-check.mjs', file, ...more],
    {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, ...env },
    },
  );
  return { status, lines: stdout.trim().split('\n'), stderr };
}

const PAGE =
  'query Page($first: Int) { tokens(first: $first) { nodes { name projects(first: 2) { nodes { id } } } } }';

describe('npm run documents:check', () => {
  it('says what each document may cost, and succeeds when all will run', () => {
    const { status, lines } = check(
      JSON.stringify({
        page: PAGE,
        remove: 'mutation { deleteToken(input: { id: "x" }) { deletedTokenId } }',
      }),
    );
    expect(lines).toEqual([
      'ok        page  query Page  fields at most 502, IAM calls at most 101',
      'ok        remove  mutation (anonymous)  fields at most 2, IAM calls at most 1',
    ]);
    expect(status).toBe(0);
  });

  it('warns of what will not run with large variables', () => {
    const { status, lines } = check(JSON.stringify({ page: PAGE }), { MAX_UPSTREAM_CALLS: '50' });
    expect(lines).toEqual([
      'warning   page  query Page  fields at most 502, IAM calls at most 101  Expected at most 50 calls to the IAM API, got 101.',
    ]);
    expect(status).toBe(0);
  });

  it.each([
    ['a field that the schema does not have', '{ tokens { nodes { size } } }', /Cannot query field "size"/],
    ['a syntax error', '{ tokens', /Syntax Error/],
    ['a subscription', 'subscription { tokens }', /Subscriptions are not supported/],
    [
      'more than a limit allows',
      '{ tokens(first: 100) { nodes { a: projects(first: 1) { nodes { id } } b: projects(first: 2) { nodes { id } } } } }',
      /Expected at most 150 calls to the IAM API, got 201/,
    ],
  ])('fails for %s', (_name, document, problem) => {
    const { status, lines } = check(JSON.stringify({ one: document }));
    expect(lines[0]).toMatch(/^refused {3}one/);
    expect(lines[0]).toMatch(problem);
    expect(lines.at(-1)).toBe('1 of these will not run: see above.');
    expect(status).toBe(1);
  });

  it('accepts what a router requests where FEDERATION is on', () => {
    expect(check('{ "sdl": "{ _service { sdl } }" }', { FEDERATION: 'true' }).status).toBe(0);
  });

  it('rejects a second manifest, which it would not check', () => {
    const { status, stderr } = check(JSON.stringify({ page: PAGE }), {}, ['other.json']);
    expect(stderr).toMatch(/^Usage: /);
    expect(status).toBe(2);
  });

  it('says that its argument has no manifest', () => {
    const { status, stderr } = check('[]');
    expect(stderr).toMatch(/manifest\.json: Expected a manifest to be a JSON object\n$/);
    expect(status).toBe(2);
  });
});
