import type { PlannedFault } from './fault-plan.ts';
import { isMembers } from './fault-responses.ts';
import { faultNames } from './faults.ts';
import { addProject } from './projects.ts';
import { EmulatorError, edgeError, ok, type Reply } from './reply.ts';
import type { Service } from './request.ts';
import { operations } from './routes.ts';

/** The emulator's own endpoints, for clients in another process. They are not recorded as calls, and no fault applies to them. */
export const CONTROL_PREFIX = '/_emulator/';

/** Responds to a request. `path` is the part after the prefix. */
export async function control(service: Service, method: string, path: string, text: string): Promise<Reply> {
  try {
    return await carryOut(service, `${method} ${path}`, text);
  } catch (error) {
    return edgeError(400, error instanceof EmulatorError ? error.message : 'Expected a JSON object.');
  }
}

async function carryOut({ store, faults, calls }: Service, request: string, text: string): Promise<Reply> {
  switch (request) {
    case 'GET faults':
      return ok({ names: faultNames });
    case 'POST faults':
      faults.add(readPlanned(text));
      return { status: 204 };
    case 'DELETE faults':
      faults.clear();
      return { status: 204 };
    case 'GET calls':
      return ok({ calls });
    case 'DELETE calls':
      calls.length = 0;
      return { status: 204 };
  }
  const [, tokenId] = /^POST tokens\/([^/]+)\/projects$/.exec(request) ?? [];
  if (tokenId === undefined) return edgeError(404, 'Not Found');
  return ok(await addProject(store, decodeURIComponent(tokenId), readObject(text)));
}

function readPlanned(text: string): PlannedFault {
  const planned = readObject(text);
  const { fault, operation, times, tokenId = '', principal = '', ...others } = planned;
  if (typeof fault !== 'string') throw new EmulatorError('Expected `fault` to be a name.');
  // Another type would be equal to no id and no principal, so that the fault never applied.
  if (typeof tokenId !== 'string' || typeof principal !== 'string') {
    throw new EmulatorError('Expected `tokenId` and `principal` to be strings.');
  }
  if (operation !== undefined && !(operations as readonly unknown[]).includes(operation)) {
    throw new EmulatorError(`Expected \`operation\` to be one of ${operations.join(', ')}.`);
  }
  if (times !== undefined && !(Number.isInteger(times) && Number(times) > 0)) {
    throw new EmulatorError('Expected `times` to be a positive integer.');
  }
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new EmulatorError(`Expected no member but those of a planned fault, got \`${unknown}\`.`);
  }
  return { ...planned, fault };
}

function readObject(text: string): Record<string, unknown> {
  const value: unknown = text === '' ? {} : JSON.parse(text);
  if (!isMembers(value)) throw new TypeError('Not an object');
  return value;
}
