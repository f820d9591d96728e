import type { CreateTokenBody, TokenDto } from '../../upstream/generated.ts';
import { meaningOf, UpstreamError } from '../../upstream/upstream-error.ts';
import type { MutationResolvers, UserError } from '../generated.ts';
import type { Context } from '../pipeline/request.ts';
import {
  checkId,
  checkInputText,
  checkPublicKeyInfo,
  type Problem,
  readTokenChange,
  toPublicKeyInfo,
} from './token-input.ts';

export interface TokenPayload {
  readonly token: TokenDto | null;
  readonly userErrors: UserError[];
}

const NO_TOKEN: Pick<TokenPayload, 'token'> = { token: null };
const NOT_DELETED: { readonly deletedTokenId: string | null } = { deletedTokenId: null };

export const Mutation = {
  createToken(_parent, { input }, context) {
    const { authenticationMethod: method, description, idempotencyKey, name } = input;
    const publicKeyInfo = toPublicKeyInfo(method.publicKeyInfo);
    const { type = 'PRIVATE_KEY', signingAlgorithm } = method;
    const body: CreateTokenBody = {
      name,
      ...(description == null ? {} : { description }),
      authenticationMethod: { type, signingAlgorithm, publicKeyInfo },
    };
    const problems = [
      ...checkInputText('name', name, context),
      ...checkInputText('description', description, context),
      ...checkPublicKeyInfo(publicKeyInfo, signingAlgorithm, context),
      ...checkInputText('idempotencyKey', idempotencyKey, context),
    ];
    const { loaders, createOnce } = context;
    const create = async (): Promise<Outcome<typeof NO_TOKEN>> =>
      idempotencyKey == null ? { token: await loaders.createToken(body) } : createOnce(idempotencyKey, body);
    return toPayload(context, NO_TOKEN, problems, create, false);
  },

  updateToken: (_parent, { input }, context) =>
    toPayload(context, NO_TOKEN, checkId(input.id, context), async () => {
      const change = await readTokenChange(input, context);
      if ('problems' in change) return change;
      return { token: await context.loaders.updateToken(input.id, change.body) };
    }),

  deleteToken: (_parent, { input: { id } }, context) =>
    toPayload(context, NOT_DELETED, checkId(id, context), async () => {
      await context.loaders.deleteToken(id);
      return { deletedTokenId: id };
    }),
} satisfies Required<MutationResolvers>;

type Outcome<Result> = Result | { readonly problems: readonly Problem[] };

/** The payload of a write: its result, or `nothing` with the user errors. Nothing is written if there are `problems`. */
async function toPayload<Result extends object>(
  { outcome }: Context,
  nothing: Result,
  problems: readonly Problem[],
  write: () => Promise<Outcome<Result>>,
  hasId = true,
): Promise<Result & { readonly userErrors: UserError[] }> {
  const written: Outcome<Result> =
    problems.length > 0
      ? { problems }
      : await write().catch((error) => ({ problems: readProblems(error, hasId) }));
  if (!('problems' in written)) return { ...written, userErrors: [] };
  outcome.hasUserErrors = true;
  return { ...nothing, userErrors: written.problems.map(toUserError) };
}

/**
 * The problems of the input that made IAM reject it: one per detail of a 400; for a 404 the `id`, if the input has one; the
 * state of the token for a 409. Throws every other error again.
 */
function readProblems(error: unknown, hasId: boolean): readonly Problem[] {
  if (!(error instanceof UpstreamError) || error.kind !== 'status') throw error;
  const { details, traceId } = error;
  const status = meaningOf(error);
  if (status === 404 && hasId)
    return [{ path: ['id'], code: 'NOT_FOUND', message: 'There is no token with this id.', traceId }];
  // Any other failure of a read before the write says nothing about the input.
  if (!error.requestSent || (status !== 400 && status !== 409)) throw error;
  if (status === 409) return [{ path: undefined, code: 'CONFLICT', message: CONFLICT, traceId }];
  if (details.length === 0) return [{ path: undefined, message: 'The IAM API rejected the input.', traceId }];
  return details.map(({ issue, field }) => ({ path: toPath(field), message: issue, traceId }));
}

const CONFLICT = 'The IAM API rejected this because of the current state of the token.';

/** For example `authenticationMethod.publicKeyInfo.jwks.keys[0].kty`. */
function toPath(field: string | undefined): string[] | undefined {
  return field?.split(/[.[\]]+/).filter((part) => part !== '');
}

function toUserError({ path, message, code = 'INVALID', traceId }: Problem): UserError {
  return { code, message, field: path ? ['input', ...path.map(String)] : null, traceId: traceId ?? null };
}
