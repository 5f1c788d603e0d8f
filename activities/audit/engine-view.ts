/** What the engine says of the cases: which workflows run, and what state a case's workflow is in. Changes nothing. */
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { HazardCase } from '../../domain/hazard-case.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import { HAZARD_CLOSURE, hazardStateQuery } from '../../workflows/hazard-closure/messages.ts';
import { hazardClosureId } from '../../workflows/ids.ts';
import { SECOND_SUPERVISION } from '../../workflows/second-supervision/messages.ts';

export interface EngineView {
  /** Ids of the running workflows, as the engine lists them: some seconds old. Asked once. */
  running(type: typeof HAZARD_CLOSURE | typeof SECOND_SUPERVISION): Promise<ReadonlySet<string>>;
  /** As of now. */
  isRunning(workflowId: string): Promise<boolean>;
  /** null: the workflow has not opened its case yet. Throws where it gives no answer. */
  caseState(hazardId: string): Promise<Pick<HazardCase, 'state' | 'seq'> | null>;
}

export const createEngineView = (client: Client): EngineView => {
  const known = new Map<string, Promise<ReadonlySet<string>>>();
  const list = async (type: string): Promise<ReadonlySet<string>> => {
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
      client.withDeadline(Date.now() + SELF_AUDIT.engineAnswerMs, () => client.workflow.getHandle(hazardClosureId(hazardId)).query(hazardStateQuery)),
  };
};
