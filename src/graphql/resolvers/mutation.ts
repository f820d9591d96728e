import type { CreateTokenBody } from '../../upstream/models.ts';
import type { Context } from '../context.ts';
import type {
  CreateTokenInput,
  DeleteTokenPayload,
  MutationResolvers,
  UpdateTokenInput,
  UserError,
} from '../generated.ts';
import { readTokenChange } from './token-patch.ts';
import { orUserErrors, type TokenPayload, toUserErrors } from './user-errors.ts';
import {
  checkDescription,
  checkId,
  checkIdempotencyKey,
  checkName,
  checkPublicKeyInfo,
  toPublicKeyInfo,
} from './validate-input.ts';

const refused = (userErrors: UserError[]): TokenPayload => ({ token: null, userErrors });

export const Mutation = {
  createToken: async (_parent, { input }, context) => note(await createToken(input, context), context),
  updateToken: async (_parent, { input }, context) => note(await updateToken(input, context), context),
  deleteToken: async (_parent, { input: { id } }, context) => note(await deleteToken(id, context), context),
} satisfies Required<MutationResolvers>;

function note<Payload extends { userErrors: UserError[] }>(payload: Payload, { outcome }: Context): Payload {
  if (payload.userErrors.length > 0) outcome.hasUserErrors = true;
  return payload;
}

async function createToken(input: CreateTokenInput, context: Context): Promise<TokenPayload> {
  const { authenticationMethod: method, description, idempotencyKey, name } = input;
  const body: CreateTokenBody = {
    name,
    ...(description == null ? {} : { description }),
    authenticationMethod: {
      type: method.type ?? 'PRIVATE_KEY',
      signingAlgorithm: method.signingAlgorithm,
      publicKeyInfo: toPublicKeyInfo(method.publicKeyInfo),
    },
  };
  const problems = [
    ...checkName(name),
    ...checkDescription(description),
    ...checkPublicKeyInfo(body.authenticationMethod.publicKeyInfo, method.signingAlgorithm),
    ...checkIdempotencyKey(idempotencyKey),
  ];
  if (problems.length > 0) return refused(toUserErrors(problems));
  return orUserErrors(() => create(body, idempotencyKey, context), refused);
}

async function updateToken(input: UpdateTokenInput, context: Context): Promise<TokenPayload> {
  const problems = checkId(input.id);
  if (problems.length > 0) return refused(toUserErrors(problems));
  return orUserErrors(() => update(input, context), refused);
}

async function deleteToken(id: string, { loaders }: Context): Promise<DeleteTokenPayload> {
  const problems = checkId(id);
  if (problems.length > 0) return { deletedTokenId: null, userErrors: toUserErrors(problems) };
  return orUserErrors<DeleteTokenPayload>(
    async () => {
      await loaders.deleteToken(id);
      return { deletedTokenId: id, userErrors: [] };
    },
    (userErrors) => ({ deletedTokenId: null, userErrors }),
  );
}

async function create(
  body: CreateTokenBody,
  idempotencyKey: string | null | undefined,
  { caller, loaders, deadline, createOnce }: Context,
): Promise<TokenPayload> {
  if (idempotencyKey == null) return { token: await loaders.createToken(body), userErrors: [] };
  const outcome = await createOnce({
    principal: caller.principal,
    key: idempotencyKey,
    body,
    loaders,
    deadline,
  });
  return 'token' in outcome
    ? { token: outcome.token, userErrors: [] }
    : refused(toUserErrors([outcome.problem]));
}

async function update(input: UpdateTokenInput, { loaders }: Context): Promise<TokenPayload> {
  const change = await readTokenChange(input, () => loaders.freshToken(input.id));
  if ('problems' in change) return refused(toUserErrors(change.problems));
  return { token: await loaders.updateToken(input.id, change.body), userErrors: [] };
}
