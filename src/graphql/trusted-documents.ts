import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { stripIgnoredCharacters } from 'graphql';
import type { TrustedDocumentsConfig } from '../config/config.ts';
import { type Manifest, parseManifest } from '../config/documents-manifest.ts';

/** What clients may run. */
export interface TrustedDocuments {
  readonly mode: TrustedDocumentsConfig['mode'];
  /** The document that a client means by this id. */
  byId(id: string): string | undefined;
  /** Whether this is one of them, however it is laid out. */
  has(document: string): boolean;
  close(): void;
}

interface WatchOptions {
  /** A document is not compared by its tokens when it is longer: the lexer takes long, and it may not run anyway. */
  readonly maxChars: number;
  readonly onReload: (size: number) => void;
  /** The manifest that is there now cannot be used, and the one before stays. */
  readonly onRefusal: (reason: string) => void;
  readonly intervalMs?: number;
}

/**
 * Goes by the file's manifest as it was at the start, and by what the file is changed to. Its state is looked at every
 * second: a notification is lost where a link is turned to another file, as Kubernetes does with its volumes.
 */
export function openTrustedDocuments(
  { file, mode, manifest }: TrustedDocumentsConfig,
  { maxChars, onReload, onRefusal, intervalMs = 1000 }: WatchOptions,
): TrustedDocuments {
  let current = createLookup(manifest, maxChars);
  const reload = () => {
    try {
      const next = parseManifest(readFileSync(file, 'utf8'));
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

/** Without blanks, commas and comments. What is no GraphQL stays as it is. */
function strip(document: string): string {
  try {
    return stripIgnoredCharacters(document);
  } catch {
    return document;
  }
}
