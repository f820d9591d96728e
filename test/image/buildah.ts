import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { followProcess, type GatewayProcess } from '../support/process.ts';

const run = promisify(execFile);

/** Apart from the storage of this machine, where the stand-in for the base image must never be found. */
const FOLDER = join(tmpdir(), 'tokens-gateway-images');
/** The one of this machine, which has most packages already. */
const NPM_CACHE = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim();

/** What an image says about how to run it, as in its Docker configuration. */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** With the storage driver that buildah finds to work here: overlay, or vfs, which copies all files for each container. */
const STORAGE = ['--root', join(FOLDER, 'root'), '--runroot', join(FOLDER, 'run')];

/** Runs buildah over a storage of its own, without a daemon. Resolves to the last line that it printed. */
export async function buildah(...args: string[]): Promise<string> {
  const { stdout } = await run('buildah', [...STORAGE, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim().split('\n').at(-1) ?? '';
}

/** Builds the Dockerfile in `context` as `tag`. Only npm's cache is shared with this machine. */
export async function build(context: string, tag: string, args: readonly string[] = []): Promise<void> {
  mkdirSync(NPM_CACHE, { recursive: true });
  const options = '--jobs 2 --pull=never --network host --isolation chroot --format docker'.split(' ');
  // Without it 1024 files can be open, and npm opens more on a slow machine: it fails with EMFILE.
  const files = ['--ulimit', 'nofile=8192:8192'];
  const cache = ['--volume', `${NPM_CACHE}:/root/.npm:rw`];
  await buildah('bud', '--quiet', ...options, ...files, ...cache, ...args, '--tag', tag, context);
}

/** Every path that the layers of `image` add to those of its base image, which is one layer. */
export async function listLayers(image: string, folder: string): Promise<string[]> {
  await buildah('push', '--quiet', '--disable-compression', image, `dir:${folder}`);
  const { layers } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
    layers: { digest: string }[];
  };
  const listings = layers.slice(1).map(async ({ digest }) => {
    const blob = join(folder, digest.replace('sha256:', ''));
    const { stdout } = await run('tar', ['-tf', blob], { maxBuffer: 64 * 1024 * 1024 });
    return stdout.trim().split('\n');
  });
  return (await Promise.all(listings)).flat();
}

/** A container of an image, whose files can be read and whose processes can be started. */
export interface Container {
  readonly id: string;
  readonly config: ImageConfig;
  /** Where its root is on this machine. */
  readonly root: string;
}

export async function createContainer(image: string): Promise<Container> {
  const { stdout } = await run('buildah', [...STORAGE, 'inspect', '--type', 'image', image]);
  const id = await buildah('from', '--pull=never', image);
  return { id, config: JSON.parse(stdout).Docker.config, root: await buildah('mount', id) };
}

/** Binds the root to itself read-only, as `readOnlyRootFilesystem` does, and becomes a process in it. */
const IN_READ_ONLY_ROOT = `
root=$1 user=$2 folder=$3; shift 3
mount --bind "$root" "$root" && mount -o remount,bind,ro "$root" && mount --rbind /dev "$root/dev" &&
  mount -t proc proc "$root/proc" && exec chroot --userspec="$user:$user" "$root" env -C "$folder" -- "$@"
`;

/** Starts `command` as the image's user, with its environment and `env`, over a root that nobody can write to. */
export function startIn(
  { config, root }: Container,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): GatewayProcess {
  const inside = [root, config.User, config.WorkingDir, ...command];
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', IN_READ_ONLY_ROOT, 'sh', ...inside];
  const variables = Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  return followProcess(
    spawn('unshare', args, { env: { ...variables, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }),
  );
}
