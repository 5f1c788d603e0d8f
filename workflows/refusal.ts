import { ApplicationFailure } from '@temporalio/workflow';
import type { Refusal, Result } from '../domain/errors.ts';

/** A refusal as the sender of an update gets it: type = code, details[0] = Refusal. Any other error would stall the workflow instead. */
export const refusalFailure = (refusal: Refusal): ApplicationFailure =>
  ApplicationFailure.nonRetryable(refusal.code, refusal.code, refusal);

export const accepted = <T>(result: Result<T>): T => {
  if (!result.ok) throw refusalFailure(result.refusal);
  return result.value;
};
