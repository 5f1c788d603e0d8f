/** A relay that is killed right after a workflow was told and before the row is marked: node relay-that-dies.ts DATABASE_URL ENGINE */
import { Client, Connection } from '@temporalio/client';
import { createLogger } from '../../platform/logger.ts';
import { openDatabase } from '../../prisma/client.ts';
import { startRelay } from '../../worker/relay.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';

const [url = '', address = ''] = process.argv.slice(2);
const database = openDatabase({ url, defaultScope: 'service' });
const tell = createWorkflowReceiver(new Client({ connection: Connection.lazy({ address }) }), database);
startRelay(
  database,
  {
    workflow: async ({ payload }) => {
      await tell(payload);
      process.kill(process.pid, 'SIGKILL');
      await new Promise(() => {});
    },
    smtp: async () => {},
    urgent: async () => {},
    channel: async () => {},
    actuate: async () => {},
    notify: async () => {},
  },
  createLogger('test', 'fatal'),
  { delivered: () => {}, failed: () => {} },
);
