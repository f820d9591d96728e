import { useMutation, useQuery } from '@apollo/client/react';
import { type FormEvent, useState } from 'react';
import { toFailure } from '../failure.ts';
import { TokenDocument, type TokenQuery, UpdateTokenDocument } from '../gql/graphql.ts';
import { DeleteDialog } from './DeleteDialog.tsx';
import { Notice } from './Notice.tsx';
import { Projects } from './Projects.tsx';
import { RotateDialog } from './RotateDialog.tsx';
import { Skeleton } from './TokenList.tsx';

export type Token = NonNullable<TokenQuery['token']>;
export const PROJECTS = 20;

interface TokenDetailsProps {
  readonly id: string;
  readonly onBack: () => void;
  readonly onChanged: (message: string) => void;
  readonly onDeleted: (name: string) => void;
}

/** One token: its name, its keys, and the projects it reaches. */
export function TokenDetails({ id, onBack, onChanged, onDeleted }: TokenDetailsProps) {
  // The token as it was when the dialog was opened: what happens to the page must not take the dialog away.
  const [open, setOpen] = useState<{ readonly dialog: 'rotate' | 'delete'; readonly token: Token }>();
  const { data, error, fetchMore, refetch } = useQuery(TokenDocument, {
    variables: { id, first: PROJECTS },
    errorPolicy: 'all',
  });
  const token = data?.token;
  const retry = () => void refetch().catch(() => {});
  const close = () => setOpen(undefined);
  return (
    <article>
      <Back onBack={onBack} />
      {token ? (
        <Facts
          token={token}
          onChanged={onChanged}
          onRotate={() => setOpen({ dialog: 'rotate', token })}
          onDelete={() => setOpen({ dialog: 'delete', token })}
        />
      ) : (
        <Missing error={error} isLoading={!data} onRetry={retry} />
      )}
      {token && <Projects token={token} error={error} onMore={fetchMore} onRetry={retry} />}
      {open?.dialog === 'rotate' && <RotateDialog token={open.token} onClose={close} onChanged={onChanged} />}
      {open?.dialog === 'delete' && <DeleteDialog token={open.token} onClose={close} onDeleted={onDeleted} />}
    </article>
  );
}

interface MissingProps {
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly onRetry: () => void;
}

function Missing({ error, isLoading, onRetry }: MissingProps) {
  if (error) return <Notice failure={toFailure(error)} onRetry={onRetry} />;
  if (isLoading) return <Skeleton />;
  return <p className="empty">There is no such token. It may have been deleted.</p>;
}

interface FactsProps {
  readonly token: Token;
  readonly onChanged: (message: string) => void;
  readonly onRotate: () => void;
  readonly onDelete: () => void;
}

function Facts({ token, onChanged, onRotate, onDelete }: FactsProps) {
  return (
    <>
      <Rename token={token} onChanged={onChanged} />
      <dl>
        <dt>Id</dt>
        <dd className="code">{token.id}</dd>
        <dt>ARI</dt>
        <dd className="code">{token.ari}</dd>
        <dt>Owner</dt>
        <dd className="code">{token.ownerAri}</dd>
        <dt>Scopes</dt>
        <dd>{token.scopes.join(', ') || 'none'}</dd>
        <dt>Public key</dt>
        <dd>
          <PublicKey token={token} />
        </dd>
      </dl>
      <div className="actions">
        <button type="button" onClick={onRotate}>
          Rotate key
        </button>
        <button type="button" className="danger" onClick={onDelete}>
          Delete
        </button>
      </div>
    </>
  );
}

function Back({ onBack }: { onBack: () => void }) {
  return (
    <button type="button" className="back" onClick={onBack}>
      ← All tokens
    </button>
  );
}

function PublicKey({ token: { authenticationMethod } }: { token: Token }) {
  const { publicKeyInfo, signingAlgorithm } = authenticationMethod;
  if (publicKeyInfo.__typename === 'JsonWebKeySetLocation')
    return <span className="code">{publicKeyInfo.jwksUri}</span>;
  return (
    <ul className="keys">
      {publicKeyInfo.keys.map(({ kid, kty, crv, alg }) => (
        <li key={kid}>
          <span className="code">{kid}</span> <span className="tag">{alg || signingAlgorithm}</span>{' '}
          <span className="tag">{crv ?? kty}</span>
        </li>
      ))}
    </ul>
  );
}

/** The name is changed in place, and shown at once; when it is refused it comes back. */
function Rename({ token, onChanged }: { token: Token; onChanged: (message: string) => void }) {
  const [draft, setDraft] = useState<string>();
  const [refusal, setRefusal] = useState<string>();
  const [update, { error, reset }] = useMutation(UpdateTokenDocument);
  const cancel = () => {
    setDraft(undefined);
    setRefusal(undefined);
    reset();
  };
  const save = async (event?: FormEvent) => {
    event?.preventDefault();
    if (draft === undefined || draft === token.name) return cancel();
    const { projects: _, ...details } = token;
    try {
      const { data } = await update({
        variables: { input: { id: token.id, name: draft } },
        optimisticResponse: {
          __typename: 'Mutation',
          updateToken: {
            __typename: 'UpdateTokenPayload',
            token: { ...details, name: draft },
            userErrors: [],
          },
        },
      });
      const [problem] = data?.updateToken?.userErrors ?? [];
      if (problem) return setRefusal(problem.message);
      onChanged(`Renamed to ${draft}`);
      cancel();
    } catch {
      // `error` has it, and the draft is still there.
    }
  };
  if (draft === undefined) {
    return (
      <div className="title">
        <h2>{token.name}</h2>
        <button type="button" onClick={() => setDraft(token.name)}>
          Rename
        </button>
      </div>
    );
  }
  return (
    <>
      <form className="title" onSubmit={save}>
        <input
          aria-label="Name"
          aria-invalid={refusal !== undefined}
          value={draft}
          // biome-ignore lint/a11y/noAutofocus: its user has just asked for it
          autoFocus
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && cancel()}
        />
        <button type="submit" className="primary">
          Save
        </button>
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </form>
      {refusal && (
        <p className="refusal" role="alert">
          {refusal}
        </p>
      )}
      {error && <Notice failure={toFailure(error)} onRetry={() => void save()} />}
    </>
  );
}
