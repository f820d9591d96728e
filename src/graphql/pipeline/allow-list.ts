import { rejection } from '../../errors.ts';
import type { OperationRecord } from '../../telemetry/operation-record.ts';
import type { TrustedDocuments } from '../trusted-documents.ts';
import { checkLength, type OperationLimits } from './limits.ts';
import { hashOf, type Params } from './params.ts';

/**
 * Replaces the id of a trusted document by its text. In `enforce` mode nothing else passes. Asked for every request,
 * since the manifest may change. Throws `OPERATION_NOT_TRUSTED` or `PERSISTED_QUERY_NOT_FOUND`.
 */
export function applyAllowList(
  params: Params,
  trusted: TrustedDocuments | undefined,
  limits: OperationLimits,
  record: OperationRecord,
): Params {
  if (!trusted) return params;
  const text = findText(params, trusted);
  // The text is what runs, so there is no persisted query to look up or to register.
  if (text !== undefined) return { ...params, query: text, persistedQuery: undefined };
  record.untrusted = true;
  if (trusted.mode === 'log') return params;
  if (params.query === undefined) {
    // The message and the status that Apollo Client expects: it sends the document then.
    throw rejection('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound');
  }
  checkLength(params.query, limits);
  throw rejection(
    'OPERATION_NOT_TRUSTED',
    'Only documents of the manifest may run here. Add this one to the manifest and deploy that before the client.',
  );
}

/** The trusted text that is meant; undefined when there is none. */
function findText(params: Params, trusted: TrustedDocuments): string | undefined {
  const { query } = params;
  if (query !== undefined) return trusted.has(query) ? query : undefined;
  const id = params.documentId ?? hashOf(params);
  return id === undefined ? undefined : trusted.byId(id);
}
