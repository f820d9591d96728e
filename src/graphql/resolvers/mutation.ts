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
  const written = problems.length > 0 ? { problems } : await orProblems(write, hasId);
  if (!('problems' in written)) return { ...written, userErrors: [] };
  outcome.hasUserErrors = true;
  return { ...nothing, userErrors: written.problems.map(toUserError) };
}

/** Errors of IAM that the caller can resolve by another input become problems. All others are rethrown. */
async function orProblems<Result>(
  write: () => Promise<Outcome<Result>>,
  hasId: boolean,
): Promise<Outcome<Result>> {
  try {
    return await write();
  } catch (error) {
    const isStatus = error instanceof UpstreamError && error.kind === 'status';
    // A failed read before the write says nothing about the input, unless there is no such token.
    const isAboutInput = isStatus && (!error.isBeforeWrite || meaningOf(error) === 404);
    const problems = isAboutInput ? readProblems(error, hasId) : undefined;
    if (!problems) throw error;
    return { problems };
  }
}

/** A 400 is about the input (one problem per detail), a 404 about the `id` if the input has one, a 409 about the token. */
function readProblems(error: UpstreamError, hasId: boolean): Problem[] | undefined {
  const { details, traceId } = error;
  switch (meaningOf(error)) {
    case 400:
      if (details.length === 0)
        return [{ path: undefined, message: 'The IAM API rejected the input.', traceId }];
      return details.map(({ issue, field }) => ({ path: toPath(field), message: issue, traceId }));
    case 404:
      if (!hasId) return undefined;
      return [{ path: ['id'], code: 'NOT_FOUND', message: 'There is no token with this id.', traceId }];
    case 409: {
      const message = 'The IAM API rejected this because of the current state of the token.';
      return [{ path: undefined, code: 'CONFLICT', message, traceId }];
    }
    default:
      return undefined;
  }
}

/** For example `authenticationMethod.publicKeyInfo.jwks.keys[0].kty`. */
function toPath(field: string | undefined): string[] | undefined {
  return field?.split(/[.[\]]+/).filter((part) => part !== '');
}

function toUserError({ path, message, code = 'INVALID', traceId }: Problem): UserError {
  return { code, message, field: path ? ['input', ...path.map(String)] : null, traceId: traceId ?? null };
}
