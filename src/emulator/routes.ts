export const TOKEN_ENDPOINT_PATH = '/auth/oauth2/token';

const ROUTES = {
  createToken: 'POST /iam/v1/tokens',
  listToken: 'GET /iam/v1/tokens',
  getToken: 'GET /iam/v1/tokens/*',
  updateToken: 'PATCH /iam/v1/tokens/*',
  deleteToken: 'DELETE /iam/v1/tokens/*',
  listProjectsOfToken: 'GET /iam/v1/tokens/*/projects',
  createAccessToken: `POST ${TOKEN_ENDPOINT_PATH}`,
  createProjectScopedToken: 'POST /iam/v1/sts/create-project-scoped-token',
  whoami: 'GET /iam/v1/sts/whoami',
  getWellKnownJwks: 'GET /iam/.well-known/jwks.json',
  addPrincipalToProject: 'POST /iam/v1/projects/principals',
};

/** The vendor's operation ids; `createAccessToken` is ours, for the OAuth token endpoint. */
export type Operation = keyof typeof ROUTES;
export const operations = Object.keys(ROUTES) as readonly Operation[];

export interface Route {
  readonly operation: Operation;
  readonly tokenId?: string;
}

/** The path is taken as sent: `/v1/tokens/..` is the token `..`, which nobody has. */
export function findRoute(method: string, path: string): Route | undefined {
  const [, id, rest = ''] = /^\/iam\/v1\/tokens\/([^/]+)(\/projects)?$/.exec(path) ?? [];
  const route = `${method} ${id === undefined ? path : `/iam/v1/tokens/*${rest}`}`;
  const operation = operations.find((each) => ROUTES[each] === route);
  if (operation === undefined) return undefined;
  if (id === undefined) return { operation };
  try {
    return { operation, tokenId: decodeURIComponent(id) };
  } catch {
    return undefined;
  }
}
