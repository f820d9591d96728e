import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

/** Types for every operation in `src/operations`, and the manifest for a gateway with trusted documents. */
const config: CodegenConfig = {
  schema: '../../schema/*.graphql',
  documents: ['src/operations/*.graphql'],
  generates: {
    './src/gql/': {
      preset: 'client',
      // Apollo Client needs `__typename` everywhere, and the manifest has to have it, too.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' }, fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        nonOptionalTypename: true,
        scalars: { URL: 'string' },
      },
    },
    // Which types a union or an interface may be: without it Apollo Client cannot merge fragments on them.
    './src/gql/possible-types.ts': {
      plugins: ['fragment-matcher'],
      config: { apolloClientVersion: 3, useExplicitTyping: true },
    },
  },
  silent: true,
};
export default config;
