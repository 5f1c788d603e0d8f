/** Places of the portal and the permission that shows them. */
import type { Action } from '../../../domain/permissions.ts';

export type PlaceName = 'overview' | 'triage' | 'hazards' | 'report' | 'notices' | 'flows' | 'ratings';
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
  { name: 'notices', path: '/notices', action: 'notice.read' },
  { name: 'flows', path: '/flows', action: 'flow.read' },
  { name: 'ratings', path: '/ratings', action: 'rating.read' },
];

export const placesOf = (permissions: readonly Action[]): Place[] => PLACES.filter((p) => permissions.includes(p.action));
/** The first page of whoever signs in. */
export const homeOf = (permissions: readonly Action[]): string => placesOf(permissions)[0]?.path ?? '/password';
