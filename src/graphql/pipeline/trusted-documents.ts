import { type ApolloServerPlugin, type GraphQLRequest, HeaderMap } from '@apollo/server';
import { GraphQLError } from 'graphql';
import { type ErrorCode, refusal } from '../../errors.ts';
import { replaceRequest } from '../apollo/refuse-early.ts';
import type { Context } from '../context.ts';

interface TrustedDocuments {
  readonly mode: 'enforce' | 'log';
  byId(id: string): string | undefined;
  has(document: string): boolean;
}

/** The names under which clients send an id: GraphQL over HTTP's, and Relay's. */
const ID_NAMES = ['documentId', 'doc_id'] as const;

/**
 * Runs the document that an id stands for, and in `enforce` mode nothing that is not in the manifest. It comes before
 * all that looks at the document.
 */
export function trustedDocuments({ mode, byId, has }: TrustedDocuments): ApolloServerPlugin<Context> {
  /** Puts the document in its place, or says why the request may not run. */
  const resolve = (request: GraphQLRequest): ErrorCode | undefined => {
    if (request.query !== undefined) {
      if (!has(request.query)) return 'OPERATION_NOT_TRUSTED';
      // It is what it says it is: there is nothing to be registered.
      forgetPersisted(request);
      return undefined;
    }
    const id = readId(request);
    const document = id === undefined ? undefined : byId(id);
    if (document === undefined) return 'PERSISTED_QUERY_NOT_FOUND';
    request.query = document;
    forgetPersisted(request);
    return undefined;
  };
  return {
    async requestDidStart({ request, contextValue }) {
      const code = resolve(request);
      if (!code) return undefined;
      contextValue.report.untrusted = true;
      if (mode === 'log') return undefined;
      replaceRequest(request);
      return {
        async didResolveOperation() {
          throw REFUSALS[code]?.();
        },
      };
    },
  };
}

/** The document of a POST, by its text or, where there is a manifest, its id; undefined for one that may not run. */
export function findDocument(
  body: Readonly<Record<string, unknown>>,
  documents: TrustedDocuments | undefined,
): string | undefined {
  const { query } = body;
  if (typeof query === 'string') return !documents || documents.has(query) ? query : undefined;
  const id = query === undefined ? readMember(body) : undefined;
  return id === undefined ? undefined : documents?.byId(id);
}

/** Apollo's own message and status for an id: its clients then send the document, and learn that it is not trusted. */
const REFUSALS: Partial<Record<ErrorCode, () => GraphQLError>> = {
  PERSISTED_QUERY_NOT_FOUND: () => toError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound', 200),
  OPERATION_NOT_TRUSTED: () =>
    toError(
      'OPERATION_NOT_TRUSTED',
      'Only documents of the manifest may run here. Add this one to the manifest and deploy that before the client.',
      400,
    ),
};

function toError(code: ErrorCode, message: string, status: number): GraphQLError {
  const { extensions } = refusal(code, message);
  return new GraphQLError(message, {
    extensions: { ...extensions, http: { status, headers: new HeaderMap() } },
  });
}

/** In the body or the query of the URL, or as a persisted query of Apollo's. */
function readId({ http, extensions }: GraphQLRequest): string | undefined {
  const body = http?.method === 'GET' ? Object.fromEntries(new URLSearchParams(http.search)) : http?.body;
  const id = readMember((body ?? {}) as Readonly<Record<string, unknown>>);
  const hash = (extensions?.persistedQuery as { sha256Hash?: unknown } | null | undefined)?.sha256Hash;
  return [id, hash].find((value) => typeof value === 'string');
}

function readMember(members: Readonly<Record<string, unknown>>): string | undefined {
  return ID_NAMES.map((name) => members[name]).find((value) => typeof value === 'string');
}

function forgetPersisted(request: GraphQLRequest): void {
  if (!request.extensions?.persistedQuery) return;
  const { persistedQuery: _, ...others } = request.extensions;
  request.extensions = others;
}
