import { unwatchFile, watchFile } from 'node:fs';
import { stripIgnoredCharacters } from 'graphql';
import type { TrustedDocumentsConfig } from '../config/config.ts';
import { type Manifest, parseManifest } from '../config/documents-manifest.ts';
import { MAX_MANIFEST_BYTES } from '../config/read-file.ts';
import { readTextFile } from '../text-file.ts';

/** The documents that clients may run. */
export interface TrustedDocuments {
  readonly mode: TrustedDocumentsConfig['mode'];
  /** The text of the document with this id. */
  byId(id: string): string | undefined;
  /** Whether this text is one of them. Blanks, commas and comments may differ. */
  has(document: string): boolean;
  close(): void;
}

interface WatchOptions {
  /** A document is not compared by its tokens when it is longer: the lexer takes long, and it may not run anyway. */
  readonly maxChars: number;
  readonly onReload: (size: number) => void;
  /** Called when the changed manifest cannot be used. The one before stays in use. */
  readonly onRefusal: (reason: string) => void;
  readonly intervalMs?: number;
}

/**
 * Uses the manifest as it was read at the start, and reads the file again when it changes. The file is polled every
 * second: notifications are lost when a link is changed to another file, as Kubernetes does with its volumes.
 */
export function openTrustedDocuments(
  { file, mode, manifest }: TrustedDocumentsConfig,
  { maxChars, onReload, onRefusal, intervalMs = 1000 }: WatchOptions,
): TrustedDocuments {
  let current = createLookup(manifest, maxChars);
  const reload = () => {
    try {
      const next = parseManifest(readTextFile(file, MAX_MANIFEST_BYTES));
      current = createLookup(next, maxChars);
      onReload(next.size);
    } catch (error) {
      onRefusal(error instanceof Error && !('code' in error) ? error.message : 'The file cannot be read');
    }
  };
  watchFile(file, { interval: intervalMs, persistent: false }, reload);
  return {
    mode,
    byId: (id) => current.byId(id),
    has: (document) => current.has(document),
    close: () => unwatchFile(file, reload),
  };
}

const HASH_PREFIX = 'sha256:';

function createLookup(manifest: Manifest, maxChars: number): Pick<TrustedDocuments, 'byId' | 'has'> {
  const texts = new Set(manifest.values());
  const stripped = new Set([...texts].map(strip));
  return {
    // Both spellings of an id that is a hash: GraphQL over HTTP, "Persisted documents".
    byId: (id) => manifest.get(id) ?? manifest.get(otherSpelling(id)),
    has: (document) => texts.has(document) || (document.length <= maxChars && stripped.has(strip(document))),
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
