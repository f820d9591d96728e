// The console over a gateway: the one that GATEWAY_URL names, or one over the emulator, which ends with this.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const own = process.env.GATEWAY_URL ? undefined : startGateway();
const gateway = process.env.GATEWAY_URL ?? 'http://127.0.0.1:4000';
await untilAlive(gateway);
const vite = spawn('npm', ['run', '--silent', 'dev'], {
  cwd: here,
  stdio: 'inherit',
  env: { ...process.env, GATEWAY_URL: gateway },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => vite.kill('SIGTERM'));
vite.once('exit', (code) => {
  own?.kill('SIGTERM');
  process.exitCode = code ?? 0;
});

function startGateway() {
  const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  const env = { ...process.env, EMULATOR: 'true', LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  child.once('exit', (code) => {
    if (code) process.exit(code);
  });
  return child;
}

async function untilAlive(url) {
  for (let tries = 0; tries < 100; tries++) {
    if (await fetch(`${url}/livez`).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.error(`No gateway answers at ${url}: start one, or leave GATEWAY_URL out`);
  process.exit(1);
}
