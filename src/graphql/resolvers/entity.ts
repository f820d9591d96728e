import { badUserInput, toReadError } from '../../errors.ts';
import type { TokenDto } from '../../upstream/models.ts';
import type { Context } from '../context.ts';
import { isObjectId } from './validate-input.ts';

interface EntitiesArgs {
  readonly representations: readonly unknown[];
}

/** The two root fields of a Federation 2 subgraph; `sdl` is the schema for composition. */
export function createEntityResolvers(sdl: string) {
  return {
    Query: {
      _service: () => ({ sdl }),
      // All are asked for in one go, so that the loader can answer many by one list. One that fails, fails alone.
      _entities: (_parent: unknown, { representations }: EntitiesArgs, context: Context) =>
        Promise.all(
          representations.map((representation) => loadEntity(representation, context).catch(toReadError)),
        ),
    },
    _Entity: { __resolveType: () => 'Token' },
  };
}

const EXPECTED =
  'Expected each of `representations` to be `{ __typename: "Token", id: … }`, with the id as a string.';

async function loadEntity(representation: unknown, { loaders }: Context): Promise<TokenDto | null> {
  if (typeof representation !== 'object' || representation === null) throw refused();
  const { __typename: type, id } = representation as { __typename?: unknown; id?: unknown };
  if (type !== 'Token' || typeof id !== 'string') throw refused();
  // As for `node`: what cannot be an id is no object.
  return isObjectId(id, 'representations') ? loaders.token(id) : null;
}

function refused(): Error {
  return badUserInput(EXPECTED, 'representations');
}
