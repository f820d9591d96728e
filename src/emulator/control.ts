import { faultNames } from './faults.ts';
import { addProject } from './projects.ts';
import { EmulatorError, edgeError, ok, type Reply } from './reply.ts';
import type { Service } from './request.ts';
import { readAs } from './validate.ts';

/** The emulator's own endpoints, for clients in another process. They are not recorded as calls, and no fault applies to them. */
export const CONTROL_PREFIX = '/_emulator/';

/** What each returns is the body of the response; 204 where that is nothing. */
const controls: Readonly<
  Record<string, ((service: Service, body: unknown, tokenId: string) => unknown) | undefined>
> = {
  'GET faults': () => ({ names: faultNames }),
  'POST faults': ({ faults }, body) =>
    faults.add(readAs('PlannedFault', body, (problem) => `Expected a planned fault, got ${problem}.`)),
  'DELETE faults': ({ faults }) => faults.clear(),
  'GET calls': ({ calls }) => ({ calls }),
  'DELETE calls': ({ calls }) => void calls.splice(0),
  'POST tokens/*/projects': ({ store }, body, tokenId) => addProject(store, tokenId, body),
};

/** Responds to a request such as `GET faults`, the method and the path behind the prefix. */
export async function handleControl(service: Service, request: string, text: string): Promise<Reply> {
  const [, tokenId = ''] = /^POST tokens\/([^/]+)\/projects$/.exec(request) ?? [];
  const control = controls[tokenId ? 'POST tokens/*/projects' : request];
  if (!control) return edgeError(404, 'Not Found');
  try {
    const given = request.startsWith('POST ') && text ? JSON.parse(text) : {};
    const body = await control(service, given, decodeURIComponent(tokenId));
    return body === undefined ? { status: 204 } : ok(body);
  } catch (error) {
    return edgeError(400, error instanceof EmulatorError ? error.message : 'Expected a JSON object.');
  }
}
