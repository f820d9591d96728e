import { parseJson } from '../json.ts';
import { type Detail, Rejection, vendorError } from './reply.ts';

/**
 * How a fault changes the pages of a list. `repeat`: the key of the first page again and again. `empty`: every other page
 * is empty. `always-empty`: every page is empty and has another key. `short`: pages have a third of the limit. `ignore`: one
 * page has all items.
 */
export type PagingFault = 'repeat' | 'empty' | 'always-empty' | 'short' | 'ignore';

const MAX_LIMIT = 100;
const MAX_KEY_LENGTH = 3000;

interface Place {
  /** The list, with its principal or token: a key is valid for no other. */
  readonly list: string;
  /** The sequence of the last item of the previous page. The item itself may be deleted since. */
  readonly after: number;
  /** How many empty pages were returned at this place. Only paging faults return such pages. */
  readonly empty: number;
}

/**
 * Pages as DynamoDB cuts them: a key is present if and only if the limit cut the page, so a list of exactly
 * `limit` items has a key, and the page behind it is empty. Throws a rejection for a wrong limit or key.
 */
export function cutPage<Item extends { readonly sequence: number }>(
  items: readonly Item[],
  list: string,
  query: URLSearchParams,
  fault: PagingFault | undefined,
): { readonly items: readonly Item[]; readonly lastEvaluatedKey?: string } {
  if (fault === 'ignore') return { items };
  const { limit, place } = readQuery(query, list);
  if (fault === 'always-empty' || (fault === 'empty' && place.empty === 0))
    return { items: [], lastEvaluatedKey: toKey({ ...place, empty: place.empty + 1 }) };
  const size = fault === 'short' ? Math.ceil(limit / 3) : limit;
  const page = items.filter(({ sequence }) => sequence > place.after).slice(0, size);
  const after = page[size - 1]?.sequence;
  if (fault === 'repeat' && (place.after > 0 || after === undefined)) {
    // The key of the first page is right. Each later page returns the key that requested it.
    return { items: page, lastEvaluatedKey: toKey(place) };
  }
  if (after === undefined) return { items: page };
  return { items: page, lastEvaluatedKey: toKey({ list, after, empty: 0 }) };
}

function readQuery(query: URLSearchParams, list: string): { limit: number; place: Place } {
  const limit = query.get('limit') ?? String(MAX_LIMIT);
  const place = readPlace(query.get('exclusiveStartKey') ?? '', list);
  const details: Detail[] = [];
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_LIMIT) {
    const issue = `must be an integer from 1 to ${MAX_LIMIT}`;
    details.push({ issue, field: 'limit', value: limit, location: 'query' });
  }
  if (place === undefined)
    details.push({ issue: 'does not belong to this list', field: 'exclusiveStartKey', location: 'query' });
  const [first] = details;
  if (first || !place)
    throw new Rejection(vendorError('InvalidParameterError', { param: first?.field ?? '', details }));
  return { limit: Number(limit), place };
}

function toKey({ list, after, empty }: Place): string {
  return Buffer.from(JSON.stringify({ pk: list, sk: after, ...(empty > 0 ? { e: empty } : {}) })).toString(
    'base64url',
  );
}

/** Undefined for a key of another list, and for one that is no key. The vendor's own tests send an empty one for the first page. */
function readPlace(key: string, list: string): Place | undefined {
  if (key === '') return { list, after: 0, empty: 0 };
  if (key.length > MAX_KEY_LENGTH) return undefined;
  const { pk, sk, e = 0 } = Object(parseJson(Buffer.from(key, 'base64url').toString()));
  const isPlace = pk === list && Number.isInteger(sk) && Number.isInteger(e);
  return isPlace ? { list, after: sk, empty: e } : undefined;
}
