/** Updates to the workflow engine. A lost connection comes back by itself; until then calls end as EngineAway. */
import type { Connection } from '@temporalio/client';
import { Client, isGrpcServiceError, WorkflowNotFoundError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, ServiceError, WithStartWorkflowOperation } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { UpdateDefinition } from '@temporalio/common';
import type { Refusal, Result } from '../domain/errors.ts';
import { isRefusalCode, ok } from '../domain/errors.ts';

/** gRPC keeps trying, but by default pauses for up to two minutes. */
export const ENGINE_CHANNEL = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.min_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 1_000 };

/** How long an update may take before it is answered as "not known yet". */
const UPDATE_MS = 15_000;
const CHECK_MS = 2_000;

/** The outcome is not known: the engine or its worker is away. The same update can be sent again. */
export class EngineAway extends Error {
  override name = 'EngineAway';
}
/** There is no open workflow with this id: it never started, or it has ended. */
export class NoWorkflow extends Error {
  override name = 'NoWorkflow';
}

export interface StartAgain {
  workflow: string;
  taskQueue: string;
  input: object;
}

export interface Engine {
  /**
   * Sends an update and waits for its answer; `updateId` makes it the same update however often it is sent. Gives the
   * workflow's refusal; throws EngineAway or NoWorkflow. `start`: a workflow that has ended is started again with it.
   */
  update<Ret, Args extends [unknown]>(workflowId: string, update: UpdateDefinition<Ret, Args>, args: Args, updateId: string, start?: StartAgain): Promise<Result<Ret>>;
  /** Whether the engine answers. */
  check(): Promise<void>;
}

const refusalOf = (error: WorkflowUpdateFailedError): Refusal | null => {
  const failure = error.cause;
  if (!(failure instanceof ApplicationFailure) || !failure.type || !isRefusalCode(failure.type)) return null;
  const given = failure.details?.[0] as Refusal | undefined;
  return given?.code === failure.type ? given : { code: failure.type };
};

// gRPC status codes
const NOT_FOUND = 5;

export const createEngine = (connection: Connection, namespace: string, options: { updateMs?: number } = {}): Engine => {
  const client = new Client({ connection, namespace });
  return {
    update: async (workflowId, update, args, updateId, start) => {
      const send = () =>
        start
          ? client.workflow.executeUpdateWithStart(update, {
              args, updateId,
              startWorkflowOperation: new WithStartWorkflowOperation(start.workflow, { workflowId, taskQueue: start.taskQueue, args: [start.input], workflowIdConflictPolicy: 'USE_EXISTING' }),
            } as never)
          : client.workflow.getHandle(workflowId).executeUpdate(update, { args, updateId } as never);
      try {
        const value = await client.withDeadline(Date.now() + (options.updateMs ?? UPDATE_MS), send);
        return ok(value as never);
      } catch (error) {
        if (error instanceof WorkflowUpdateFailedError) {
          const refusal = refusalOf(error);
          if (refusal) return { ok: false, refusal };
          // The workflow ended before it got to this update.
          if (error.cause instanceof ApplicationFailure && /AcceptedUpdateCompletedWorkflow|WorkflowCompleted/.test(`${error.cause.type} ${error.cause.message}`)) throw new NoWorkflow(workflowId, { cause: error });
          throw error;
        }
        if (error instanceof WorkflowNotFoundError) throw new NoWorkflow(workflowId, { cause: error });
        if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw new EngineAway('the update is not answered yet', { cause: error });
        if (isGrpcServiceError(error)) {
          if (error.code === NOT_FOUND) throw new NoWorkflow(workflowId, { cause: error });
          throw new EngineAway('the engine cannot be reached', { cause: error });
        }
        if (error instanceof ServiceError) {
          if (isGrpcServiceError(error.cause) && error.cause.code === NOT_FOUND) throw new NoWorkflow(workflowId, { cause: error });
          throw new EngineAway('the engine cannot be reached', { cause: error });
        }
        throw error;
      }
    },
    check: async () => {
      await client.withDeadline(Date.now() + CHECK_MS, () => connection.workflowService.getSystemInfo({}));
    },
  };
};
