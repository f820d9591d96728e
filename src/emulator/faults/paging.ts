import type { PagingFault } from '../paging.ts';
import type { Fault, FaultTable } from './fault.ts';

/** Lists that are cut in ways which the API permits, or should not. Other operations answer as ever. */
export const pagingFaults: FaultTable = {
  'page-repeat': bent('repeat'),
  'page-empty': bent('empty'),
  'page-empty-always': bent('always-empty'),
  'page-short': bent('short'),
  'page-ignore': bent('ignore'),
};

function bent(pagingFault: PagingFault): Fault {
  return async ({ answer, send }) => send(await answer(pagingFault));
}
