/** Takes the environment from this process, so that nothing that runs in it can read a setting or a secret there. */
export const clearEnvironment = (): void => {
  for (const name of Object.keys(process.env)) delete process.env[name];
};

/** What a process needs of this one's environment to run at all; settings are handed to it one by one. */
export const bareEnvironment = (): Record<string, string> =>
  Object.fromEntries(['PATH', 'HOME', 'TMPDIR'].flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
