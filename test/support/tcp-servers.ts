import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Servers that stand in for IAM on a loopback port. */
export interface TcpServers {
  /** Starts the server, on a free port by default, and resolves to its port. */
  listen(server: Server, port?: number): Promise<number>;
  /** Ends them with all connections. */
  close(): void;
}

export function createTcpServers(): TcpServers {
  const servers = new Set<Server>();
  const sockets = new Set<{ destroy(): void }>();
  return {
    listen(server, port) {
      servers.add(server);
      server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
      return listen(server, port);
    },
    close() {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
      sockets.clear();
      servers.clear();
    },
  };
}

/** Starts a server on a loopback port, a free one by default, and resolves to that. */
export async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** The paths of a certificate and of its private key. */
export interface Certificate {
  readonly file: string;
  readonly keyFile: string;
}

/** Writes a certificate for itself, for a name such as `DNS:localhost` or `IP:127.0.0.1`. */
export function writeCertificate({ file, keyFile }: Certificate, name: string): void {
  const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${name}`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  const args = ['req', '-x509', ...kind, '-keyout', keyFile, '-out', file, ...subject];
  execFileSync('openssl', args, { stdio: 'ignore' });
}

/** The contents of such a certificate. */
export function createCertificate(hostName: string): { readonly key: Buffer; readonly cert: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [file, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeCertificate({ file, keyFile }, `DNS:${hostName}`);
  const certificate = { key: readFileSync(keyFile), cert: readFileSync(file) };
  rmSync(folder, { recursive: true });
  return certificate;
}
