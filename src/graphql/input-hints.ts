import { type GraphQLInputObjectType, type GraphQLInputType, getNullableType, isEnumType } from 'graphql';
import { editDistance } from '../config/edit-distance.ts';

/**
 * No name of an input is longer. A longer name from a client is neither compared nor repeated, because it may be a secret.
 */
const MAX_NAME = 24;
const MAX_LISTED = 8;

/** RFC 7518 section 6: the members that only a private or symmetric key has. */
export const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];
export const PRIVATE_KEY = 'holds a private key: send the public members only, and treat the key as exposed.';

/** Whether a message may repeat the name of a member that the schema does not have. */
export function isRepeatable(name: string): boolean {
  return name.length <= MAX_NAME && /^[_A-Za-z]\w*$/.test(name);
}

/** What is wrong with a member that the type does not define. */
export function notAMember(name: string, type: GraphQLInputObjectType): string {
  return `is not a member of ${type}.${didYouMean(
    findSimilar(name, Object.keys(type.getFields())).map((near) => `"${near}"`),
  )}`;
}

/** What is wrong with a value that does not fit the type. Repeats nothing of the value. */
export function notOfType(value: unknown, type: GraphQLInputType): string {
  const named = getNullableType(type);
  if (!isEnumType(named)) return `must be of type "${type}".`;
  const names = named.getValues().map(({ name }) => name);
  const near = typeof value === 'string' ? findSimilar(value, names) : [];
  if (near.length > 0) return `is not a value of ${named}.${didYouMean(near)}`;
  return `is not a value of ${named}${names.length <= MAX_LISTED ? `: use ${joinWithOr(names)}` : ''}.`;
}

function didYouMean(names: readonly string[]): string {
  return names.length > 0 ? ` Did you mean ${joinWithOr(names)}?` : '';
}

function joinWithOr(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** The names that the client probably meant: in another case, shortened, or with up to one typo per three letters. */
function findSimilar(sent: string, names: readonly string[]): readonly string[] {
  if (sent.length > MAX_NAME) return [];
  const name = toLetters(sent);
  const distances = names.flatMap((known) => {
    const letters = toLetters(known);
    const distance = editDistance(name, letters);
    const isNear = distance <= Math.floor(Math.max(name.length, letters.length) / 3);
    return isNear || (name.length >= 4 && letters.includes(name)) ? [{ known, distance }] : [];
  });
  const least = Math.min(...distances.map(({ distance }) => distance));
  return distances.filter(({ distance }) => distance === least).map(({ known }) => known);
}

function toLetters(name: string): string {
  return name.replace(/[_-]/g, '').toLowerCase();
}
