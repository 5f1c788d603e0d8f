/** A seeded park whose cases live in virtual time: the time-skipping server, the real worker, a database of its own. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Database } from '../../prisma/client.ts';
import { createTestDatabase } from '../db.ts';
import { startTimeSkippingEnv } from '../engine.ts';
import { activitiesOf, seedPark, startWorker } from './park.ts';

export interface VirtualPark {
  env: TestWorkflowEnvironment;
  database: Database;
  /** Superuser URL of the database. */
  url: string;
  close(): Promise<void>;
}

/** `activities`: those of a park whose channels or files are the test's own. */
export const startVirtualPark = async (options: { activities?: (database: Database) => object } = {}): Promise<VirtualPark> => {
  const testDatabase = await createTestDatabase();
  const database = testDatabase.open();
  await seedPark(database);
  const env = await startTimeSkippingEnv();
  const stop = await startWorker(env.nativeConnection, (options.activities ?? activitiesOf)(database));
  return {
    env,
    database,
    url: testDatabase.url,
    close: async () => {
      await stop();
      await env.teardown();
      await testDatabase.drop();
    },
  };
};
