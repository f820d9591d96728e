import { createHash } from 'node:crypto';

/** A UUID v4 to look at, always the same for the same name: sample data keep their ids over restarts. */
export function namedUuid(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export function userIdOf(principal: string): string {
  return namedUuid(`user/${principal}`);
}

export function tokenAri(tokenId: string): string {
  return `ari:iam:::token/${tokenId}`;
}

export function ownerAriOf(principal: string): string {
  return `ari:iam:::user/${userIdOf(principal)}`;
}
