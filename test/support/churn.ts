import { callersIn } from './crowd.ts';
import type { LoadClient, Reply } from './load.ts';
import type { Random } from './random.ts';

const LIST = '{ tokens(first: 2) { nodes { name projects(first: 1) { nodes { name } } } } }';
const READ = 'query ($id: ID!) { token(id: $id) { name ownerAri } }';
const RENAME =
  'mutation ($id: ID!, $name: String!) { updateToken(input: { id: $id, name: $name }) { token { name } userErrors { code } } }';
const CREATE =
  'mutation ($name: String!) { createToken(input: { name: $name, authenticationMethod: { signingAlgorithm: RS256, publicKeyInfo: { jwksUri: "https://keys.example.com/jwks" } } }) { token { id name } userErrors { code } } }';
const DELETE =
  'mutation ($id: ID!) { deleteToken(input: { id: $id }) { deletedTokenId userErrors { code } } }';

/** What many callers do all day: reads for the most part, and each kind of mutation. */
export interface Churn {
  /** Sends the next request of anybody, or two when it is a create with its delete. */
  step(index: number): Promise<Reply>;
  /** Answers that were not what that caller should get. */
  readonly wrong: readonly string[];
}

/** For a gateway over `crowdOf(callers)`. */
export function createChurn(client: LoadClient, random: Random, callers: number): Churn {
  const wrong: string[] = [];
  const check = (as: string, reply: Reply, expected = as): Reply => {
    const isRight = reply.status === 200 && !reply.text.includes('"errors"') && reply.text.includes(expected);
    if (!isRight || callersIn(reply.text).some((caller) => caller !== as)) {
      wrong.push(`${as}: ${reply.status} ${reply.text}`);
    }
    return reply;
  };
  const createAndDelete = async (as: string, name: string): Promise<Reply> => {
    const created = check(as, await client.query({ as, document: CREATE, variables: { name } }), name);
    const id: string = JSON.parse(created.text).data.createToken.token.id;
    return check(as, await client.query({ as, document: DELETE, variables: { id } }), id);
  };
  return {
    wrong,
    async step(index) {
      const as = `caller-${random.integer(callers - 1)}`;
      const id = `${as}.token-0`;
      const name = `${as} step ${index}`;
      const kind = random.next();
      if (kind < 0.5) return check(as, await client.query({ as, document: LIST }), `${as} project`);
      if (kind < 0.75) return check(as, await client.query({ as, document: READ, variables: { id } }));
      if (kind < 0.95) {
        return check(as, await client.query({ as, document: RENAME, variables: { id, name } }), name);
      }
      return createAndDelete(as, name);
    },
  };
}
