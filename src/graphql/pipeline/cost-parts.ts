import type { FieldCost } from '../field-costs.ts';

/** What selections cost on one object. On a page of a list, a part of them is repeated for each item. */
export interface Part {
  readonly fields: number;
  /** Calls to the IAM API. */
  readonly calls: number;
  readonly fieldsPerItem: number;
  readonly callsPerItem: number;
  /** Made once in a request, so the largest one counts. */
  readonly sharedCalls: number;
  readonly fetchesEmptyPage: boolean;
}

export const NOTHING: Part = {
  fields: 0,
  calls: 0,
  fieldsPerItem: 0,
  callsPerItem: 0,
  sharedCalls: 0,
  fetchesEmptyPage: false,
};

export function plus(one: Part, other: Part): Part {
  return {
    fields: one.fields + other.fields,
    calls: one.calls + other.calls,
    fieldsPerItem: one.fieldsPerItem + other.fieldsPerItem,
    callsPerItem: one.callsPerItem + other.callsPerItem,
    sharedCalls: Math.max(one.sharedCalls, other.sharedCalls),
    fetchesEmptyPage: one.fetchesEmptyPage || other.fetchesEmptyPage,
  };
}

/** A field with `below` selected on it. */
export function ofField({ calls = 0, fetchesEmptyPage = false }: FieldCost, below: Part): Part {
  return {
    ...NOTHING,
    fields: 1 + below.fields,
    calls: calls + below.calls,
    sharedCalls: below.sharedCalls,
    fetchesEmptyPage: fetchesEmptyPage || below.fetchesEmptyPage,
  };
}

/** A field that lists the items of the page on which it is selected. */
export function ofListOfPage(below: Part): Part {
  return { ...below, fields: 1, calls: 0, fieldsPerItem: below.fields, callsPerItem: below.calls };
}

/** A field that is a page of so many items. */
export function ofPage({ calls = 0 }: FieldCost, below: Part, items: number): Part {
  const own = items > 0 || below.fetchesEmptyPage ? calls : 0;
  return {
    ...NOTHING,
    fields: 1 + below.fields + items * below.fieldsPerItem,
    calls: own + below.calls + items * below.callsPerItem,
    sharedCalls: below.sharedCalls,
  };
}

/** A field that makes a call for each of so many items. */
export function ofItems(below: Part, items: number): Part {
  return {
    ...NOTHING,
    fields: 1 + items * below.fields,
    calls: items * (1 + below.calls),
    sharedCalls: below.sharedCalls,
  };
}
