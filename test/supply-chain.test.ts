import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Locked {
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, Locked>;
};
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

describe('The dependencies of the gateway', () => {
  it('has permissive licences only', () => {
    const listed = execFileSync(process.execPath, ['tools/licences.mjs'], { encoding: 'utf8' });
    expect(listed).toMatch(/\n\d+ packages, 0 with a licence that is not permitted\n$/);
    for (const name of Object.keys(manifest.dependencies)) expect(listed).toContain(` ${name} `);
  });

  it('can be listed as a bill of materials, every package with its hash', () => {
    const sbom = execFileSync(process.execPath, ['tools/licences.mjs', '--sbom'], { encoding: 'utf8' });
    const { bomFormat, components } = JSON.parse(sbom) as {
      bomFormat: string;
      components: { name: string; hashes?: object[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    expect(components.map(({ name }) => name)).toEqual(
      expect.arrayContaining(Object.keys(manifest.dependencies)),
    );
    expect(components.filter(({ hashes = [] }) => hashes.length === 0)).toEqual([]);
  });

  it('has one graphql: two would not know each other', () => {
    expect(Object.keys(packages).filter((path) => /(^|\/)node_modules\/graphql$/.test(path))).toEqual([
      'node_modules/graphql',
    ]);
  });

  it('is pinned to exact versions', () => {
    const versions = Object.values<string>({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  // npm ci runs with --ignore-scripts everywhere here: this says that nothing is missing then.
  it('needs no install script of a package but one that only prints', () => {
    const scripted = Object.entries(packages).filter(
      ([, { dev, hasInstallScript }]) => !dev && hasInstallScript,
    );
    expect(scripted.map(([path]) => path)).toEqual(['node_modules/@apollo/protobufjs']);
  });

  it.each(['.ci/run', 'tools/prepare.mjs', 'Dockerfile'])('%s installs without running scripts', (file) => {
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(/ci.*--ignore-scripts/);
  });
});
