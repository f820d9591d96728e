import { useQuery } from '@apollo/client/react';
import { type ReactNode, useState } from 'react';
import { readProjects } from '../all-projects.ts';
import { isInvalidInput, toFailure } from '../failure.ts';
import { TokenDocument, type TokenQuery } from '../gql/graphql.ts';
import { useTitle } from '../title.ts';
import { keysOf } from '../token-keys.ts';
import { Copyable } from './Copy.tsx';
import { DeleteDialog } from './DeleteDialog.tsx';
import { Notice } from './Notice.tsx';
import { Projects } from './Projects.tsx';
import { PublicKeys } from './PublicKeys.tsx';
import { RemoveKeyDialog } from './RemoveKeyDialog.tsx';
import { Rename } from './Rename.tsx';
import { RotateDialog } from './RotateDialog.tsx';
import { Skeleton } from './Skeleton.tsx';

export type Token = NonNullable<TokenQuery['token']>;
/** How many projects a page has. */
const PROJECTS = 20;

/** What the token was when its dialog was opened: nothing that happens to the page may take the dialog away. */
type OpenDialog = { readonly token: Token } & (
  | { readonly kind: 'rotate' | 'delete' }
  | { readonly kind: 'remove-key'; readonly kid: string }
);

interface TokenDetailsProps {
  readonly id: string;
  readonly onBack: () => void;
  readonly onChanged: (message: ReactNode) => void;
  readonly onDeleted: (token: Token) => void;
}

/** One token: its name, its keys, and the projects it reaches. */
export function TokenDetails({ id, onBack, onChanged, onDeleted }: TokenDetailsProps) {
  const [open, setOpen] = useState<OpenDialog>();
  const { client, data, error, loading, refetch } = useQuery(TokenDocument, {
    variables: { id, first: PROJECTS },
    errorPolicy: 'all',
    // The cache may be old, and has null for a token that could not be read.
    fetchPolicy: 'cache-and-network',
  });
  const token = data?.token;
  useTitle(token?.name ?? 'Token');
  const retry = () => void refetch().catch(() => {});
  /** `fetchMore` cannot do this: it drops a page with one unreadable project, or takes an outage for a deleted token. */
  const readMore = async (after: string | null) => {
    const variables = { id, first: PROJECTS, after };
    client.writeQuery({ query: TokenDocument, variables, data: await readProjects(client, variables) });
  };
  const close = () => setOpen(undefined);
  return (
    <article>
      <button type="button" className="back" onClick={onBack}>
        ← All tokens
      </button>
      {token ? (
        <>
          <Rename token={token} onChanged={onChanged}>
            <button type="button" onClick={() => setOpen({ kind: 'rotate', token })}>
              Rotate key
            </button>
            <button type="button" className="danger" onClick={() => setOpen({ kind: 'delete', token })}>
              Delete
            </button>
          </Rename>
          <Facts token={token} onRemoveKey={(kid) => setOpen({ kind: 'remove-key', token, kid })} />
          <Projects token={token} error={error} onMore={readMore} onRetry={retry} />
        </>
      ) : (
        <Missing error={error} isLoading={loading} onRetry={retry} />
      )}
      {open?.kind === 'rotate' && <RotateDialog token={open.token} onClose={close} onChanged={onChanged} />}
      {open?.kind === 'delete' && <DeleteDialog token={open.token} onClose={close} onDeleted={onDeleted} />}
      {open?.kind === 'remove-key' && (
        <RemoveKeyDialog token={open.token} kid={open.kid} onClose={close} onChanged={onChanged} />
      )}
    </article>
  );
}

function Facts({ token, onRemoveKey }: { token: Token; onRemoveKey: (kid: string) => void }) {
  const { keys } = keysOf(token);
  return (
    <dl>
      <dt>Id</dt>
      <dd>
        <Copyable value={token.id} what="id" />
      </dd>
      <dt>ARI</dt>
      <dd>
        <Copyable value={token.ari} what="ARI" />
      </dd>
      <dt>Owner</dt>
      <dd>
        <Copyable value={token.ownerAri} what="owner" />
      </dd>
      <dt>Scopes</dt>
      <dd>{token.scopes.join(', ') || 'none'}</dd>
      <dt>{keys?.length === 1 ? 'Public key' : 'Public keys'}</dt>
      <dd>
        <PublicKeys token={token} onRemove={onRemoveKey} />
      </dd>
    </dl>
  );
}

interface MissingProps {
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly onRetry: () => void;
}

function Missing({ error, isLoading, onRetry }: MissingProps) {
  if (error && !isInvalidInput(error)) return <Notice failure={toFailure(error)} onRetry={onRetry} />;
  if (isLoading) return <Skeleton />;
  return <p className="empty">There is no such token. It may have been deleted.</p>;
}
