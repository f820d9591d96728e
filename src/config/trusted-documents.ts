import { type Manifest, parseManifest } from './documents-manifest.ts';
import type { Environment } from './environment.ts';
import { type ReadFile, readNamedFile } from './read-file.ts';
import type { Values } from './variables.ts';

export interface TrustedDocumentsConfig {
  readonly file: string;
  readonly mode: Values['TRUSTED_DOCUMENTS_MODE'];
  readonly manifest: Manifest;
}

/** Undefined without `TRUSTED_DOCUMENTS`, or when it is refused. */
export function readTrustedDocuments(
  environment: Environment,
  readFile: ReadFile,
): TrustedDocumentsConfig | undefined {
  const { values, isSet, refuse } = environment;
  const { TRUSTED_DOCUMENTS: file, TRUSTED_DOCUMENTS_MODE: mode } = values;
  if (file === undefined) {
    if (isSet('TRUSTED_DOCUMENTS_MODE')) refuse('TRUSTED_DOCUMENTS is required by TRUSTED_DOCUMENTS_MODE');
    return undefined;
  }
  const text = readNamedFile(environment, 'TRUSTED_DOCUMENTS', readFile);
  if (text === undefined) return undefined;
  try {
    return { file, mode, manifest: parseManifest(text) };
  } catch (error) {
    refuse(`TRUSTED_DOCUMENTS: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
