import { useMutation, useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { changeTokenList } from '../cached-list.ts';
import { toFailure } from '../failure.ts';
import { DeleteTokenDocument, TokenDocument } from '../gql/graphql.ts';
import { Dialog } from './Dialog.tsx';
import { Notice } from './Notice.tsx';
import type { Token } from './TokenDetails.tsx';

const PREVIEW = 100;

interface DeleteDialogProps {
  readonly token: Token;
  readonly onClose: () => void;
  readonly onDeleted: (name: string) => void;
}

/** Says what will be lost before it is. */
export function DeleteDialog({ token, onClose, onDeleted }: DeleteDialogProps) {
  const [isSure, setSure] = useState(false);
  const [remove, { data, error, loading }] = useMutation(DeleteTokenDocument, {
    optimisticResponse: {
      __typename: 'Mutation',
      deleteToken: { __typename: 'DeleteTokenPayload', deletedTokenId: token.id, userErrors: [] },
    },
    update(cache, { data: gone }) {
      if (!gone?.deleteToken?.deletedTokenId) return;
      const id = cache.identify(token);
      changeTokenList(cache, (edges) => edges.filter(({ node }) => node?.__ref !== id));
    },
  });
  const [problem] = data?.deleteToken?.userErrors ?? [];
  // Already gone is what was wanted.
  const isRefused = problem !== undefined && problem.code !== 'NOT_FOUND';

  const send = async () => {
    try {
      const answer = await remove({ variables: { input: { id: token.id } } });
      const [refusal] = answer.data?.deleteToken?.userErrors ?? [];
      if (!refusal || refusal.code === 'NOT_FOUND') onDeleted(token.name);
    } catch {
      // `error` has it, and the list has the token again.
    }
  };
  return (
    <Dialog title={`Delete ${token.name}?`} onClose={onClose}>
      <Preview token={token} />
      <label className="check">
        <input type="checkbox" checked={isSure} onChange={(event) => setSure(event.target.checked)} />
        Programs that use this token may lose their access now
      </label>
      {isRefused && (
        <p className="refusal" role="alert">
          {problem.message}
        </p>
      )}
      {error && (
        <Notice failure={toFailure(error)} retryHint="It may have been deleted: trying again does no harm." />
      )}
      <div className="actions">
        <button type="button" className="danger" disabled={!isSure || loading} onClick={send}>
          {error ? 'Try again' : 'Delete token'}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}

function Preview({ token }: { token: Token }) {
  // Read anew: what is on the page may be old, and not all of it.
  const { data, error } = useQuery(TokenDocument, {
    variables: { id: token.id, first: PREVIEW },
    fetchPolicy: 'no-cache',
  });
  const projects = data?.token?.projects;
  if (error) return <Notice failure={toFailure(error)} />;
  if (!projects) return <p>Looking which projects lose access…</p>;
  const names = projects.edges.map(({ node }) => node?.name ?? 'a project that could not be read');
  if (names.length === 0) return <p>It reaches no project.</p>;
  const count = projects.pageInfo.hasNextPage ? `More than ${names.length}` : names.length;
  return (
    <>
      <p>
        <strong>
          {count} {names.length === 1 ? 'project loses' : 'projects lose'} access:
        </strong>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must be able to */}
      <ul className="lost" tabIndex={0} aria-label="Projects that lose access">
        {projects.edges.map(({ cursor, node }) => (
          <li key={cursor}>{node?.name ?? 'a project that could not be read'}</li>
        ))}
      </ul>
    </>
  );
}
