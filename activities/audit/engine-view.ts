/** What the engine says of the cases: which workflows run, and what state a case's workflow is in. Changes nothing. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { HazardCase } from '../../domain/hazard-case.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import type { DUTY_TASK } from '../../workflows/duty-task/messages.ts';
import type { HAZARD_CLOSURE } from '../../workflows/hazard-closure/messages.ts';
import { hazardStateQuery } from '../../workflows/hazard-closure/messages.ts';
import { hazardClosureId } from '../../workflows/ids.ts';
import type { SECOND_SUPERVISION } from '../../workflows/second-supervision/messages.ts';

export interface EngineView {
  /** Ids of the running workflows, as the engine lists them: some seconds old. Asked once. */
  running(type: typeof HAZARD_CLOSURE | typeof SECOND_SUPERVISION | typeof DUTY_TASK): Promise<ReadonlySet<string>>;
  /** As of now. */
  isRunning(workflowId: string): Promise<boolean>;
  /** null: the workflow has not opened its case yet. Throws where it gives no answer. */
  caseState(hazardId: string): Promise<Pick<HazardCase, 'state' | 'seq'> | null>;
}

/** A workflow, and the engine itself, has `answerMs` for an answer. */
export const createEngineView = (client: Client, answerMs: number = SELF_AUDIT.engineAnswerMs): EngineView => {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  let reached: Promise<unknown> | undefined;
  const list = async (type: string): Promise<ReadonlySet<string>> => {
    // Asked once, so that an engine that is away is waited for once.
    reached ??= client.withDeadline(Date.now() + answerMs, () => client.workflowService.getSystemInfo({}));
    await reached;
    const ids = new Set<string>();
    for await (const { workflowId } of client.workflow.list({ query: `WorkflowType = '${type}' AND ExecutionStatus = 'Running'` })) ids.add(workflowId);
    return ids;
  };
  return {
    running: (type) => {
      const ids = known.get(type) ?? list(type);
      known.set(type, ids);
      return ids;
    },
    isRunning: async (workflowId) => {
      try {
        return (await client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw error;
      }
    },
    caseState: (hazardId) =>
      client.withDeadline(Date.now() + answerMs, () => client.workflow.getHandle(hazardClosureId(hazardId)).query(hazardStateQuery)),
  };
};
