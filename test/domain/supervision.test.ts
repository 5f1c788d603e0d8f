import { describe, expect, it } from '@jest/globals';
import { levelAfterOverdue, levelAfterRejection, supervisionCopies } from '../../domain/supervision.ts';

describe('second supervision', () => {
  it('opens at level 1 when overdue, and never lowers a level that is there', () => {
    expect(([0, 1, 2, 3] as const).map(levelAfterOverdue)).toEqual([1, 1, 2, 3]);
  });

  it('goes to level 2 by a rejection and to level 3 by as many as the park says', () => {
    expect([1, 2, 3, 4].map((rejections) => levelAfterRejection(rejections, 3))).toEqual([2, 2, 3, 3]);
  });

  it('addresses one, copies the others, and tells the administration from level 2 on', () => {
    const who = (...args: Parameters<typeof supervisionCopies>) => supervisionCopies(...args).map((r) => `${r.isCopy ? 'copy ' : ''}${r.to}`);
    expect(who(1, 'overdue')).toEqual(['enterprise', 'copy emergency_office']);
    expect(who(2, 'rejected')).toEqual(['enterprise', 'copy emergency_office', 'copy park_admin']);
    expect(who(1, 'review_overdue')).toEqual(['emergency_office', 'copy enterprise', 'copy park_admin']);
  });
});
