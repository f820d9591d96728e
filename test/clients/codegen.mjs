/** @type {import('@graphql-codegen/cli').CodegenConfig} */
const config = {
  schema: 'generated/schema.graphql',
  documents: ['documents.ts'],
  generates: {
    'generated/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: true },
      config: { useTypeImports: true, enumsAsTypes: true, scalars: { URL: 'string' } },
    },
  },
};

// biome-ignore lint/style/noDefaultExport: the form that the generator reads
export default config;
