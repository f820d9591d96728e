export const TOKEN_ENDPOINT_PATH = '/auth/oauth2/token';

const ROUTES = {
  'POST /iam/v1/tokens': 'createToken',
  'GET /iam/v1/tokens': 'listToken',
  'GET /iam/v1/tokens/*': 'getToken',
  'PATCH /iam/v1/tokens/*': 'updateToken',
  'DELETE /iam/v1/tokens/*': 'deleteToken',
  'GET /iam/v1/tokens/*/projects': 'listProjectsOfToken',
  [`POST ${TOKEN_ENDPOINT_PATH}` as const]: 'createAccessToken',
  'POST /iam/v1/sts/create-project-scoped-token': 'createProjectScopedToken',
  'GET /iam/v1/sts/whoami': 'whoami',
  'GET /iam/.well-known/jwks.json': 'getWellKnownJwks',
  'POST /iam/v1/projects/principals': 'addPrincipalToProject',
} as const;

/** The vendor's operation ids; `createAccessToken` is ours, for the OAuth token endpoint. */
export type Operation = (typeof ROUTES)[keyof typeof ROUTES];
export const operations: readonly Operation[] = Object.values(ROUTES);

export interface Route {
  readonly operation: Operation;
  readonly tokenId?: string;
}

/** The path is taken as sent: `/v1/tokens/..` is the token `..`, which nobody has. */
export function findRoute(method: string, path: string): Route | undefined {
  const [, id, rest] = /^\/iam\/v1\/tokens\/([^/]+)(\/projects)?$/.exec(path) ?? [];
  if (id === undefined) {
    const operation = operationAt(`${method} ${path}`);
    return operation === undefined ? undefined : { operation };
  }
  const operation = operationAt(`${method} /iam/v1/tokens/*${rest ?? ''}`);
  const tokenId = decode(id);
  return operation === undefined || tokenId === undefined ? undefined : { operation, tokenId };
}

function operationAt(route: string): Operation | undefined {
  return Object.hasOwn(ROUTES, route) ? ROUTES[route as keyof typeof ROUTES] : undefined;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
