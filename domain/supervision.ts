/** 督办 (second supervision): levels, what raises them, who is told. */
import type { NoticeRecipient } from './notices.ts';

export type SupervisionLevel = 1 | 2 | 3;

/** overdue: not rectified in time; review_overdue: submitted in time, not reviewed in time; rejected: not good enough; supervision_breached: the level before ran out. */
export type SupervisionCause = 'overdue' | 'review_overdue' | 'rejected' | 'supervision_breached';

/** Overdue opens level 1; whoever is supervised already stays where they are. */
export const levelAfterOverdue = (current: 0 | SupervisionLevel): SupervisionLevel => (current === 0 ? 1 : current);

/** A rejection opens level 2, the `forLevel3`-th opens level 3 (C-024). */
export const levelAfterRejection = (rejections: number, forLevel3: number): SupervisionLevel => (rejections >= forLevel3 ? 3 : 2);

/** Recipients of a supervision notice. When the review is late, the park's own office is the one that is supervised. */
export const supervisionCopies = (level: SupervisionLevel, cause: SupervisionCause): { to: NoticeRecipient; isCopy: boolean }[] => {
  const addressed: NoticeRecipient = cause === 'review_overdue' ? 'emergency_office' : 'enterprise';
  const copies: NoticeRecipient[] = addressed === 'enterprise' ? ['emergency_office'] : ['enterprise'];
  if (level >= 2 || cause === 'review_overdue') copies.push('park_admin');
  return [{ to: addressed, isCopy: false }, ...copies.map((to) => ({ to, isCopy: true }))];
};
