import { isJsonObject, parseJson } from '../json.ts';

/** Documents by the ids that clients send instead of them. */
export type Manifest = ReadonlyMap<string, string>;

/**
 * Reads a manifest of trusted documents: graphql-codegen's `persisted-documents.json` and Relay's, which are objects of id
 * and document, or Apollo's, which has a list of operations. Throws an `Error` that names the problem and contains nothing
 * of the documents.
 */
export function parseManifest(text: string): Manifest {
  const value = parseJson(text);
  if (value === undefined) throw new Error('Expected a manifest to be JSON');
  if (!isJsonObject(value)) throw new Error('Expected a manifest to be a JSON object');
  const entries = Array.isArray(value.operations)
    ? value.operations.map(readOperation)
    : Object.entries(value).map(([id, document]) => readEntry(id, document));
  if (entries.length === 0) throw new Error('Expected a manifest to have at least one document');
  const manifest = new Map(entries);
  // With two documents under one id, a request would be ambiguous.
  if (manifest.size < entries.length) throw new Error('Expected each id of a manifest to occur only once');
  return manifest;
}

/** https://www.apollographql.com/docs/graphos/platform/security/persisted-queries#manifest-format */
function readOperation(operation: unknown): [string, string] {
  const { id, body } = isJsonObject(operation) ? operation : {};
  return readEntry(id, body);
}

function readEntry(id: unknown, document: unknown): [string, string] {
  if (typeof id !== 'string' || id === '' || typeof document !== 'string' || document.trim() === '')
    throw new Error(
      'Expected a manifest to map ids to documents, or to have `operations` with `id` and `body`',
    );
  return [id, document];
}
