import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

/** Types for every operation in `src/operations`, and the manifest of documents that the gateway may be told to trust. */
const config: CodegenConfig = {
  schema: '../../schema/*.graphql',
  documents: ['src/operations/*.graphql'],
  generates: {
    './src/gql/': {
      preset: 'client',
      // Apollo Client needs `__typename` everywhere, and only what the manifest has is asked for.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' }, fragmentMasking: false },
      config: {
        useTypeImports: true,
        enumsAsTypes: true,
        nonOptionalTypename: true,
        scalars: { URL: 'string' },
      },
    },
  },
  silent: true,
};
export default config;
