import type { AuthenticationMethodDto, TokenDto, UpdateTokenBody } from '../../upstream/models.ts';
import type { UpdateTokenAuthenticationMethodInput, UpdateTokenInput } from '../generated.ts';
import type { Problem } from './user-errors.ts';
import { checkName, checkPublicKeyInfo, toPublicKeyInfo } from './validate-input.ts';

export type TokenChange = { readonly body: UpdateTokenBody } | { readonly problems: readonly Problem[] };

/** The PATCH body of an update. `readToken` is asked only when the body cannot be complete without it. */
export async function readTokenChange(
  { name, authenticationMethod }: UpdateTokenInput,
  readToken: () => Promise<TokenDto | null>,
): Promise<TokenChange> {
  const problems = [
    ...nulls({ name, authenticationMethod }),
    ...nulls(authenticationMethod ?? {}, 'authenticationMethod'),
    ...(name == null ? [] : checkName(name)),
  ];
  const change = isEmpty(authenticationMethod) ? undefined : authenticationMethod;
  if (problems.length === 0 && name == null && !change) problems.push(nothingToChange);
  if (problems.length > 0) return { problems };
  const named = name == null ? {} : { name };
  if (!change) return { body: named };
  const method = await completeMethod(change, readToken);
  return 'problems' in method ? method : { body: { ...named, authenticationMethod: method } };
}

const nothingToChange: Problem = {
  path: [],
  message: 'Nothing to change: pass `name` or `authenticationMethod`.',
};
const noSuchToken: Problem = { path: ['id'], message: 'There is no token with this id.', code: 'NOT_FOUND' };
const keysDoNotFit: Problem = {
  path: ['authenticationMethod', 'signingAlgorithm'],
  message:
    "The token's present keys do not fit this algorithm: pass `publicKeyInfo` with keys for it as well.",
};

/**
 * Whether the API merges or replaces a partial `authenticationMethod` is not known. So a partial one is completed from
 * the token as it is: what was left out then stays as it was under either reading.
 */
async function completeMethod(
  { publicKeyInfo, signingAlgorithm, type }: UpdateTokenAuthenticationMethodInput,
  readToken: () => Promise<TokenDto | null>,
): Promise<AuthenticationMethodDto | { problems: readonly Problem[] }> {
  const given = {
    ...(type ? { type } : {}),
    ...(signingAlgorithm ? { signingAlgorithm } : {}),
    ...(publicKeyInfo ? { publicKeyInfo: toPublicKeyInfo(publicKeyInfo) } : {}),
  };
  const current = isComplete(given) ? undefined : await readToken();
  if (current === null) return { problems: [noSuchToken] };
  const method = { ...current?.authenticationMethod, ...given } as AuthenticationMethodDto;
  const problems =
    publicKeyInfo || signingAlgorithm
      ? checkPublicKeyInfo(method.publicKeyInfo, method.signingAlgorithm)
      : [];
  if (problems.length === 0) return method;
  return { problems: publicKeyInfo ? problems : [keysDoNotFit] };
}

function isComplete(method: Partial<AuthenticationMethodDto>): method is AuthenticationMethodDto {
  return (
    method.type !== undefined && method.signingAlgorithm !== undefined && method.publicKeyInfo !== undefined
  );
}

/** Nothing here can be unset, so a null is a mistake that must not pass for "leave it". */
function nulls(input: object, ...path: string[]): Problem[] {
  return Object.entries(input)
    .filter(([, value]) => value === null)
    .map(([member]) => ({
      path: [...path, member],
      message: 'This cannot be unset. Leave it out to keep it as it is.',
    }));
}

function isEmpty(input: object | null | undefined): boolean {
  return Object.values(input ?? {}).every((value) => value === undefined);
}
