/** Takes the environment from this process, so that nothing that runs in it can read a setting or a secret there. */
export const clearEnvironment = (): void => {
  for (const name of Object.keys(process.env)) delete process.env[name];
};
