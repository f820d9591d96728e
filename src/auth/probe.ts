import { createDeadlines } from '../upstream/cancellation.ts';
import type { IamClient } from '../upstream/iam-client.ts';
import type { Credential } from './caller.ts';

const PROBE_MS = 10_000;

interface ProbeLog {
  info(message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/**
 * Asks for one token, to find out at the start whether the API takes what is sent to it: which of the two kinds it
 * takes is not documented. Never rejects: an API that is down now may be up later.
 */
export async function probePat(
  client: IamClient,
  credential: Credential,
  sent: 'project' | 'user',
  log: ProbeLog,
): Promise<void> {
  const deadline = createDeadlines(PROBE_MS).start();
  try {
    await client.listTokens(
      { owner: deadline, credential, deadline, headers: {} },
      { limit: 1, startKey: undefined },
    );
    log.info(`the IAM API accepts the personal access token (PAT_CREDENTIAL=${sent})`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown';
    const other = sent === 'project' ? 'user' : 'project';
    log.warn(
      { reason },
      `the IAM API does not accept PAT_CREDENTIAL=${sent}: if this is no passing failure, try PAT_CREDENTIAL=${other}`,
    );
  } finally {
    deadline.end();
  }
}
