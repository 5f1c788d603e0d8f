/** Connections to the workflow engine from the settings. */
import { readFile } from 'node:fs/promises';
import type { TLSConfig } from '@temporalio/client';
import type { Config } from './config.ts';

export interface TemporalConnectionOptions {
  address: string;
  tls?: TLSConfig | true;
  apiKey?: string;
}

/** Options for `Connection.connect` and `NativeConnection.connect`; the embedded engine where no address is given. */
export const temporalConnectionOptions = async (config: Config): Promise<TemporalConnectionOptions> => {
  const address = config.TEMPORAL_ADDRESS ?? `127.0.0.1:${config.TEMPORAL_PORT}`;
  const options: TemporalConnectionOptions = { address };
  if (config.TEMPORAL_API_KEY) options.apiKey = config.TEMPORAL_API_KEY;
  if (config.TEMPORAL_TLS_CERT && config.TEMPORAL_TLS_KEY) {
    options.tls = { clientCertPair: { crt: await readFile(config.TEMPORAL_TLS_CERT), key: await readFile(config.TEMPORAL_TLS_KEY) } };
  } else if (config.TEMPORAL_TLS ?? config.TEMPORAL_API_KEY !== undefined) {
    options.tls = true;
  }
  return options;
};
