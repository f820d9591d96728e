import { faultNames } from './faults.ts';
import { addProject } from './projects.ts';
import { EmulatorError, edgeError, ok, type Reply } from './reply.ts';
import type { Service } from './request.ts';
import { readAs } from './validate.ts';

/** The emulator's own endpoints, for clients in another process. They are not recorded as calls, and no fault applies to them. */
export const CONTROL_PREFIX = '/_emulator/';

const NO_CONTENT: Reply = { status: 204 };

/** Responds to a request such as `GET /_emulator/faults`. */
export async function handleControl(service: Service, request: string, text: string): Promise<Reply> {
  try {
    return await carryOut(service, request, () => (text === '' ? {} : JSON.parse(text)));
  } catch (error) {
    return edgeError(400, error instanceof EmulatorError ? error.message : 'Expected a JSON object.');
  }
}

async function carryOut(
  { store, faults, calls }: Service,
  request: string,
  readBody: () => unknown,
): Promise<Reply> {
  switch (request) {
    case 'GET /_emulator/faults':
      return ok({ names: faultNames });
    case 'POST /_emulator/faults':
      faults.add(
        readAs(
          'PlannedFault',
          readBody(),
          (problem) => new EmulatorError(`Expected a planned fault, got ${problem}.`),
        ),
      );
      return NO_CONTENT;
    case 'DELETE /_emulator/faults':
      faults.clear();
      return NO_CONTENT;
    case 'GET /_emulator/calls':
      return ok({ calls });
    case 'DELETE /_emulator/calls':
      calls.length = 0;
      return NO_CONTENT;
  }
  const [, tokenId] = /^POST \/_emulator\/tokens\/([^/]+)\/projects$/.exec(request) ?? [];
  if (tokenId === undefined) return edgeError(404, 'Not Found');
  return ok(await addProject(store, decodeURIComponent(tokenId), readBody()));
}
