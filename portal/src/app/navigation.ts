/** Places of the portal and the permission that shows them. */
import type { Action } from '../../../domain/permissions.ts';

export type PlaceName = 'overview' | 'triage' | 'hazards' | 'report' | 'tasks' | 'notices' | 'figures' | 'ratings' | 'flows' | 'admin';
export interface Place {
  name: PlaceName;
  path: string;
  action: Action;
}

const PLACES: readonly Place[] = [
  { name: 'overview', path: '/overview', action: 'map.read' },
  { name: 'triage', path: '/triage', action: 'hazard.triage' },
  { name: 'hazards', path: '/hazards', action: 'hazard.read' },
  { name: 'report', path: '/report', action: 'hazard.report' },
  { name: 'tasks', path: '/tasks', action: 'task.read' },
  { name: 'notices', path: '/notices', action: 'notice.read' },
  { name: 'figures', path: '/figures', action: 'figures.read' },
  { name: 'ratings', path: '/ratings', action: 'rating.read' },
  { name: 'flows', path: '/flows', action: 'flow.read' },
  { name: 'admin', path: '/admin', action: 'calendar.read' },
];

export const placesOf = (permissions: readonly Action[]): Place[] => PLACES.filter((p) => permissions.includes(p.action));
/** The first page of whoever signs in. */
export const homeOf = (permissions: readonly Action[]): string => placesOf(permissions)[0]?.path ?? '/password';
