import { useMutation } from '@apollo/client/react';
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { toFailure } from '../failure.ts';
import { UpdateTokenDocument } from '../gql/graphql.ts';
import { Notice } from './Notice.tsx';
import type { Token } from './TokenDetails.tsx';

interface RenameProps {
  readonly token: Token;
  readonly onChanged: (message: ReactNode) => void;
  /** The other actions of the token. */
  readonly children: ReactNode;
}

/** The name of a token with its actions. It is changed in place, and shown at once; when that fails it comes back. */
export function Rename({ token, onChanged, children }: RenameProps) {
  const [draft, setDraft] = useState<string>();
  const [rejection, setRejection] = useState<string>();
  const [update, { error, loading, reset }] = useMutation(UpdateTokenDocument);
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const isOpen = draft !== undefined;
  useEffect(() => {
    if (wasOpen.current && !isOpen) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  const close = () => {
    setDraft(undefined);
    setRejection(undefined);
    reset();
  };
  // The request cannot be called back.
  const cancel = () => !loading && close();
  const save = async (event?: FormEvent) => {
    event?.preventDefault();
    if (draft === undefined || loading) return;
    if (draft === token.name) return close();
    setRejection(undefined);
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
      if (problem) return setRejection(problem.message);
      onChanged(
        <>
          Renamed to <bdi>{draft}</bdi>
        </>,
      );
      close();
    } catch {
      // `error` has it, and the draft is still there.
    }
  };
  if (!isOpen) {
    return (
      <div className="title">
        <h2>{token.name}</h2>
        <div className="actions">
          <button ref={button} type="button" onClick={() => setDraft(token.name)}>
            Rename
          </button>
          {children}
        </div>
      </div>
    );
  }
  return (
    <>
      <form className="title" onSubmit={save}>
        <input
          aria-label="Name"
          aria-invalid={rejection !== undefined}
          value={draft}
          // biome-ignore lint/a11y/noAutofocus: its user has just asked for it
          autoFocus
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && cancel()}
        />
        <div className="actions">
          <button type="submit" className="primary">
            {loading ? 'Saving…' : 'Save'}
          </button>
          <button type="button" onClick={cancel}>
            Cancel
          </button>
        </div>
      </form>
      {rejection && (
        <p className="rejection" role="alert">
          {rejection}
        </p>
      )}
      {error && (
        <Notice
          failure={toFailure(error)}
          onRetry={() => void save()}
          retryHint="It may have been renamed: trying again does no harm."
        />
      )}
    </>
  );
}
