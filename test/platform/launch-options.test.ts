import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ConfigError } from '../../platform/config.ts';
import { HELP, optionOf, parseOptions, PORT_NAMES } from '../../platform/launch/options.ts';

describe('options of npm start', () => {
  it('win over variables, which win over defaults', () => {
    const { config, env } = parseOptions(['--api-port', '9001'], { API_PORT: '9002', FLOWS_PORT: '9003' });
    expect([config.API_PORT, config.FLOWS_PORT, config.WORKER_PORT]).toEqual([9001, 9003, 8083]);
    expect([env.API_PORT, env.FLOWS_PORT, env.WORKER_PORT]).toEqual(['9001', '9003', '8083']);
  });

  it('move every port that is not given', () => {
    const plain = parseOptions([], {}).config;
    const { config } = parseOptions(['--port-offset', '100', '--mqtt-port', '2000'], {});
    for (const name of PORT_NAMES) expect(config[name]).toBe(name === 'MQTT_PORT' ? 2000 : plain[name] + 100);
    expect(config.PORT_OFFSET).toBe(0);
  });

  it('make the data folder absolute', () => {
    expect(parseOptions(['--data', 'x/y'], {}).config.DATA_DIR).toBe(resolve('x/y'));
  });

  it('switch simulator and demo', () => {
    expect(parseOptions(['--no-simulator', '--empty'], {}).config).toMatchObject({ SIMULATOR: false, EMPTY: true });
    expect(parseOptions([], {}).config).toMatchObject({ SIMULATOR: undefined, EMPTY: undefined });
  });

  it.each([
    [['--nonsense'], 'nonsense'],
    [['--api-port', 'many'], 'API_PORT'],
    [['--api-port', '9000', '--flows-port', '9000'], 'API_PORT and FLOWS_PORT are both 9000'],
    [['--port-offset', '-1'], 'port-offset'],
    [['--port-offset', '50000', '--api-port', '70000'], 'API_PORT'],
  ])('%j is refused', (argv, words) => {
    expect(() => parseOptions(argv, {})).toThrow(ConfigError);
    expect(() => parseOptions(argv, {})).toThrow(words);
  });

  it('are all in the help', () => {
    for (const name of PORT_NAMES) expect(HELP).toContain(`--${optionOf(name)} N`);
  });
});
