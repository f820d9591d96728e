import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';

/** Documents that were parsed and found valid, under the hash of their text. */
export interface DocumentStore {
  get(key: string): Promise<DocumentNode | undefined>;
  set(key: string, document: DocumentNode): Promise<void>;
  delete(key: string): Promise<boolean>;
  /** Of a document that was known without being asked for here. */
  countHit(): void;
  readonly counts: { readonly hits: number; readonly misses: number; readonly size: number };
}

/** Keeps the `maxDocuments` that were used last. The form is the one of Apollo Server's `documentStore`. */
export function createDocumentStore({ maxDocuments }: { maxDocuments: number }): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({ max: maxDocuments });
  const counts = { hits: 0, misses: 0 };
  return {
    async get(key) {
      const document = documents.get(key);
      if (document) counts.hits++;
      else counts.misses++;
      return document;
    },
    async set(key, document) {
      documents.set(key, document);
    },
    delete: async (key) => documents.delete(key),
    countHit() {
      counts.hits++;
    },
    get counts() {
      return { ...counts, size: documents.size };
    },
  };
}
