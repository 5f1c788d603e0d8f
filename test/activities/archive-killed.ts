/** A process that archives a case and is killed at a point: `node archive-killed.ts DATABASE_URL DATA_DIR POINT HAZARD_ID`. */
import type { ArchiveSettings } from '../../activities/archive.ts';
import { createArchiveActivities, openArchive } from '../../activities/archive.ts';
import { openDatabase } from '../../prisma/client.ts';

const [url = '', dataDir = '', point = '', hazardId = ''] = process.argv.slice(2);
const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('dead');
};

const real = openArchive(dataDir);
let puts = 0;
const archive: ArchiveSettings = {
  store: {
    ...real.store,
    put: async (content) => {
      puts += 1;
      if (point === `before put ${puts}`) die();
      const sha256 = await real.store.put(content);
      return point === `after put ${puts}` ? die() : sha256;
    },
  },
  renderPdf: (paper) => (point === 'before document' ? die() : real.renderPdf!(paper)),
};
await createArchiveActivities({ database: openDatabase({ url, defaultScope: 'service' }), archive }).archiveCase({ hazardId, tenantId: 'ent-1', cycle: 1 });
