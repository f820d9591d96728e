import { tokenId } from './data.mjs';
import { openConnection, readAnswer, toRequest } from './load.mjs';

const QUERY =
  'query Walk($after: String) { tokens(first: 100, after: $after) { edges { node { id name } } pageInfo { hasNextPage endCursor } } }';

/** Reads a list of `total` tokens in pages of 100, repeatedly, until at least `items` were returned. */
export async function walkList(port, { total, items }) {
  const connection = await openConnection(port);
  let pages = 0;
  let walked = 0;
  while (walked < items) {
    const ids = [];
    let page = { hasNextPage: true, endCursor: null };
    while (page.hasNextPage) {
      const { tokens } = await ask(connection, page.endCursor);
      ids.push(...tokens.edges.map(({ node }) => node.id));
      page = tokens.pageInfo;
      pages++;
    }
    if (ids.length !== total || ids.at(-1) !== tokenId(total - 1))
      throw new Error(`Expected ${total} tokens, got ${ids.length} up to ${ids.at(-1)}`);
    walked += ids.length;
  }
  connection.close();
  return { pages, items: walked };
}

async function ask(connection, after) {
  const request = toRequest('/graphql', { query: QUERY, variables: { after } }, 'bench-walk');
  const { body } = readAnswer(await connection.ask(request));
  const { data, errors } = JSON.parse(body);
  if (errors) throw new Error(body);
  return data;
}
