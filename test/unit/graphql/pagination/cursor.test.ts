import { describe, expect, it } from '@jest/globals';
import { decodeCursor, encodeCursor } from '../../../../src/graphql/pagination/cursor.ts';

const POSITION = {
  key: 'eyJwayI6InVzZXIi',
  offset: 7,
  id: 'b5df235d-e91a-415e-a946-f7a0a381e785',
  trail: '',
};
const CURSOR = encodeCursor('tokens', POSITION);

describe('A cursor', () => {
  it('brings back the position it was made of', () => {
    expect(decodeCursor('tokens', CURSOR)).toEqual(POSITION);
  });

  it('is the same text on every replica', () => {
    expect(encodeCursor('tokens', POSITION)).toBe(CURSOR);
  });

  it('of another list is not accepted', () => {
    expect(decodeCursor('projects:b5df235d', CURSOR)).toBeUndefined();
  });

  it('with any one character changed is not accepted', () => {
    const accepted = [...CURSOR].flatMap((character, index) => {
      const other = character === 'A' ? 'B' : 'A';
      const changed = CURSOR.slice(0, index) + other + CURSOR.slice(index + 1);
      return decodeCursor('tokens', changed) ? [changed] : [];
    });
    expect(accepted).toEqual([]);
  });

  it('cut anywhere is not accepted', () => {
    const accepted = [...Array(CURSOR.length).keys()].filter((length) =>
      decodeCursor('tokens', CURSOR.slice(0, length)),
    );
    expect(accepted).toEqual([]);
  });

  it.each([
    ['the empty text', ''],
    ['blanks', '   '],
    ['a line break', `${CURSOR}\r\n`],
    ['padding', `${CURSOR}=`],
    [
      'the same parts spelled otherwise',
      Buffer.from(`${Buffer.from(CURSOR, 'base64url')} `).toString('base64url'),
    ],
    ['an object', Buffer.from('{"a":1}').toString('base64url')],
    ['another version', Buffer.from('[2,"",  "",0,""]').toString('base64url')],
    ['a negative offset', encodeCursor('tokens', { key: '', offset: -1, id: '' })],
    ['a fractional offset', encodeCursor('tokens', { key: '', offset: 1.5, id: '' })],
    ['a huge offset', encodeCursor('tokens', { key: '', offset: 100_001, id: '' })],
    ['a key that is too long', encodeCursor('tokens', { key: 'k'.repeat(3001), offset: 0, id: '' })],
    ['a text that is too long', 'A'.repeat(4601)],
  ])('is not made of %s', (_title, text) => {
    expect(decodeCursor('tokens', text)).toBeUndefined();
  });
});
