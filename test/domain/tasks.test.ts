import { describe, expect, test } from '@jest/globals';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { TaskFacts } from '../../domain/tasks.ts';
import { checkComplete, isToldAtOnce, nextTaskRung, TASK_KINDS } from '../../domain/tasks.ts';

const task: TaskFacts = { taskId: 't', tenantId: 'ent-1', kind: 'other', ownerOrgId: 'ent-1', dueAt: 1_000, graceMs: 50, doneAt: null, doneBy: null, overdueAt: null, escalation: 0 };
const officer: Actor = { personId: 'p', role: 'enterprise_safety_officer', orgId: 'ent-1', orgKind: 'enterprise', orgIds: ['ent-1'] };
const done = { result: 'done', note: '', evidence: [] } as const;

describe('the ladder of a task', () => {
  test('begins at due + grace with the owner and goes up rung by rung, until it is done', () => {
    const { taskLadder: ladder } = DEFAULT_POLICY;
    expect(nextTaskRung(task, ladder)).toEqual({ rung: 1, at: 1_050, recipients: ['owner'] });
    expect(nextTaskRung({ ...task, escalation: 1 }, ladder)).toEqual({ rung: 2, at: 1_050 + 3_600_000, recipients: ['owner', 'emergency_office'] });
    expect(nextTaskRung({ ...task, escalation: ladder.length }, ladder)).toBeNull();
    expect(nextTaskRung({ ...task, doneAt: 5 }, ladder)).toBeNull();
  });
  test('a patrol and a notice that failed are not told when they are made, all others are', () => {
    expect(TASK_KINDS.filter((kind) => !isToldAtOnce(kind))).toEqual(['notice_undeliverable', 'patrol']);
  });
});

describe('who ends a task', () => {
  test('somebody of its owner, or the administration of the park; once', () => {
    expect(checkComplete(task, officer, done).ok).toBe(true);
    expect(checkComplete(task, { ...officer, role: 'park_admin', orgId: 'park', orgKind: 'park_department' }, done).ok).toBe(true);
    expect(checkComplete(task, { ...officer, orgId: 'ent-2' }, done)).toMatchObject({ refusal: { code: 'permission.denied' } });
    expect(checkComplete(task, { ...officer, role: 'inspector', orgId: 'park', orgKind: 'park_department' }, done)).toMatchObject({ refusal: { code: 'permission.denied' } });
    expect(checkComplete({ ...task, doneAt: 5 }, officer, done)).toMatchObject({ refusal: { code: 'task.done_already' } });
  });
  test('what was not done as asked needs words that can be seen', () => {
    expect(checkComplete(task, officer, { ...done, result: 'not_possible', note: '\u3000\u200b' })).toMatchObject({ refusal: { code: 'task.note_required', field: 'note' } });
    expect(checkComplete(task, officer, { ...done, result: 'not_needed', note: '已停用' }).ok).toBe(true);
  });
});
