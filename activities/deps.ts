/** What activities reach the world through. Built once per worker process. */
import type { Database } from '../prisma/client.ts';
import type { ArchiveSettings } from './archive.ts';
import type { NoticeSettings } from './notices.ts';

export interface ActivityDeps {
  /** Opened with defaultScope 'service'. */
  database: Database;
  notices: NoticeSettings;
  archive: ArchiveSettings;
}
