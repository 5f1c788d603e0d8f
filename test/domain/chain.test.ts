import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { chainContent } from '../../domain/chain.ts';
import type { TransitionRecord } from '../../domain/hazard-case.ts';

const record: TransitionRecord = {
  seq: 2, cycle: 1, command: 'triage', commandId: 'u-1', from: 'reported', to: 'triaged', actorId: 'p-1', actorOrgId: 'o-1', actorRole: 'inspector',
  serverAt: 1_790_000_000_000, clientAt: 1_790_000_000_001, clockSkew: false, reason: '阀门渗漏', payload: { grade: 'general', n: [1, 2] },
};

describe('chainContent', () => {
  test('is fixed: what was hashed once can be checked for ever', () => {
    const content = chainContent('hz-1', record, 'ab'.repeat(32));
    expect(content).toBe(
      `{"actorId":"p-1","actorOrgId":"o-1","actorRole":"inspector","clientAt":1790000000001,"clockSkew":false,"command":"triage","commandId":"u-1","cycle":1,"from":"reported","hazardId":"hz-1","payload":{"grade":"general","n":[1,2]},"prev":"${'ab'.repeat(32)}","reason":"阀门渗漏","seq":2,"serverAt":1790000000000,"to":"triaged","v":1}`,
    );
    expect(createHash('sha256').update(content, 'utf8').digest('hex')).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each<[keyof TransitionRecord, unknown]>([
    ['seq', 3], ['cycle', 2], ['command', 'dispatch'], ['commandId', 'u-2'], ['from', null], ['to', 'dispatched'], ['actorId', null], ['actorOrgId', 'o-2'], ['actorRole', 'park_admin'],
    ['serverAt', 1], ['clientAt', null], ['clockSkew', true], ['reason', '阀门渗漏 '], ['payload', { grade: 'major', n: [1, 2] }],
  ])('changes with %s', (field, value) => {
    expect(chainContent('hz-1', { ...record, [field]: value }, null)).not.toBe(chainContent('hz-1', record, null));
  });

  test('changes with the case and with the hash before', () => {
    expect(new Set([chainContent('hz-1', record, null), chainContent('hz-2', record, null), chainContent('hz-1', record, 'a')]).size).toBe(3);
  });
});
