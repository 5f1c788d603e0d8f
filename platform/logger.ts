import { pino } from 'pino';
import type { Logger } from 'pino';

export type { Logger };

/** JSON lines on stdout. Secrets that could come near a log line are cut out. */
export const createLogger = (name: string, level: string): Logger =>
  pino({ name, level, redact: { paths: ['password', '*.password', 'token', '*.token', 'headers.cookie', 'headers.authorization'], censor: '[cut]' } });
