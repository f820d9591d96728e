import type { FastifyBaseLogger } from 'fastify';
import { stripIgnoredCharacters } from 'graphql';
import type { Config } from '../config/config.ts';
import { type Manifest, parseManifest } from '../config/documents-manifest.ts';
import { MAX_FILE_BYTES } from '../config/read-file.ts';
import { watchTextFile } from '../text-file.ts';
import type { Params } from './pipeline/params.ts';

export type TrustedDocuments = ReturnType<typeof openTrustedDocuments>;

/**
 * The documents that clients may run. Uses the manifest as it was read at the start, and reads the file again when it
 * changes. A manifest that cannot be used is reported, and the previous one stays in use.
 */
export function openTrustedDocuments(
  { file, mode, text }: NonNullable<Config['trustedDocuments']>,
  { maxOperationChars }: Config['limits'],
  log: FastifyBaseLogger,
) {
  let find = createLookup(parseManifest(text), maxOperationChars);
  const close = watchTextFile(file, {
    maxBytes: MAX_FILE_BYTES.TRUSTED_DOCUMENTS,
    text,
    onText(next) {
      const manifest = parseManifest(next);
      find = createLookup(manifest, maxOperationChars);
      log.info({ documents: manifest.size }, 'trusted documents were read again');
    },
    onFailure: (reason) =>
      log.error({ reason }, 'the previous trusted documents stay in use: correct TRUSTED_DOCUMENTS'),
  });
  return { mode, find: (params: Params) => find(params), close };
}

const HASH_PREFIX = 'sha256:';

/**
 * Finds the trusted text for the text or the id of a request. Undefined when there is none. Blanks, commas and comments may
 * differ from the manifest, except in a text of more than `maxChars`, which the lexer need not read because it is rejected
 * anyway.
 */
function createLookup(manifest: Manifest, maxChars: number) {
  const texts = new Set(manifest.values());
  const stripped = new Set([...texts].map(strip));
  const isTrusted = (text: string) =>
    texts.has(text) || (text.length <= maxChars && stripped.has(strip(text)));
  return (params: Params): string | undefined => {
    const { query, documentId: id = params.persistedQuery?.sha256Hash } = params;
    if (query !== undefined) return isTrusted(query) ? query : undefined;
    // An id that is a hash has two spellings (GraphQL over HTTP, "Persisted documents").
    return id === undefined ? undefined : (manifest.get(id) ?? manifest.get(otherSpelling(id)));
  };
}

function otherSpelling(id: string): string {
  return id.startsWith(HASH_PREFIX) ? id.slice(HASH_PREFIX.length) : HASH_PREFIX + id;
}

/** The text without blanks, commas and comments. A text that is not GraphQL stays as it is. */
function strip(document: string): string {
  try {
    return stripIgnoredCharacters(document);
  } catch {
    return document;
  }
}
