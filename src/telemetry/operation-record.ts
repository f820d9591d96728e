/**
 * What the log, the metrics and the traces say about one operation. It holds no document and no variables: the name and
 * the hash tell operations apart, and literals hold secrets.
 */
export interface OperationRecord {
  operation: string | undefined;
  kind: string | undefined;
  /** The first 16 digits of the SHA-256 of the document's text. */
  document: string | undefined;
  /** True when the document is not one of the trusted documents. */
  untrusted: boolean | undefined;
  /** The code of the first error; else `USER_ERROR` where a mutation has user errors, or `OK`. */
  code: string | undefined;
  /** Attempts of calls to the IAM API that this operation caused. */
  upstreamCalls: number;
  /** True when the operation was coalesced: another request executed it. */
  coalesced: boolean | undefined;
}

/** Has all members from the start, so that all records have one hidden class: each request makes one. */
export function createOperationRecord(): OperationRecord {
  return {
    operation: undefined,
    kind: undefined,
    document: undefined,
    untrusted: undefined,
    code: undefined,
    upstreamCalls: 0,
    coalesced: undefined,
  };
}
