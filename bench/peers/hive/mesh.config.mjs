import { defineConfig } from '@graphql-mesh/compose-cli';
import { loadOpenAPISubgraph } from '@omnigraph/openapi';

const { OPENAPI, UPSTREAM } = process.env;

const projects = `@resolveTo(
  sourceName: "IAM", sourceTypeName: "Query", sourceFieldName: "listProjectsOfToken"
  requiredSelectionSet: "{ id }", sourceArgs: { tokenId: "{root.id}", limit: "{args.limit}" }
)`;

export const composeConfig = defineConfig({
  subgraphs: [
    {
      sourceHandler: loadOpenAPISubgraph('IAM', {
        source: OPENAPI,
        endpoint: UPSTREAM,
        operationHeaders: { authorization: '{context.headers.authorization}' },
      }),
    },
  ],
  additionalTypeDefs: `extend type TokenDto { projects(limit: Int): ProjectWithPolicyList ${projects} }`,
});
