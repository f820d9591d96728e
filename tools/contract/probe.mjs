/** Nothing could be compared. The message says what to do. */
export class CannotProbe extends Error {}

const TIMEOUT_MS = 10_000;
const NOBODY = '00000000-0000-4000-8000-000000000000';

/** Sends GET requests only, and collects how the responses differ from `contract`. */
export async function probe({ baseUrl, authorization, contract }) {
  const differences = [];
  const skipped = [];
  let probes = 0;

  const differ = (operation, kind, what, at = '') => differences.push({ kind, operation, at, what });
  const get = async (operation, path, headers = { authorization }) => {
    probes++;
    const response = await request(baseUrl + path, headers);
    for (const difference of contract.compare(operation, response))
      differences.push({ operation, ...difference });
    return response;
  };
  const expectStatus = async (operation, path, expected, headers) => {
    const { status } = await get(operation, path, headers);
    if (!expected.includes(status))
      differ(
        operation,
        'wrong',
        `expected status ${expected.join(' or ')}, got ${status}`,
        describePath(path),
      );
  };

  const first = await request(`${baseUrl}/v1/tokens?limit=1`, { authorization });
  if (first.status === 401 || first.status === 403)
    throw new CannotProbe(
      'The API does not accept the credential: renew it, and give it as IAM_AUTHORIZATION',
    );
  if (first.status === 429 || first.status >= 500)
    throw new CannotProbe(`The API responds with status ${first.status}: try again later`);

  await get('getWellKnownJwks', '/.well-known/jwks.json', {});
  await get('whoami', '/v1/sts/whoami');
  const tokens = await comparePages('listToken', '/v1/tokens', 'tokens');
  const [token] = tokens.filter(({ id }) => typeof id === 'string');
  if (token) {
    const path = `/v1/tokens/${encodeURIComponent(token.id)}`;
    const { body } = await get('getToken', path);
    if (body?.id !== token.id) differ('getToken', 'wrong', 'the response is about another token');
    const withProjects = await findWithProjects(tokens);
    if (withProjects) await comparePages('listProjectsOfToken', `${withProjects}/projects`, 'projects');
    else skipped.push({ operation: 'listProjectsOfToken', why: 'none of the first tokens has projects' });
  } else {
    skipped.push({ operation: 'getToken', why: 'the caller has no token' });
    skipped.push({ operation: 'listProjectsOfToken', why: 'the caller has no token' });
  }
  await expectStatus('getToken', `/v1/tokens/${NOBODY}`, [404]);
  await expectStatus('listProjectsOfToken', `/v1/tokens/${NOBODY}/projects`, [404]);
  await expectStatus('listToken', '/v1/tokens?limit=0', [400]);
  await expectStatus('listToken', '/v1/tokens?limit=101', [400]);
  await expectStatus('listToken', '/v1/tokens', [401, 403], {});
  return { differences: unique(differences), skipped, probes: probes + 1 };

  /** Reads two small pages and a large one: pages must keep their size, and keys must lead to other items. */
  async function comparePages(operation, path, member) {
    const one = await get(operation, `${path}?limit=1`);
    const items = listOf(one, member);
    if (items.length > 1) differ(operation, 'wrong', 'more items than limit');
    const key = one.body?.lastEvaluatedKey;
    if (typeof key === 'string') {
      const two = await get(operation, `${path}?limit=1&exclusiveStartKey=${encodeURIComponent(key)}`);
      if (two.body?.lastEvaluatedKey === key)
        differ(operation, 'wrong', 'the key of a page is that of the page before');
      const again = listOf(two, member).some(({ id }) => items.some((item) => item.id === id));
      if (again) differ(operation, 'wrong', 'an item of the page before comes again');
    } else {
      skipped.push({ operation, why: `paging: there is one page of ${member}` });
    }
    const all = listOf(await get(operation, `${path}?limit=100`), member);
    if (all.length > 100) differ(operation, 'wrong', 'more items than limit');
    return all;
  }

  async function findWithProjects(tokens) {
    for (const { id } of tokens.slice(0, 10)) {
      const path = `/v1/tokens/${encodeURIComponent(id)}`;
      if (listOf(await get('listProjectsOfToken', `${path}/projects?limit=1`), 'projects').length > 0)
        return path;
    }
    return undefined;
  }
}

async function request(url, headers) {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, contentType: response.headers.get('content-type'), body: parse(text) };
  } catch {
    throw new CannotProbe('The API cannot be reached: check --url and the network');
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function listOf({ body }, member) {
  const list = body?.[member];
  return Array.isArray(list) ? list.filter((item) => typeof item === 'object' && item !== null) : [];
}

/** The path without the id in it. */
function describePath(path) {
  return path.replace(NOBODY, 'unknown');
}

/** The many items of a page differ in the same way. */
function unique(differences) {
  return [...new Map(differences.map((difference) => [JSON.stringify(difference), difference])).values()];
}
