import { checkIdempotencyKey } from '../../tokens/idempotent-create.ts';
import type { CreateTokenBody } from '../../upstream/models.ts';
import type { Context } from '../context.ts';
import type { DeleteTokenPayload, MutationResolvers, UpdateTokenInput, UserError } from '../generated.ts';
import { readTokenChange } from './token-patch.ts';
import { orUserErrors, type TokenPayload, toUserErrors } from './user-errors.ts';
import {
  checkDescription,
  checkId,
  checkName,
  checkPublicKeyInfo,
  toPublicKeyInfo,
} from './validate-input.ts';

const refused = (userErrors: UserError[]): TokenPayload => ({ token: null, userErrors });

export const Mutation = {
  async createToken(_parent, { input }, context) {
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
  },

  async updateToken(_parent, { input }, context) {
    const problems = checkId(input.id);
    if (problems.length > 0) return refused(toUserErrors(problems));
    return orUserErrors(() => update(input, context), refused);
  },

  async deleteToken(_parent, { input: { id } }, { loaders }) {
    const problems = checkId(id);
    if (problems.length > 0) return { deletedTokenId: null, userErrors: toUserErrors(problems) };
    return orUserErrors<DeleteTokenPayload>(
      async () => {
        await loaders.deleteToken(id);
        return { deletedTokenId: id, userErrors: [] };
      },
      (userErrors) => ({ deletedTokenId: null, userErrors }),
    );
  },
} satisfies Required<MutationResolvers>;

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
