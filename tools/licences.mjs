// Lists every production package with its licence, and fails if a licence is not permitted. `--sbom` prints the software
// bill of materials instead (CycloneDX, JSON). Both read the lock file; nothing needs to be installed.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Permissive licences, by their SPDX names: https://spdx.org/licenses */
const PERMITTED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
];

const sbom = readSbom();
if (process.argv.includes('--sbom')) console.log(JSON.stringify(sbom, undefined, 2));
else listLicences(sbom.components);

function listLicences(components) {
  const packages = components.map(({ name, version, licenses = [] }) => {
    const names = licenses.map(({ license, expression }) => expression ?? license.id ?? license.name);
    return { name, version, licence: names.join(' AND ') };
  });
  for (const { name, version, licence } of packages) console.log(`${licence.padEnd(24)} ${name} ${version}`);
  const rejected = packages.filter(({ licence }) => !isPermitted(licence));
  console.log(`${packages.length} packages, ${rejected.length} with a licence that is not permitted`);
  for (const { name, licence } of rejected) {
    console.error(`Expected a permissive licence of ${name}, got "${licence}".`);
  }
  process.exitCode = rejected.length === 0 ? 0 : 1;
}

/** True if every part of `A AND B`, or any part of `A OR B`, is permitted. */
function isPermitted(licence) {
  const parts = licence.replace(/[()]/g, '').split(' AND ');
  return parts.every((part) => part.split(' OR ').some((name) => PERMITTED.includes(name.trim())));
}

/** Not with npm's `--omit=dev`, which also leaves out production packages that a development tool uses, such as graphql. */
function readSbom() {
  const args = ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'];
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, encoding: 'utf8', maxBuffer: 64_000_000 });
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exit(1);
  }
  const all = JSON.parse(stdout);
  const components = all.components.filter(({ properties }) => !properties.some(isOfDevelopment));
  const kept = new Set([all.metadata.component['bom-ref'], ...components.map((part) => part['bom-ref'])]);
  const dependencies = all.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((target) => kept.has(target)) }));
  return { ...all, components, dependencies };
}

function isOfDevelopment({ name, value }) {
  return name === 'cdx:npm:package:development' && value === 'true';
}
