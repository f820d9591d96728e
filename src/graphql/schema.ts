import { readdirSync, readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import {
  type DirectiveNode,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  parse,
  print,
  Source,
  visit,
} from 'graphql';
import { badUserInput } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import type { TokenDto } from '../upstream/generated.ts';
import type { Context } from './pipeline/request.ts';
import { loadToken, readId, resolvers } from './resolvers/index.ts';

// The path is the same from `src/graphql/` and from `dist/graphql/`.
const FOLDER = new URL('../../schema/', import.meta.url);
/** The definitions that a Federation 2 router requires of every subgraph. */
const SUBGRAPH_FOLDER = new URL('federation/', FOLDER);

/**
 * The schema's source, files in alphabetical order, descriptions and directives as written. Throws an error that shows the
 * file and the line of a syntax error.
 */
export function readTypeDefs(folder = FOLDER): string {
  const files = readdirSync(folder).filter((name) => name.endsWith('.graphql'));
  return files
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, folder), 'utf8').trim();
      try {
        parse(new Source(text, `schema/${name}`));
      } catch (error) {
        throw new Error(String(error));
      }
      return text;
    })
    .join('\n\n');
}

/** With `federation`, the schema also has the root fields of a Federation 2 subgraph. */
export function createSchema(typeDefs: string, { federation = false } = {}): GraphQLSchema {
  return makeExecutableSchema({
    typeDefs: federation ? [typeDefs, readTypeDefs(SUBGRAPH_FOLDER)] : typeDefs,
    resolvers: federation ? [resolvers, createEntityResolvers(toSubgraphSdl(typeDefs))] : resolvers,
    resolverValidationOptions: { requireResolversToMatchSchema: 'error' },
  });
}

/** Apollo's composition does not know `@oneOf`, which is in GraphQL since September 2025, and rejects it if it is not defined. */
const HEAD = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])

directive @oneOf on INPUT_OBJECT`;

const DIRECTIVES: Readonly<Record<string, readonly DirectiveNode[]>> = {
  Token: parseDirectives('@key(fields: "id")'),
  // IAM cannot find a project by its id, so other subgraphs resolve it.
  Project: parseDirectives('@key(fields: "id", resolvable: false)'),
  PageInfo: parseDirectives('@shareable'),
};

/** Root fields that the subgraph lacks: each subgraph would have them, and a router cannot know to which one an id belongs. */
const NOT_IN_SUBGRAPH = new Set(['node', 'nodes']);

/**
 * The schema as a subgraph of Federation 2 (https://specs.apollo.dev/federation/v2.3): keys and a link are added, and
 * `node` and `nodes` are left out.
 */
function toSubgraphSdl(typeDefs: string): string {
  const document: DocumentNode = visit(parse(typeDefs), {
    ObjectTypeDefinition(node) {
      const { value: name } = node.name;
      const { fields = [], directives: own = [] } = node;
      return {
        ...node,
        directives: [...own, ...(DIRECTIVES[name] ?? [])],
        fields: name === 'Query' ? fields.filter((field) => !NOT_IN_SUBGRAPH.has(field.name.value)) : fields,
      };
    },
  });
  return `${HEAD}\n\n${print(document)}\n`;
}

function parseDirectives(text: string): readonly DirectiveNode[] {
  const [definition] = parse(`type T ${text}`).definitions;
  return definition?.kind === Kind.OBJECT_TYPE_DEFINITION ? (definition.directives ?? []) : [];
}

interface EntitiesArgs {
  readonly representations: readonly unknown[];
}

/** The two root fields of a Federation 2 subgraph; `sdl` is the schema for composition. */
function createEntityResolvers(sdl: string) {
  return {
    Query: {
      _service: () => ({ sdl }),
      // All are loaded at once, so that one list call may have many of them. A failure affects only its own representation.
      _entities: (_parent: unknown, { representations }: EntitiesArgs, context: Context) => {
        const ids = representations.map(idOf);
        if (ids.filter((id) => id === undefined).length > MAX_MALFORMED) throw invalidRepresentation();
        return Promise.all(ids.map((id) => loadEntity(id, context).catch((error: Error) => error)));
      },
    },
    _Entity: { __resolveType: () => 'Token' },
  };
}

const EXPECTED =
  'Expected each of `representations` to be `{ __typename: "Token", id: … }`, with the id as a string.';

/** Above it, one error is enough: each takes a tenth of a millisecond. */
const MAX_MALFORMED = 10;

async function loadEntity(id: string | undefined, context: Context): Promise<TokenDto | null> {
  if (id === undefined) throw invalidRepresentation();
  return loadToken(readId(id, 'representations', context), context);
}

function idOf(representation: unknown): string | undefined {
  const { __typename: type, id } = isJsonObject(representation) ? representation : {};
  return type === 'Token' && typeof id === 'string' ? id : undefined;
}

function invalidRepresentation(): Error {
  return badUserInput(EXPECTED, 'representations');
}
