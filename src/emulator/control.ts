import { EmulatorError } from './errors.ts';
import { type FaultPlan, faultNames, type PlannedFault } from './fault-plan.ts';
import { addProject } from './projects.ts';
import { edgeError, ok, type Reply } from './reply.ts';
import type { CallLog } from './request.ts';
import { operations } from './routes.ts';
import type { Store } from './store.ts';

const PREFIX = '/_emulator/';

/** The emulator's own endpoints, for clients in another process. They are in no log of calls and suffer no fault. */
export type Control = (method: string, path: string, text: string) => Promise<Reply>;

export function isControlPath(path: string): boolean {
  return path.startsWith(PREFIX);
}

export function createControl(store: Store, faults: FaultPlan, callLog: CallLog): Control {
  const control = async (method: string, path: string, text: string): Promise<Reply> => {
    switch (`${method} ${path.slice(PREFIX.length)}`) {
      case 'GET faults':
        return ok({ names: faultNames });
      case 'POST faults':
        faults.add(readPlanned(text));
        return { status: 204 };
      case 'DELETE faults':
        faults.clear();
        return { status: 204 };
      case 'GET calls':
        return ok({ calls: callLog.calls });
      case 'DELETE calls':
        callLog.reset();
        return { status: 204 };
    }
    const [, tokenId] = /^tokens\/([^/]+)\/projects$/.exec(path.slice(PREFIX.length)) ?? [];
    if (method !== 'POST' || tokenId === undefined) return edgeError(404, 'Not Found');
    return ok(await addProject(store, decodeURIComponent(tokenId), readObject(text)));
  };
  return async (method, path, text) => {
    try {
      return await control(method, path, text);
    } catch (error) {
      return edgeError(400, error instanceof EmulatorError ? error.message : 'Expected a JSON object.');
    }
  };
}

function readPlanned(text: string): PlannedFault {
  const { fault, operation, tokenId, principal, times } = readObject(text);
  if (typeof fault !== 'string') throw new EmulatorError('Expected `fault` to be a name.');
  if (operation !== undefined && !(operations as readonly unknown[]).includes(operation)) {
    throw new EmulatorError(`Expected \`operation\` to be one of ${operations.join(', ')}.`);
  }
  if (times !== undefined && !(Number.isInteger(times) && Number(times) > 0)) {
    throw new EmulatorError('Expected `times` to be a positive integer.');
  }
  const given = Object.entries({ operation, tokenId, principal, times }).filter(
    ([, value]) => value !== undefined,
  );
  return { fault, ...Object.fromEntries(given) };
}

function readObject(text: string): Record<string, unknown> {
  const value: unknown = text === '' ? {} : JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('Not an object');
  return value as Record<string, unknown>;
}
