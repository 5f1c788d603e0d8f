/** Every route of the API, in the order of the description. */
import type { Route } from '../route.ts';
import { administrationRoutes } from './accounts.ts';
import { alarmRoutes } from './alarms.ts';
import { blobRoutes } from './blobs.ts';
import { calendarRoutes } from './calendar.ts';
import { eventRoutes } from './events.ts';
import { flowVersionRoutes } from './flow-versions.ts';
import { hazardRoutes } from './hazards.ts';
import { healthRoutes } from './health.ts';
import { noticeRoutes } from './notices.ts';
import { registryRoutes } from './registry.ts';
import { sessionRoutes } from './session.ts';

export const ROUTES: readonly Route[] = [
  ...sessionRoutes, ...hazardRoutes, ...blobRoutes, ...alarmRoutes, ...registryRoutes, ...noticeRoutes, ...eventRoutes, ...flowVersionRoutes, ...calendarRoutes, ...administrationRoutes, ...healthRoutes,
];
