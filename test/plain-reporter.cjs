/** Leaves what test/run.ts and coverage:capabilities need: the counts, and the names of the tests that passed. */
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

module.exports = class PlainReporter {
  onRunComplete(_contexts, results) {
    const folder = join(__dirname, '.artifacts');
    mkdirSync(folder, { recursive: true });
    const passed = results.testResults.flatMap((file) => file.testResults.filter((t) => t.status === 'passed').map((t) => t.fullName));
    writeFileSync(join(folder, 'passed.json'), JSON.stringify(passed, null, 1));
    // A file that could not even be loaded counts as a failure.
    const broken = results.testResults.filter((file) => file.testExecError && file.numFailingTests === 0).length;
    writeFileSync(join(folder, 'summary.json'), JSON.stringify({ passed: results.numPassedTests, failed: results.numFailedTests + broken }));
  }
};
