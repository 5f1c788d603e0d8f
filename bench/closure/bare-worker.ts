/** Worker of the bare limit: node bench/closure/bare-worker.ts ENGINE */
import { join } from 'node:path';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address = ''] = process.argv.slice(2);
Runtime.install({ logger: new DefaultLogger('ERROR') });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }), taskQueue: 'bare', workflowsPath: join(import.meta.dirname, 'bare-workflow.ts'), activities: { nothing: async () => {} }, maxCachedWorkflows: 500,
});
process.on('SIGTERM', () => worker.shutdown());
console.log('ready');
await worker.run();
process.exit(0);
