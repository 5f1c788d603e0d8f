/** Every file of the rules, workflows and activities has a test that mirrors it, or is named here with the test that covers it. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const FOLDERS = ['domain', 'workflows', 'activities'] as const;

/** Files without a test of their own, and what covers them. */
export const COVERED_ELSEWHERE: Record<string, string> = {
  'workflows/index.ts': 'test/workflows',
  'workflows/ids.ts': 'test/workflows',
  'workflows/refusal.ts': 'test/workflows',
  'activities/index.ts': 'test/workflows',
  'activities/deps.ts': 'test/workflows',
  // Every refusal is the outcome of a rule and is tested with it.
  'domain/errors.ts': 'test/domain',
  'domain/criteria-packs.ts': 'test/domain/criteria.test.ts',
  'domain/hazard-case.ts': 'test/domain/hazard.test.ts',
  'domain/hazard-moves.ts': 'test/domain/hazard.test.ts',
  'domain/merge.ts': 'test/domain/policy.test.ts',
  'domain/flows.ts': 'test/flows/runtime.test.ts',
  'domain/notices.ts': 'test/templates/render.test.ts',
  // A child of the case, whose clock it shares.
  'workflows/second-supervision/workflow.ts': 'test/workflows/hazard-closure.test.ts',
  'workflows/second-supervision/messages.ts': 'test/workflows/hazard-closure.test.ts',
  'activities/inspections.ts': 'test/workflows/inspection-expiry.test.ts',
  'activities/alarms.ts': 'test/workflows/alarm-handling.test.ts',
  'activities/tasks.ts': 'test/workflows/duty-task.test.ts',
  'activities/undeliverable.ts': 'test/activities/deliver-sms.test.ts',
  // Each invariant has a test of its own there.
  'activities/audit/access.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/check.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/deadlines.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/duties.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/evidence.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/files.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/notices.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/record.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/registry.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/run.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/sensors.ts': 'test/activities/audit/invariants.test.ts',
  'activities/audit/engine-view.ts': 'test/activities/audit/engine.test.ts',
  'activities/audit/report.ts': 'test/activities/audit/engine.test.ts',
  'activities/self-audit.ts': 'test/activities/audit/engine.test.ts',
  'workflows/self-audit/workflow.ts': 'test/activities/audit/engine.test.ts',
  'workflows/self-audit/messages.ts': 'test/activities/audit/engine.test.ts',
};

const filesUnder = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => [])).filter((f) => f.isFile()).map((f) => join(f.parentPath, f.name));

/** workflows/hazard-closure/workflow.ts → hazard-closure; domain/hazard.ts → hazard */
const stemOf = (file: string): string => (['workflow.ts', 'messages.ts'].includes(basename(file)) ? basename(dirname(file)) : basename(file, '.ts'));

/** Files without a test, and entries of the list that no longer hold; each in one line. */
export const mirrorProblems = async (root: string): Promise<string[]> => {
  const relative = (path: string) => path.slice(root.length + 1);
  const tests = (await filesUnder(join(root, 'test'))).filter((f) => f.endsWith('.test.ts')).map(relative);
  const problems: string[] = [];
  const sources = new Set<string>();
  for (const folder of FOLDERS) {
    for (const path of await filesUnder(join(root, folder))) {
      const file = relative(path);
      if (!file.endsWith('.ts')) continue;
      sources.add(file);
      const stem = stemOf(file);
      const own = tests.some((test) => test.startsWith(`test/${folder}/`) && (basename(test) === `${stem}.test.ts` || basename(test).startsWith(`${stem}-`) || basename(test).startsWith(`${stem}.`) || test.split('/').includes(stem)));
      if (!own && !(file in COVERED_ELSEWHERE)) problems.push(`${file} has no test: add test/${folder}/${stem}.test.ts, or name what covers it in test/checks/mirrored.ts`);
    }
  }
  for (const [file, cover] of Object.entries(COVERED_ELSEWHERE)) {
    if (!sources.has(file)) problems.push(`${file} is named in test/checks/mirrored.ts but is not there`);
    else if (!tests.some((test) => test === cover || test.startsWith(`${cover}/`))) problems.push(`${file} should be covered by ${cover}, where there is no test`);
  }
  return problems;
};
