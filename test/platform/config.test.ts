import { describe, expect, it } from '@jest/globals';
import { ConfigError, parseConfig, SETTINGS } from '../../platform/config.ts';

const refusal = (env: Record<string, string>): string => {
  try {
    parseConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message;
  }
  throw new Error('was accepted');
};

describe('settings', () => {
  it('have defaults for everything that is embedded', () => {
    expect(parseConfig({})).toMatchObject({ API_PORT: 8080, DATA_DIR: 'data', LOG_LEVEL: 'info', DATABASE_URL: undefined });
  });

  it('are told all at once by name, what they are and an example', () => {
    const message = refusal({ API_PORT: '70000', TEMPORAL_ADDRESS: 'http://engine:7233', LOG_LEVEL: 'loud' });
    for (const name of ['API_PORT', 'TEMPORAL_ADDRESS', 'LOG_LEVEL'] as const) expect(message).toContain(`${name}: ${SETTINGS[name].what}. Example: ${name}=${SETTINGS[name].example}`);
    expect(message).not.toContain('DATA_DIR');
  });

  it('never repeat a secret', () => {
    expect(refusal({ INTERNAL_TOKEN: 'short-secret', DATABASE_URL: 'mysql://u:hunter2@db/x' })).not.toMatch(/short-secret|hunter2/);
  });

  it('take an empty variable as not given', () => {
    expect(parseConfig({ SMTP_URL: '', API_PORT: '' })).toMatchObject({ SMTP_URL: undefined, API_PORT: 8080 });
  });
});
