import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Step {
  readonly instruction: string;
  readonly value: string;
}

/** What a container would be started from. */
export interface Image {
  /** The folder that stands for `/`. */
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string;
  readonly baseImage: string;
  readonly command: readonly string[];
  readonly healthCheck: readonly string[];
  readonly port: string;
}

type Stage = { -readonly [Key in keyof Image]: Image[Key] };

export function readSteps(path: string): readonly Step[] {
  const lines = readFileSync(path, 'utf8').replaceAll('\\\n', ' ').split('\n');
  return lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, instruction = '', value = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { instruction, value };
    });
}

/**
 * Follows a Dockerfile's steps, each stage in a folder of its own that stands for `/`; the machine's own Node.js stands
 * for the base image. Knows the forms that our Dockerfile uses, and throws at any other.
 */
export function followSteps(
  steps: readonly Step[],
  { context, folder }: { context: string; folder: string },
): Image {
  const stages = new Map<string, Stage>();
  let stage = createStage(folder, '', '');
  for (const { instruction, value } of steps) {
    if (instruction === 'FROM') {
      const [baseImage = '', name = 'final'] = value.split(/ AS /i);
      stage = createStage(folder, name, baseImage);
      stages.set(name, stage);
    } else {
      follow(stage, { instruction, value }, (name) => (name === undefined ? context : rootOf(stages, name)));
    }
  }
  return stage;
}

function createStage(folder: string, name: string, baseImage: string): Stage {
  const root = join(folder, name);
  mkdirSync(root, { recursive: true });
  // An unprivileged user is to read it, as in an image.
  chmodSync(root, 0o755);
  return { root, baseImage, workdir: root, env: {}, user: 'root', command: [], healthCheck: [], port: '' };
}

function rootOf(stages: ReadonlyMap<string, Stage>, name: string): string {
  const stage = stages.get(name);
  if (stage === undefined) throw new Error(`No stage ${name} above this line`);
  return stage.root;
}

type SourceOf = (stage: string | undefined) => string;

const followers: Readonly<Record<string, (stage: Stage, value: string, sourceOf: SourceOf) => void>> = {
  WORKDIR(stage, value) {
    stage.workdir = join(stage.root, value);
    mkdirSync(stage.workdir, { recursive: true });
  },
  COPY: copy,
  // Nobody passes any: a default that is `false` is like none.
  ARG: () => undefined,
  RUN(stage, value) {
    execFileSync('sh', ['-c', value], { cwd: stage.workdir, stdio: ['ignore', 'pipe', 'pipe'] });
  },
  ENV(stage, value) {
    stage.env = { ...stage.env, ...Object.fromEntries(value.split(' ').map((pair) => pair.split('='))) };
  },
  USER(stage, value) {
    stage.user = value;
  },
  EXPOSE(stage, value) {
    stage.port = value;
  },
  HEALTHCHECK(stage, value) {
    stage.healthCheck = JSON.parse(value.slice(value.indexOf(' CMD ') + 5));
  },
  CMD(stage, value) {
    stage.command = JSON.parse(value);
  },
};

function follow(stage: Stage, { instruction, value }: Step, sourceOf: SourceOf): void {
  const follower = followers[instruction];
  if (follower === undefined) throw new Error(`A step that this test cannot follow: ${instruction} ${value}`);
  follower(stage, value, sourceOf);
}

function copy(stage: Stage, value: string, sourceOf: SourceOf): void {
  const [, from, paths = ''] = /^(?:--from=(\S+) )?([^-].*)$/.exec(value) ?? [];
  const words = paths.split(' ');
  const target = words.pop() ?? '';
  for (const source of words) {
    const name = target.endsWith('/') ? (source.split('/').pop() ?? '') : '';
    const to = join(stage.workdir, target, name);
    cpSync(join(sourceOf(from), source), to, { recursive: true, verbatimSymlinks: true });
  }
}
