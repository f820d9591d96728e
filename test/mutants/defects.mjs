import { readFileSync } from 'node:fs';
import { admission } from './defects/admission.mjs';
import { answers } from './defects/answers.mjs';
import { auth } from './defects/auth.mjs';
import { idempotency } from './defects/idempotency.mjs';
import { isolation } from './defects/isolation.mjs';
import { limits } from './defects/limits.mjs';
import { lists } from './defects/lists.mjs';
import { redaction } from './defects/redaction.mjs';
import { sharing } from './defects/sharing.mjs';
import { upstream } from './defects/upstream.mjs';

/** Mistakes that a careless engineer makes, by the promise that they break. */
export const areas = {
  'Calls to the API': upstream,
  'Answers, ids and keys': answers,
  'Sign-in and callers': auth,
  'Isolation of callers': isolation,
  'What is hidden': redaction,
  'Limits of an operation': limits,
  'Admission and fairness': admission,
  'Lists and batching': lists,
  'Creating once': idempotency,
  'Sharing and compiling': sharing,
};

const root = new URL('../../', import.meta.url);

/** A defect fits as long as the text it replaces is in its file exactly once. */
export function countPlaces({ file, find }) {
  return readFileSync(new URL(file, root), 'utf8').split(find).length - 1;
}
