import { useMutation } from '@apollo/client/react';
import { useState } from 'react';
import { useAllProjects } from '../all-projects.ts';
import { forgetToken } from '../cached-list.ts';
import { toFailure } from '../failure.ts';
import { DeleteTokenDocument, type DeleteTokenMutation } from '../gql/graphql.ts';
import { Dialog } from './Dialog.tsx';
import { DialogFooter, SureField } from './DialogFooter.tsx';
import { Notice } from './Notice.tsx';
import type { Token } from './TokenDetails.tsx';

/** How many of the projects are named one by one. */
const NAMED = 100;
const UNREADABLE = 'a project that could not be read';

interface DeleteDialogProps {
  readonly token: Token;
  readonly onClose: () => void;
  readonly onDeleted: (token: Token) => void;
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
      if (isGone(gone)) forgetToken(cache, token);
    },
  });
  const [problem] = data?.deleteToken?.userErrors ?? [];

  const send = async () => {
    try {
      const { data: deleted } = await remove({ variables: { input: { id: token.id } } });
      if (isGone(deleted)) onDeleted(token);
    } catch {
      // `error` has it, and the list has the token again.
    }
  };
  const failure = error && toFailure(error);
  // The request cannot be called back.
  const close = () => !loading && onClose();
  return (
    <Dialog
      title={
        <>
          Delete <bdi>{token.name}</bdi>?
        </>
      }
      onClose={close}
    >
      <LostProjects tokenId={token.id} />
      <SureField
        consequence="programs using this token lose access immediately"
        isSure={isSure}
        onChange={setSure}
      />
      <DialogFooter
        className="danger"
        disabled={!isSure || loading}
        onCancel={close}
        onConfirm={send}
        rejection={isGone(data) ? undefined : problem?.message}
        failure={failure}
        retryHint="It may have been deleted: trying again does no harm."
      >
        {failure ? 'Try again' : 'Delete token'}
      </DialogFooter>
    </Dialog>
  );
}

/** A token that was gone already is what was wanted. */
function isGone(data: DeleteTokenMutation | null | undefined): boolean {
  const { deletedTokenId, userErrors = [] } = data?.deleteToken ?? {};
  return Boolean(deletedTokenId) || userErrors[0]?.code === 'NOT_FOUND';
}

function LostProjects({ tokenId }: { tokenId: string }) {
  const { names, isLoading, isCut, error, retry } = useAllProjects(tokenId);
  if (error) return <Notice failure={toFailure(error)} onRetry={retry} />;
  const named = names.slice(0, NAMED);
  return (
    <>
      <p role="status">
        {isLoading ? (
          `Counting projects… ${names.length || ''}`
        ) : (
          <strong>{lossOf(names.length, isCut)}</strong>
        )}
      </p>
      {!isLoading && named.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and the keyboard must be able to
        <ul className="lost" tabIndex={0} aria-label="Projects that this token will lose access to">
          {named.map((name, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat, and the list is never reordered
            <li key={index}>{name ?? UNREADABLE}</li>
          ))}
          {names.length > NAMED && <li className="count">and {names.length - NAMED} more</li>}
        </ul>
      )}
    </>
  );
}

function lossOf(count: number, isCut: boolean): string {
  if (count === 0) return 'This token has no access to any project.';
  if (count === 1) return 'This token will lose access to 1 project:';
  return `This token will lose access to ${isCut ? 'more than ' : ''}${count} projects:`;
}
