import { useState } from 'react';
import { isInvalidCursor, toFailure } from '../failure.ts';
import { Notice } from './Notice.tsx';
import type { Token } from './TokenDetails.tsx';

type Policy = NonNullable<NonNullable<Token['projects']>['edges'][number]['policy']>;

interface ProjectsProps {
  readonly token: Token;
  readonly error: unknown;
  /** Adds the page after this cursor. */
  readonly onMore: (after: string | null) => Promise<void>;
  readonly onRetry: () => void;
}

/** Where the token may act, and under which policy. */
export function Projects({ token: { projects }, error, onMore, onRetry }: ProjectsProps) {
  const [isLoading, setLoading] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  if (!projects) {
    return (
      <section>
        <h3>Projects</h3>
        <Notice failure={toFailure(error)} onRetry={onRetry} />
      </section>
    );
  }
  const { edges, pageInfo } = projects;
  const more = async () => {
    setLoading(true);
    setFailed(undefined);
    await onMore(pageInfo.endCursor ?? null).catch(setFailed);
    setLoading(false);
  };
  const startAgain = () => {
    setFailed(undefined);
    onRetry();
  };
  return (
    <section>
      <h3>
        Projects{' '}
        <span className="count">
          {edges.length}
          {pageInfo.hasNextPage && '+'}
        </span>
      </h3>
      {edges.length === 0 && <p className="empty">This token reaches no project.</p>}
      <ul className="projects">
        {edges.map(({ cursor, node, policy }) => (
          <li key={cursor}>
            <details>
              <summary>
                <span className="name">{node?.name ?? 'This project could not be read'}</span>
                {policy && <span className="tag">{policy.name ?? extentOf(policy)}</span>}
              </summary>
              {policy?.description && <p>{policy.description}</p>}
              {policy?.statements.map(({ effect, actions, resources }, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: statements may be equal, and are never reordered
                <dl key={index}>
                  <dt>{effect}</dt>
                  <dd className="code">{actions.join(', ')}</dd>
                  <dt>on</dt>
                  <dd className="code">{resources.join(', ')}</dd>
                </dl>
              ))}
            </details>
          </li>
        ))}
      </ul>
      {failed !== undefined && (
        <Notice failure={toFailure(failed)} onRetry={isInvalidCursor(failed) ? startAgain : more} />
      )}
      {pageInfo.hasNextPage && failed === undefined && (
        <button type="button" className="more" onClick={more} disabled={isLoading}>
          {isLoading ? 'Loading…' : 'Load more projects'}
        </button>
      )}
    </section>
  );
}

/** For policies without a name: how much they allow. An effect that is not known grants nothing. */
function extentOf({ statements }: Policy): string {
  const allowing = statements.filter(({ effect }) => effect === 'Allow');
  const actions = new Set(allowing.flatMap((statement) => statement.actions));
  if (actions.has('*')) return 'all actions';
  return actions.size === 1 ? '1 action' : `${actions.size} actions`;
}
