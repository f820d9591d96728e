import type { TokenDto } from '../../upstream/models.ts';
import { type ErrorDetail, UpstreamError } from '../../upstream/upstream-error.ts';
import type { UserError, UserErrorCode } from '../generated.ts';

/** What createToken and updateToken answer. */
export interface TokenPayload {
  readonly token: TokenDto | null;
  readonly userErrors: UserError[];
}

/** Something wrong with one value of the input. `path` is below `input`. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly code?: UserErrorCode;
}

export function toUserErrors(problems: readonly Problem[]): UserError[] {
  return problems.map(({ path, message, code = 'INVALID' }) => ({
    code,
    message,
    field: toField(path),
    traceId: null,
  }));
}

/**
 * Runs a write and turns what the caller can put right into user errors: a 400 (one per detail), a 404 on the id, a
 * 409. Everything else goes on as it is.
 */
export async function orUserErrors<Payload>(
  write: () => Promise<Payload>,
  refused: (userErrors: UserError[]) => Payload,
): Promise<Payload> {
  try {
    return await write();
  } catch (error) {
    const isAboutInput = error instanceof UpstreamError && error.kind === 'status' && !error.isBeforeWrite;
    const userErrors = isAboutInput ? readUserErrors(error) : undefined;
    if (!userErrors) throw error;
    return refused(userErrors);
  }
}

function readUserErrors({ status, details, ...error }: UpstreamError): UserError[] | undefined {
  const traceId = error.traceId ?? null;
  if (status === 400) {
    if (details.length === 0)
      return [{ code: 'INVALID', message: 'The IAM API refused the input.', field: null, traceId }];
    return details.map(({ issue, field }) => ({
      code: 'INVALID',
      message: issue,
      field: toDetailField(field),
      traceId,
    }));
  }
  if (status === 404) {
    return [
      { code: 'NOT_FOUND', message: 'There is no token with this id.', field: ['input', 'id'], traceId },
    ];
  }
  if (status === 409) {
    return [
      {
        code: 'CONFLICT',
        message: 'The IAM API refused this because of the present state of the token.',
        field: null,
        traceId,
      },
    ];
  }
  return undefined;
}

/** `authenticationMethod.publicKeyInfo.jwks.keys[0].kty` below `input`. */
function toDetailField(field: ErrorDetail['field']): string[] | null {
  return field === undefined ? null : toField(field.split(/[.[\]]+/).filter((part) => part !== ''));
}

function toField(path: readonly (string | number)[]): string[] {
  return ['input', ...path.map(String)];
}
